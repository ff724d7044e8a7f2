//! Listings are complete, stable and linear.

#![allow(clippy::unwrap_used, reason = "a test that fails in a helper fails")]

mod common;

use common::free_tree;

/// Lists in pages; between pages `meddle` may change the folder.
fn paged(
    tree: &mut common::Tree,
    page: usize,
    mut meddle: impl FnMut(&mut common::Tree, &[String]),
) -> Vec<String> {
    let folder = tree.open_folder("d");
    let end = tree.vfs.listing_end(&folder).unwrap();
    let (mut all, mut cookie) = (Vec::new(), 0);
    loop {
        let entries: Vec<(String, u64)> = tree
            .vfs
            .list(&folder, cookie, end)
            .unwrap()
            .take(page)
            .map(|entry| (entry.name.to_owned(), entry.next))
            .collect();
        let Some((_, next)) = entries.last() else {
            break;
        };
        cookie = *next;
        let names: Vec<String> = entries.into_iter().map(|(name, _)| name).collect();
        meddle(tree, &names);
        all.extend(names);
    }
    tree.vfs.close_directory(folder);
    all
}

fn folder_of(count: usize) -> common::Tree {
    let mut tree = free_tree();
    tree.folder("d").unwrap();
    for n in 0..count {
        tree.write(&format!("d/{n:05}"), b"").unwrap();
    }
    tree
}

#[test]
fn every_entry_comes_once_in_the_order_in_which_they_were_made() {
    let mut tree = folder_of(20_000);
    let all = paged(&mut tree, 7, |_, _| {});
    assert_eq!(all.len(), 20_000);
    assert!(all.is_sorted());
}

#[test]
fn what_is_removed_while_listing_does_not_hide_the_rest() {
    let mut tree = folder_of(100);
    let all = paged(&mut tree, 3, |tree, names| {
        for name in names {
            tree.unlink(&format!("d/{name}")).unwrap();
        }
    });
    assert_eq!(all.len(), 100);
    assert_eq!(tree.remove("d"), Ok(()));
}

#[test]
fn renaming_what_is_listed_comes_to_an_end() {
    let mut tree = folder_of(100);
    let all = paged(&mut tree, 3, |tree, names| {
        for name in names {
            tree.rename(&format!("d/{name}"), &format!("d/{name}.bak"))
                .unwrap();
        }
    });
    assert_eq!(all.len(), 100);
    assert!(tree.names("d").iter().all(|name| name.ends_with(".bak")));
}

#[test]
fn a_cookie_that_never_was_lists_nothing() {
    let mut tree = folder_of(3);
    let folder = tree.open_folder("d");
    assert_eq!(tree.vfs.list(&folder, u64::MAX, 3).unwrap().count(), 0);
    assert_eq!(tree.vfs.list(&folder, 0, u64::MAX).unwrap().count(), 3);
    tree.vfs.close_directory(folder);
}

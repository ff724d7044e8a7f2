//! What the caller sees of a tree, and what it puts in.

#![allow(clippy::unwrap_used, reason = "a test that fails in a helper fails")]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use common::{READ, free_tree};
use veracruz_vfs::{Entry, Error, Opened, Storage};

#[test]
fn entries_are_all_there_is_folders_first_and_links_with_their_targets() {
    let mut tree = free_tree();
    tree.provide("/b/file", b"x");
    tree.folder("b/empty").unwrap();
    tree.symlink("../b", "b/link").unwrap();
    tree.write("a", b"yz").unwrap();
    let entries = tree.vfs.entries().map(|(path, entry)| {
        let said = match entry {
            Entry::File(file) => format!("{} bytes", file.size()),
            Entry::Folder => "folder".into(),
            Entry::Link(target) => format!("to {target}"),
        };
        format!("{path}: {said}")
    });
    assert_eq!(
        entries.collect::<Vec<_>>(),
        [
            "/a: 2 bytes",
            "/b: folder",
            "/b/empty: folder",
            "/b/file: 1 bytes",
            "/b/link: to ../b"
        ]
    );
    let files = tree.vfs.files().map(|(path, _)| path);
    assert_eq!(files.collect::<Vec<_>>(), ["/a", "/b/file"]);
}

#[test]
fn a_link_that_was_provided_leads_where_one_of_the_programs_own_would() {
    let mut tree = free_tree();
    tree.provide("/in/file", b"x");
    tree.vfs.provide_link("/in/near", "file").unwrap();
    tree.vfs.provide_link("/in/far", "../../etc").unwrap();
    tree.vfs.provide_link("/in/absolute", "/in/file").unwrap();
    assert_eq!(tree.vfs.used_bytes(), 4 + 9 + 8, "like any link");
    assert_eq!(
        tree.vfs.used_files(),
        0,
        "but its name is not the program's"
    );
    let status = tree.vfs.path_status(&tree.root, "in/near", true).unwrap();
    assert_eq!(status.size, 1);
    for outside in ["in/far", "in/absolute"] {
        assert_eq!(
            tree.vfs.path_status(&tree.root, outside, true),
            Err(Error::Escapes)
        );
    }
    assert_eq!(
        tree.vfs.provide_link("/in/near", "other"),
        Err(Error::Exists)
    );
}

/// Bytes that are made when somebody looks at them, and counts how often that is.
struct Fetched(AtomicUsize);

impl Storage for Fetched {
    fn as_slice(&self) -> &[u8] {
        self.0.fetch_add(1, Ordering::Relaxed);
        b"fetched"
    }

    fn size(&self) -> u64 {
        7
    }
}

#[test]
fn an_input_is_not_looked_at_before_somebody_reads_it() {
    let mut tree = free_tree();
    let input = Arc::new(Fetched(AtomicUsize::new(0)));
    let looks = || input.0.load(Ordering::Relaxed);
    let storage: Arc<dyn Storage> = Arc::<Fetched>::clone(&input);
    tree.vfs.provide("/input", storage).unwrap();
    assert_eq!(
        tree.vfs
            .path_status(&tree.root, "input", false)
            .unwrap()
            .size,
        7
    );
    assert!(tree.vfs.file("/input").unwrap().is_unchanged());
    tree.rename("input", "moved").unwrap();
    assert_eq!(looks(), 0);
    let Opened::File(file) = tree.vfs.open(&tree.root, "moved", READ).unwrap() else {
        unreachable!("a file")
    };
    assert_eq!(tree.vfs.read(&file, 0, &mut [0; 9]), Ok(7));
    assert!(looks() > 0);
}

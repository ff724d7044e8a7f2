//! A program adds no more than it may, in bytes and in names.

mod common;

use std::sync::Arc;

use common::{CREATE, free_tree, tree_with};
use veracruz_vfs::{EXTENT_BYTES, Error, Opened, Quotas, Rights};

const SMALL: Quotas = Quotas {
    bytes: 10,
    files: 3,
};
const BYTES: Error = Error::BytesExceeded { limit: 10 };
const FILES: Error = Error::FilesExceeded { limit: 3 };

#[test]
fn a_write_beyond_the_quota_changes_nothing() {
    let mut tree = tree_with(&[("/", Rights::READ_WRITE)], SMALL);
    tree.write("a", b"12345678").unwrap();
    assert_eq!(tree.write("b", b"123"), Err(BYTES));
    assert_eq!(tree.read("b").unwrap(), b"");
    assert_eq!(tree.write("a", b"overwrit"), Ok(()), "no growth");
    assert_eq!(tree.write("b", b"12"), Ok(()));
    assert_eq!(tree.vfs.used_bytes(), 10);
    tree.unlink("a").unwrap();
    assert_eq!(tree.vfs.used_bytes(), 2);
}

#[test]
fn the_first_quota_that_was_met_is_remembered() {
    let mut tree = tree_with(&[("/", Rights::READ_WRITE)], SMALL);
    tree.write("a", b"1").unwrap();
    assert_eq!(tree.vfs.quota_met(), None);
    assert_eq!(tree.write("a", b"12345678901"), Err(BYTES));
    tree.folder("b").unwrap();
    tree.folder("c").unwrap();
    assert_eq!(tree.folder("d"), Err(FILES));
    assert_eq!(tree.vfs.quota_met(), Some(BYTES));
}

#[test]
fn holes_and_link_targets_count() {
    let mut tree = tree_with(&[("/", Rights::READ_WRITE)], SMALL);
    let Opened::File(file) = tree.vfs.open(&tree.root, "a", CREATE).unwrap() else {
        panic!()
    };
    assert_eq!(tree.vfs.resize(&file, u64::MAX), Err(BYTES));
    assert_eq!(tree.vfs.write(&file, 10, b"x"), Err(BYTES));
    assert_eq!(tree.vfs.write(&file, u64::MAX, b"x"), Err(Error::TooLarge));
    assert_eq!(tree.vfs.resize(&file, 7), Ok(()));
    tree.vfs.close_file(file);
    assert_eq!(tree.symlink("1234", "l"), Err(BYTES));
    assert_eq!(tree.symlink("123", "l"), Ok(()));
    assert_eq!(tree.vfs.used_bytes(), 10);
}

#[test]
fn every_name_counts_hard_links_too() {
    let mut tree = tree_with(&[("/", Rights::READ_WRITE)], SMALL);
    tree.folder("d").unwrap();
    tree.write("d/a", b"").unwrap();
    tree.link("d/a", "d/b").unwrap();
    assert_eq!(tree.link("d/a", "d/c"), Err(FILES));
    assert_eq!(tree.folder("e"), Err(FILES));
    assert_eq!(tree.symlink("x", "e"), Err(FILES));
    assert_eq!(tree.write("e", b""), Err(FILES));
    assert_eq!(tree.rename("d/b", "d/c"), Ok(()), "renaming needs no more");
    tree.unlink("d/c").unwrap();
    assert_eq!(tree.folder("e"), Ok(()));
}

#[test]
fn inputs_do_not_count_but_the_extents_that_are_written_to_do() {
    let quotas = Quotas {
        bytes: EXTENT_BYTES,
        files: 0,
    };
    let mut tree = tree_with(&[("/", Rights::READ_WRITE)], quotas);
    let input = vec![1; usize::try_from(3 * EXTENT_BYTES).unwrap()];
    tree.vfs.provide("/in/data", Arc::new(input)).unwrap();
    assert_eq!((tree.vfs.used_bytes(), tree.vfs.used_files()), (0, 0));
    assert_eq!(tree.write("in/data", b"x"), Ok(()));
    assert_eq!(tree.vfs.used_bytes(), EXTENT_BYTES);
    let Opened::File(file) = tree.vfs.open(&tree.root, "in/data", CREATE).unwrap() else {
        panic!()
    };
    let exceeded = Error::BytesExceeded {
        limit: EXTENT_BYTES,
    };
    assert_eq!(tree.vfs.write(&file, EXTENT_BYTES, b"x"), Err(exceeded));
    tree.vfs.close_file(file);
}

#[test]
fn what_is_copied_for_an_append_to_an_input_counts_as_well() {
    // Found by fuzzing: an append charged its own bytes only, and took the extent's memory.
    let mut tree = free_tree();
    tree.vfs.provide("/input", Arc::new(vec![1; 100])).unwrap();
    let Opened::File(file) = tree.vfs.open(&tree.root, "input", CREATE).unwrap() else {
        panic!()
    };
    tree.vfs.write(&file, 100, b"more").unwrap();
    assert_eq!(tree.vfs.used_bytes(), 104);
    tree.vfs.resize(&file, 60).unwrap();
    assert_eq!(tree.vfs.used_bytes(), 60);
    tree.vfs.close_file(file);

    let quotas = Quotas {
        bytes: 103,
        files: 3,
    };
    let mut tree = tree_with(&[("/", Rights::READ_WRITE)], quotas);
    tree.vfs.provide("/input", Arc::new(vec![1; 100])).unwrap();
    let Opened::File(file) = tree.vfs.open(&tree.root, "input", CREATE).unwrap() else {
        panic!()
    };
    let refused = Err(Error::BytesExceeded { limit: 103 });
    assert_eq!(tree.vfs.write(&file, 100, b"more"), refused);
    tree.vfs.close_file(file);
}

#[test]
fn a_file_may_be_larger_than_4_gib() {
    let quotas = Quotas {
        bytes: 7 << 30,
        files: 1,
    };
    let mut tree = tree_with(&[("/", Rights::READ_WRITE)], quotas);
    let Opened::File(file) = tree.vfs.open(&tree.root, "big", CREATE).unwrap() else {
        panic!()
    };
    tree.vfs.write(&file, 6 << 30, b"end").unwrap();
    assert_eq!(tree.vfs.size(&file), Ok((6 << 30) + 3));
    tree.vfs.close_file(file);
    let big = tree.vfs.file("/big").unwrap();
    assert_eq!(
        big.chunks().map(|chunk| chunk.len() as u64).sum::<u64>(),
        big.size()
    );
}

#[test]
fn outputs_can_be_taken_out_again() {
    let mut tree = free_tree();
    tree.provide("/in/a", b"input");
    tree.folder("out").unwrap();
    tree.write("out/b", b"output").unwrap();
    tree.symlink("b", "out/link").unwrap();
    let files: Vec<_> = tree
        .vfs
        .files()
        .map(|(path, file)| {
            (
                path,
                file.chunks().collect::<Vec<_>>().concat(),
                file.is_unchanged(),
            )
        })
        .collect();
    assert_eq!(
        files,
        [
            ("/in/a".to_owned(), b"input".to_vec(), true),
            ("/out/b".to_owned(), b"output".to_vec(), false),
        ]
    );
    assert!(tree.vfs.file("/out/link").is_none());
    assert!(tree.vfs.file("/out").is_none());
    assert_eq!(
        tree.vfs.provide("/in/a", Arc::new(vec![])),
        Err(Error::Exists)
    );
    assert_eq!(
        tree.vfs.provide("/in/a/b", Arc::new(vec![])),
        Err(Error::NotDirectory)
    );
    assert_eq!(tree.vfs.provide("/", Arc::new(vec![])), Err(Error::Exists));
    assert_eq!(
        tree.vfs.provide("/in/../x", Arc::new(vec![])),
        Err(Error::Invalid)
    );
}

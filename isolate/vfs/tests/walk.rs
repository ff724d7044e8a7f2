//! A walk ends where it should, and never outside the folder that it starts in.

mod common;

use common::{CREATE, READ, free_tree};
use veracruz_vfs::{Error, MAX_LINKS, OpenOptions};

#[test]
fn dot_dot_cannot_leave_the_folder_that_the_walk_starts_in() {
    let mut tree = free_tree();
    tree.folder("a").unwrap();
    tree.folder("a/b").unwrap();
    tree.write("a/b/file", b"x").unwrap();
    tree.write("outside", b"x").unwrap();
    assert_eq!(tree.read("a/.//b/../../a/b/../b///./file").unwrap(), b"x");
    for path in [
        "..",
        "../outside",
        "a/../../outside",
        "a/b/../../..",
        "a/b/../../../a/b/file",
    ] {
        assert_eq!(tree.try_open(path, READ), Err(Error::Escapes), "{path}");
    }
    let a = tree.open_folder("a");
    for path in ["..", "../outside", "b/../../outside", "/outside", "/"] {
        assert_eq!(
            tree.vfs.path_status(&a, path, true),
            Err(Error::Escapes),
            "{path}"
        );
    }
    tree.symlink("../outside", "a/link").unwrap();
    assert_eq!(
        tree.read("a/link").unwrap(),
        b"x",
        "from the root it stays inside"
    );
    assert_eq!(tree.vfs.path_status(&a, "link", true), Err(Error::Escapes));
    assert!(tree.vfs.path_status(&a, "link", false).is_ok());
    tree.vfs.close_directory(a);
}

#[test]
fn absolute_links_are_neither_made_nor_followed() {
    let mut tree = free_tree();
    assert_eq!(tree.symlink("/etc/passwd", "link"), Err(Error::Escapes));
}

#[test]
fn dot_dot_after_a_link_means_the_folder_above_its_target() {
    let mut tree = free_tree();
    for folder in ["a", "a/b", "c"] {
        tree.folder(folder).unwrap();
    }
    tree.write("a/file", b"in a").unwrap();
    tree.symlink("../a/b", "c/link").unwrap();
    assert_eq!(tree.read("c/link/../file").unwrap(), b"in a");
}

#[test]
fn at_most_forty_links_are_followed() {
    let mut tree = free_tree();
    tree.write("0", b"end").unwrap();
    for n in 1..=MAX_LINKS + 1 {
        tree.symlink(&(n - 1).to_string(), &n.to_string()).unwrap();
    }
    assert_eq!(tree.read(&MAX_LINKS.to_string()).unwrap(), b"end");
    assert_eq!(
        tree.read(&(MAX_LINKS + 1).to_string()),
        Err(Error::LinkLoop)
    );
    tree.symlink("me", "me").unwrap();
    assert_eq!(tree.read("me"), Err(Error::LinkLoop));
    assert_eq!(tree.try_open("me", READ), Err(Error::LinkLoop));
}

#[test]
fn a_link_in_a_link_in_a_link_costs_no_more_than_its_text() {
    let mut tree = free_tree();
    tree.folder("d").unwrap();
    let long = "d/../".repeat(800) + "d";
    tree.symlink(&long, "long").unwrap();
    assert!(
        tree.vfs
            .path_status(&tree.root, &"long/../".repeat(MAX_LINKS), true)
            .is_ok()
    );
    let too_many = "long/../".repeat(MAX_LINKS + 1);
    assert_eq!(
        tree.vfs.path_status(&tree.root, &too_many, true),
        Err(Error::LinkLoop)
    );
}

#[test]
fn names_and_paths_have_their_lengths() {
    let mut tree = free_tree();
    assert_eq!(tree.folder(&"n".repeat(255)), Ok(()));
    assert_eq!(tree.folder(&"n".repeat(256)), Err(Error::NameTooLong));
    let longest = format!("{}a", "./".repeat(2047));
    assert_eq!(tree.folder(&longest), Ok(()), "4,095 bytes that mean 'a'");
    assert_eq!(
        tree.folder(&format!("{}a", "./".repeat(2048))),
        Err(Error::NameTooLong)
    );
    let many = "x".repeat(4097);
    assert_eq!(tree.unlink(&many), Err(Error::NameTooLong));
    assert_eq!(tree.remove(&many), Err(Error::NameTooLong));
    assert_eq!(tree.symlink(&many, "l"), Err(Error::NameTooLong));
}

#[test]
fn a_canonical_path_has_its_length_too_however_it_was_reached() {
    let mut tree = free_tree();
    let name = "n".repeat(255);
    let mut here = tree.vfs.open_folder("/").unwrap();
    let mut depth = 0;
    loop {
        match tree.vfs.create_directory(&here, &name) {
            Ok(()) => depth += 1,
            Err(error) => break assert_eq!((error, depth), (Error::NameTooLong, 16)),
        }
        let options = OpenOptions {
            directory: true,
            ..OpenOptions::default()
        };
        match tree.vfs.open(&here, &name, options).unwrap() {
            veracruz_vfs::Opened::Directory(next) => {
                tree.vfs.close_directory(std::mem::replace(&mut here, next));
            }
            veracruz_vfs::Opened::File(_) => panic!(),
        }
    }
}

#[test]
fn a_trailing_slash_means_a_folder_ghsa_vqjp_4c8c_hfgg() {
    let mut tree = free_tree();
    tree.write("file", b"x").unwrap();
    tree.folder("folder").unwrap();
    tree.symlink("file", "to-file").unwrap();
    tree.symlink("folder", "to-folder").unwrap();
    for path in ["file/", "file///", "file/.", "to-file/"] {
        assert_eq!(
            tree.try_open(path, READ),
            Err(Error::NotDirectory),
            "{path}"
        );
        assert_eq!(
            tree.try_open(path, CREATE),
            Err(Error::NotDirectory),
            "{path}"
        );
    }
    assert_eq!(tree.try_open("folder///", READ), Ok(()));
    assert_eq!(
        tree.try_open("to-folder/", READ),
        Ok(()),
        "the slash follows the link"
    );
    assert_eq!(tree.try_open("to-folder", READ), Err(Error::LinkLoop));
    assert_eq!(tree.try_open("new/", CREATE), Err(Error::IsDirectory));
    assert_eq!(tree.unlink("file/"), Err(Error::NotDirectory));
    assert_eq!(tree.unlink("to-folder/"), Err(Error::NotDirectory));
    assert_eq!(tree.remove("to-folder/"), Err(Error::NotDirectory));
    assert_eq!(tree.remove("file/"), Err(Error::NotDirectory));
    assert_eq!(tree.link("file", "new/"), Err(Error::NotFound));
    assert_eq!(tree.symlink("x", "new/"), Err(Error::NotFound));
    assert_eq!(tree.symlink("x", "folder/"), Err(Error::Exists));
    assert_eq!(tree.rename("file", "new/"), Err(Error::NotDirectory));
    assert_eq!(tree.rename("folder/", "moved/"), Ok(()));
    assert_eq!(tree.folder("made/"), Ok(()));
    assert_eq!(tree.remove("made/"), Ok(()));
    assert_eq!(
        tree.read("file").unwrap(),
        b"x",
        "nothing of that did anything to it"
    );
}

#[test]
fn paths_that_are_none_are_refused() {
    let mut tree = free_tree();
    assert_eq!(tree.try_open("", READ), Err(Error::NotFound));
    assert_eq!(tree.try_open("a\0b", CREATE), Err(Error::Invalid));
    assert_eq!(tree.remove("."), Err(Error::Invalid));
    assert_eq!(tree.unlink("."), Err(Error::IsDirectory));
    assert_eq!(tree.folder("."), Err(Error::Exists));
    assert_eq!(tree.rename(".", "x"), Err(Error::Busy));
    assert_eq!(tree.unlink(""), Err(Error::NotFound));
}

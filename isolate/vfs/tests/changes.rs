//! Making, renaming and removing do what POSIX says.

mod common;

use common::{CREATE, READ, free_tree};
use veracruz_vfs::{Error, Kind, OpenOptions, Opened};

#[test]
fn a_removed_file_lives_until_its_last_handle_is_given_back() {
    let mut tree = free_tree();
    tree.write("a", b"abc").unwrap();
    let Opened::File(file) = tree.vfs.open(&tree.root, "a", READ).unwrap() else {
        panic!()
    };
    tree.unlink("a").unwrap();
    assert_eq!(tree.vfs.used_bytes(), 3);
    let mut bytes = [0; 3];
    assert_eq!(tree.vfs.read(&file, 0, &mut bytes), Ok(3));
    assert_eq!(tree.vfs.status(file.inode()).unwrap().links, 0);
    tree.vfs.close_file(file);
    assert_eq!(tree.vfs.used_bytes(), 0);
}

#[test]
fn nothing_can_be_put_into_a_removed_folder() {
    let mut tree = free_tree();
    tree.folder("a").unwrap();
    tree.write("file", b"").unwrap();
    let removed = tree.open_folder("a");
    tree.remove("a").unwrap();
    assert_eq!(
        tree.vfs.create_directory(&removed, "b"),
        Err(Error::NotFound)
    );
    assert!(matches!(
        tree.vfs.open(&removed, "b", CREATE),
        Err(Error::NotFound)
    ));
    let root = tree.vfs.open_folder("/").unwrap();
    assert_eq!(
        tree.vfs.rename(&root, "file", &removed, "b"),
        Err(Error::NotFound)
    );
    assert_eq!(
        tree.vfs.link(&root, "file", &removed, "b"),
        Err(Error::NotFound)
    );
    tree.vfs.close_directory(removed);
}

#[test]
fn all_names_of_a_file_are_one_file() {
    let mut tree = free_tree();
    tree.write("a", b"one").unwrap();
    tree.link("a", "b").unwrap();
    tree.write("b", b"two").unwrap();
    assert_eq!(tree.read("a").unwrap(), b"two");
    let (a, b) = (
        tree.vfs.path_status(&tree.root, "a", false).unwrap(),
        tree.vfs.path_status(&tree.root, "b", false).unwrap(),
    );
    assert_eq!((a, a.links), (b, 2));
    assert_eq!(
        tree.rename("a", "b"),
        Ok(()),
        "of one file this changes nothing"
    );
    assert_eq!(tree.names("."), ["a", "b"]);
    tree.unlink("a").unwrap();
    assert_eq!(tree.read("b").unwrap(), b"two");
}

#[test]
fn links_to_folders_and_onto_names_that_are_taken_are_refused() {
    let mut tree = free_tree();
    tree.folder("d").unwrap();
    tree.write("a", b"").unwrap();
    assert_eq!(tree.link("d", "e"), Err(Error::LinkToDirectory));
    assert_eq!(tree.link("a", "a"), Err(Error::Exists));
    assert_eq!(tree.link("a", "d"), Err(Error::Exists));
    tree.symlink("nowhere", "l").unwrap();
    assert_eq!(tree.link("a", "l"), Err(Error::Exists));
    assert_eq!(tree.link("l", "m"), Ok(()), "of the link itself");
    assert_eq!(tree.vfs.read_link(&tree.root, "m"), Ok("nowhere"));
    assert_eq!(tree.vfs.read_link(&tree.root, "a"), Err(Error::Invalid));
}

#[test]
fn rename_replaces_only_what_is_of_its_kind() {
    let mut tree = free_tree();
    for folder in ["d", "full", "full/inside", "empty"] {
        tree.folder(folder).unwrap();
    }
    tree.write("f", b"f").unwrap();
    tree.write("g", b"g").unwrap();
    assert_eq!(tree.rename("f", "d"), Err(Error::IsDirectory));
    assert_eq!(tree.rename("d", "f"), Err(Error::NotDirectory));
    assert_eq!(tree.rename("d", "full"), Err(Error::NotEmpty));
    assert_eq!(tree.rename("full", "full/inside/x"), Err(Error::Invalid));
    assert_eq!(tree.rename("full", "full/x"), Err(Error::Invalid));
    assert_eq!(tree.rename("absent", "x"), Err(Error::NotFound));
    assert_eq!(tree.rename("full", "empty"), Ok(()));
    assert_eq!(tree.names("empty"), ["inside"]);
    assert_eq!(tree.rename("f", "g"), Ok(()));
    assert_eq!(tree.read("g").unwrap(), b"f");
    assert_eq!(tree.read("f"), Err(Error::NotFound));
    assert_eq!(tree.vfs.used_files(), 4);
}

#[test]
fn open_makes_files_only_as_asked() {
    let mut tree = free_tree();
    let exclusive = OpenOptions {
        exclusive: true,
        ..CREATE
    };
    assert_eq!(tree.try_open("a", exclusive), Ok(()));
    assert_eq!(tree.try_open("a", exclusive), Err(Error::Exists));
    assert_eq!(
        tree.try_open(
            "a",
            OpenOptions {
                directory: true,
                ..READ
            }
        ),
        Err(Error::NotDirectory)
    );
    assert_eq!(
        tree.try_open(
            "b",
            OpenOptions {
                directory: true,
                ..CREATE
            }
        ),
        Err(Error::Invalid)
    );
    tree.folder("d").unwrap();
    assert_eq!(tree.try_open("d", CREATE), Err(Error::IsDirectory));
    tree.symlink("made", "dangling").unwrap();
    assert_eq!(tree.try_open("dangling", exclusive), Err(Error::Exists));
    assert_eq!(tree.try_open("dangling", CREATE), Err(Error::LinkLoop));
    assert_eq!(
        tree.try_open(
            "dangling",
            OpenOptions {
                follow: true,
                ..CREATE
            }
        ),
        Ok(())
    );
    assert!(tree.names(".").contains(&"made".to_owned()));
}

#[test]
fn changes_are_stamped_with_the_time_that_was_set() {
    let mut tree = free_tree();
    tree.write("a", b"").unwrap();
    tree.vfs.set_time(2000);
    tree.write("a", b"x").unwrap();
    let status = tree.vfs.path_status(&tree.root, "a", false).unwrap();
    assert_eq!(
        (status.accessed, status.modified, status.changed),
        (1000, 2000, 2000)
    );
    assert_eq!((status.kind, status.size), (Kind::File, 1));
}

//! What a program may do is decided by the rules on canonical paths, whatever it says.

mod common;

use common::{CREATE, READ, WRITE, free_tree, tree};
use veracruz_vfs::{Error, OpenOptions, Rights};

#[test]
fn truncation_needs_the_right_to_write_cve_2026_47261() {
    let mut tree = tree(&[("/in/", Rights::READ)]);
    tree.provide("/in/data", b"precious");
    let truncate = OpenOptions {
        truncate: true,
        ..READ
    };
    assert_eq!(tree.try_open("in/data", truncate), Err(Error::Denied));
    let truncate = OpenOptions {
        read: false,
        ..truncate
    };
    assert_eq!(tree.try_open("in/data", truncate), Err(Error::Denied));
    assert_eq!(tree.read("in/data").unwrap(), b"precious");
}

#[test]
fn no_hard_link_goes_around_the_rights_of_a_file_cve_2026_58494() {
    let mut tree = tree(&[("/in/", Rights::READ), ("/out/", Rights::READ_WRITE)]);
    tree.provide("/in/data", b"precious");
    assert_eq!(tree.link("in/data", "out/data"), Err(Error::Denied));
    tree.write("out/mine", b"x").unwrap();
    assert_eq!(tree.link("out/mine", "in/mine"), Err(Error::Denied));
    assert_eq!(tree.link("out/mine", "out/too"), Ok(()));
}

#[test]
fn no_rename_goes_around_the_rights_of_a_file_cve_2026_58494() {
    let mut tree = tree(&[
        ("/in/", Rights::READ),
        ("/out/", Rights::WRITE),
        ("/scratch/", Rights::READ_WRITE),
    ]);
    tree.provide("/in/data", b"precious");
    tree.write("out/a", b"written, not to be read").unwrap();
    assert_eq!(tree.rename("in/data", "scratch/data"), Err(Error::Denied));
    assert_eq!(tree.rename("out/a", "scratch/a"), Err(Error::Denied));
    assert_eq!(tree.rename("scratch", "other"), Err(Error::Denied));
    tree.folder("scratch/folder").unwrap();
    assert_eq!(
        tree.rename("scratch/folder", "out/folder"),
        Err(Error::Denied)
    );
    assert_eq!(tree.rename("out/a", "out/b"), Ok(()));
    assert_eq!(tree.read("out/b"), Err(Error::Denied));
}

#[test]
fn a_folder_with_a_rule_beneath_it_cannot_be_moved() {
    let mut tree = tree(&[("/", Rights::READ_WRITE), ("/a/b/secret", Rights::NONE)]);
    tree.provide("/a/b/secret", b"precious");
    assert_eq!(tree.rename("a", "c"), Err(Error::Denied));
    assert_eq!(tree.rename("a/b", "c"), Err(Error::Denied));
    tree.folder("empty").unwrap();
    assert_eq!(tree.rename("empty", "a"), Err(Error::Denied));
    assert_eq!(tree.read("a/b/secret"), Err(Error::NotFound));
}

#[test]
fn an_open_folder_gives_no_other_rights_after_it_was_renamed() {
    let mut tree = tree(&[("/", Rights::READ_WRITE), ("/fixed/", Rights::READ)]);
    tree.folder("a").unwrap();
    let open = tree.open_folder("a");
    tree.rename("a", "b").unwrap();
    assert_eq!(tree.vfs.create_directory(&open, "inside"), Ok(()));
    assert_eq!(tree.names("b"), ["inside"]);
    assert_eq!(tree.rename("b", "fixed/b"), Err(Error::Denied));
    // The path that the handle remembers is old; the tree itself must say what is beneath what.
    let root = tree.vfs.open_folder("/").unwrap();
    assert_eq!(tree.vfs.rename(&root, "b", &open, "c"), Err(Error::Invalid));
    tree.vfs.close_directory(open);
}

#[test]
fn what_a_stage_has_no_right_to_does_not_exist_for_it() {
    let mut tree = tree(&[
        ("/in/mine", Rights::READ),
        ("/out/x/", Rights::READ_WRITE),
        ("/out/x/hidden", Rights::NONE),
    ]);
    tree.provide("/in/mine", b"1");
    tree.provide("/in/theirs", b"2");
    tree.provide("/program/main.wasm", b"3");
    tree.provide("/out/x/hidden", b"4");
    assert_eq!(tree.names("."), ["in", "out"]);
    assert_eq!(tree.names("in"), ["mine"]);
    assert_eq!(
        tree.vfs.path_status(&tree.root, "in", true).unwrap().size,
        0
    );
    assert_eq!(tree.names("out/x"), Vec::<String>::new());
    for path in [
        "in/theirs",
        "in/absent",
        "program",
        "program/main.wasm",
        "absent/x",
        "out/x/hidden",
    ] {
        let status = tree.vfs.path_status(&tree.root, path, true);
        assert_eq!(
            status,
            Err(Error::NotFound),
            "{path}: present and absent look alike"
        );
        assert_eq!(tree.try_open(path, READ), Err(Error::NotFound), "{path}");
    }
    for path in ["in/theirs", "in/absent", "out/x/hidden"] {
        assert_eq!(tree.try_open(path, CREATE), Err(Error::Denied), "{path}");
        assert_eq!(tree.folder(path), Err(Error::Denied), "{path}");
    }
}

#[test]
fn a_symbolic_link_gives_no_right_to_what_it_leads_to() {
    let mut tree = tree(&[("/in/", Rights::READ), ("/out/", Rights::READ_WRITE)]);
    tree.provide("/in/data", b"precious");
    tree.provide("/secret/key", b"key");
    tree.symlink("../in/data", "out/a").unwrap();
    tree.symlink("../secret/key", "out/b").unwrap();
    let follow = OpenOptions {
        follow: true,
        ..WRITE
    };
    assert_eq!(tree.try_open("out/a", follow), Err(Error::Denied));
    assert_eq!(tree.read("out/a").unwrap(), b"precious");
    assert_eq!(tree.read("out/b"), Err(Error::NotFound));
    assert_eq!(
        tree.try_open(
            "out/b",
            OpenOptions {
                follow: true,
                ..CREATE
            }
        ),
        Err(Error::NotFound)
    );
}

#[test]
fn a_write_only_file_cannot_be_read_back() {
    let mut tree = tree(&[("/out/log", Rights::WRITE)]);
    tree.write("out/log", b"x").unwrap();
    assert_eq!(tree.read("out/log"), Err(Error::Denied));
    let both = OpenOptions {
        read: true,
        ..WRITE
    };
    assert_eq!(
        tree.try_open("out/log", both),
        Ok(()),
        "it is then for writing alone"
    );
    assert_eq!(tree.try_open("out/log", OpenOptions::default()), Ok(()));
    assert_eq!(tree.try_open("out/other", CREATE), Err(Error::Denied));
}

#[test]
fn a_file_that_may_not_be_opened_is_not_made_either() {
    let mut tree = tree(&[("/out/", Rights::WRITE)]);
    let create = OpenOptions {
        read: true,
        write: false,
        ..CREATE
    };
    assert_eq!(tree.try_open("out/a", create), Err(Error::Denied));
    assert_eq!(tree.names("out"), Vec::<String>::new());
}

#[test]
fn folders_that_rules_name_are_there_from_the_start_and_stay() {
    let mut tree = tree(&[
        ("/out/deep/file", Rights::WRITE),
        ("/tmp/", Rights::READ_WRITE),
    ]);
    assert_eq!(tree.names("."), ["out", "tmp"]);
    assert_eq!(tree.write("out/deep/file", b"x"), Ok(()));
    assert_eq!(tree.remove("tmp"), Err(Error::Denied));
    assert_eq!(tree.remove("out/deep"), Err(Error::Denied));
    assert_eq!(tree.vfs.used_files(), 1);
}

#[test]
fn times_need_the_right_to_write() {
    let mut tree = tree(&[("/in/", Rights::READ)]);
    tree.provide("/in/a", b"");
    let times = veracruz_vfs::Times {
        accessed: Some(1),
        modified: Some(2),
    };
    let set = tree.vfs.set_path_times(&tree.root, "in/a", false, times);
    assert_eq!(set, Err(Error::Denied));
    let mut free = free_tree();
    free.write("a", b"").unwrap();
    free.vfs
        .set_path_times(&free.root, "a", false, times)
        .unwrap();
    let status = free.vfs.path_status(&free.root, "a", false).unwrap();
    assert_eq!(
        (status.accessed, status.modified, status.changed),
        (1, 2, 1000)
    );
}

//! `path_rename`: renaming files, links and folders.

use crate::common::{PATH, ROOT, SECOND, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{DIRECTORY, PATH_RENAME_SOURCE, PATH_RENAME_TARGET};

#[test]
fn path_rename_between_folders() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    guest.folder("e").unwrap();
    guest.make("d/a", b"x");
    let d = guest.open("d", DIRECTORY, 0).unwrap();
    let e = guest.open("e", DIRECTORY, 0).unwrap();
    let (first, second) = (guest.put(PATH, b"a"), guest.put(SECOND, b"b"));
    assert_eq!(
        call!(guest, path_rename, d, PATH, first, e, SECOND, second),
        Ok(())
    );
    assert_eq!(guest.content("e/b"), Ok(b"x".to_vec()));
    assert_eq!(guest.rename("e", "e/f"), Err(Errno::Inval));
    assert_eq!(guest.rename("e", "d"), Ok(()), "over an empty folder");
    assert_eq!(guest.content("d/b"), Ok(b"x".to_vec()));
    assert_eq!(guest.rename("d/b", "d/c/"), Err(Errno::Notdir));
    let first = guest.put(PATH, b"b");
    assert_eq!(
        call!(guest, path_rename, e, PATH, first, d, SECOND, second),
        Err(Errno::Noent)
    );
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    guest.make("a", b"");
    give_up(&mut guest, ROOT, PATH_RENAME_SOURCE);
    assert_eq!(guest.rename("a", "b"), Err(Errno::Notcapable));
}

#[test]
fn what_stands_at_the_new_name_must_be_of_the_same_kind_and_empty() {
    let mut guest = guest();
    guest.make("file", b"new");
    guest.make("old", b"old");
    guest.folder("folder").unwrap();
    guest.folder("full").unwrap();
    guest.make("full/a", b"");
    for (old, new, errno) in [
        ("folder", "full", Errno::Notempty),
        ("folder", "full/a", Errno::Notdir),
        ("file", "folder", Errno::Isdir),
        ("absent", "file", Errno::Noent),
        ("file", "absent/file", Errno::Noent),
        (".", "other", Errno::Busy),
    ] {
        assert_eq!(guest.rename(old, new), Err(errno), "{old} to {new}");
    }
    assert_eq!(guest.rename("file", "old"), Ok(()));
    assert_eq!(guest.content("old"), Ok(b"new".to_vec()));
    assert_eq!(guest.rename("old", "old"), Ok(()), "to itself");
}

#[test]
fn folders_may_have_slashes_at_the_end_of_both_names() {
    let mut guest = guest();
    guest.folder("a").unwrap();
    for (old, new) in [("a/", "b"), ("b", "a/"), ("a/", "b/"), ("b", "a")] {
        assert_eq!(guest.rename(old, new), Ok(()), "{old} to {new}");
    }
    guest.make("file", b"");
    assert_eq!(guest.rename("file/", "x"), Err(Errno::Notdir));
    give_up(&mut guest, ROOT, PATH_RENAME_TARGET);
    assert_eq!(guest.rename("file", "x"), Err(Errno::Notcapable));
}

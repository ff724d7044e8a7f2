//! `path_remove_directory`: removing empty folders.

use crate::common::{ROOT, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::PATH_REMOVE_DIRECTORY;

#[test]
fn path_remove_directory_and_path_unlink_file_take_their_own_kind() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    guest.make("d/a", b"");
    assert_eq!(guest.remove("d"), Err(Errno::Notempty));
    assert_eq!(guest.remove("d/a"), Err(Errno::Notdir));
    assert_eq!(guest.unlink("d"), Err(Errno::Isdir));
    assert_eq!(guest.unlink("d/a/"), Err(Errno::Notdir));
    assert_eq!(guest.unlink("d/a"), Ok(()));
    assert_eq!(guest.unlink("d/a"), Err(Errno::Noent));
    assert_eq!(guest.remove("d/"), Ok(()));
    assert_eq!(guest.remove("d"), Err(Errno::Noent));
    assert_eq!(guest.remove("."), Err(Errno::Inval));
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    give_up(&mut guest, ROOT, PATH_REMOVE_DIRECTORY);
    assert_eq!(guest.remove("d"), Err(Errno::Notcapable));
}

#[test]
fn a_file_is_no_folder_with_or_without_a_slash_and_a_link_to_one_is_none() {
    let mut guest = guest();
    guest.make("a", b"");
    guest.folder("d").unwrap();
    guest.symlink("d", "l").unwrap();
    for path in ["a", "a/", "l"] {
        assert_eq!(guest.remove(path), Err(Errno::Notdir), "{path}");
    }
    assert_eq!(guest.remove("d///"), Ok(()));
}

//! `path_unlink_file`: removing files and links.

use crate::common::{ROOT, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::PATH_UNLINK_FILE;

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    guest.make("a", b"");
    give_up(&mut guest, ROOT, PATH_UNLINK_FILE);
    assert_eq!(guest.unlink("a"), Err(Errno::Notcapable));
}

#[test]
fn removes_a_link_and_not_what_it_leads_to() {
    let mut guest = guest();
    guest.make("a", b"x");
    guest.symlink("a", "l").unwrap();
    assert_eq!(guest.unlink("l"), Ok(()));
    assert_eq!(guest.content("a"), Ok(b"x".to_vec()));
}

#[test]
fn folders_and_names_with_a_slash_are_refused() {
    let mut guest = guest();
    guest.folder("d").unwrap();
    guest.make("a", b"");
    for (path, errno) in [
        ("d", Errno::Isdir),
        ("d/", Errno::Isdir),
        (".", Errno::Isdir),
        ("a/", Errno::Notdir),
        ("absent", Errno::Noent),
    ] {
        assert_eq!(guest.unlink(path), Err(errno), "{path}");
    }
    assert_eq!(guest.unlink("a"), Ok(()));
}

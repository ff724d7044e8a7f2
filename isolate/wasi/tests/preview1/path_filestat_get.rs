//! `path_filestat_get`: the status of what a path names.

use crate::common::{PATH, RESULT, ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{PATH_FILESTAT_GET, SYMLINK_FOLLOW};

#[test]
fn path_filestat_get_follows_links_where_asked() {
    let mut guest = guest();
    guest.make("a", b"abc");
    guest.symlink("a", "l").unwrap();
    assert_eq!(guest.stat("l", 0), Ok((7, 1, 1)));
    assert_eq!(guest.stat("l", SYMLINK_FOLLOW), Ok((4, 1, 3)));
    assert_eq!(guest.stat("l", 2), Err(Errno::Inval));
    assert_eq!(guest.stat("absent", 0), Err(Errno::Noent));
    assert_eq!(guest.stat("a/", 0), Err(Errno::Notdir));
    let len = guest.put(PATH, b"a");
    assert_eq!(
        call!(guest, path_filestat_get, ROOT, 0, PATH, len, u32::MAX),
        Err(Errno::Fault)
    );
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let len = guest.put(PATH, b".");
    give_up(&mut guest, ROOT, PATH_FILESTAT_GET);
    assert_eq!(
        call!(guest, path_filestat_get, ROOT, 0, PATH, len, RESULT),
        Err(Errno::Notcapable)
    );
}

#[test]
fn a_link_that_leads_nowhere_has_a_status_of_its_own_only() {
    let mut guest = guest();
    guest.symlink("nowhere", "l").unwrap();
    assert_eq!(guest.stat("l", 0), Ok((7, 1, 7)));
    assert_eq!(guest.stat("l", SYMLINK_FOLLOW), Err(Errno::Noent));
    guest.symlink("l2", "l2").unwrap();
    assert_eq!(guest.stat("l2", SYMLINK_FOLLOW), Err(Errno::Loop));
}

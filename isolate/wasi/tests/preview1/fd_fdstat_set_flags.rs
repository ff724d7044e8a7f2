//! `fd_fdstat_set_flags`: the flags of an open file.

use crate::common::{RESULT, ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{APPEND, CREAT, DSYNC, FD_FDSTAT_SET_FLAGS, FD_WRITE};

#[test]
fn flags_about_a_disk_are_kept_and_ask_for_nothing_more() {
    let mut guest = guest();
    let fd = guest
        .open_with(ROOT, "a", 0, CREAT, FD_WRITE, DSYNC)
        .unwrap();
    assert_eq!(call!(guest, fd_fdstat_get, fd, RESULT), Ok(()));
    assert_eq!(u32::from(guest.u16(RESULT + 2)), DSYNC);
    assert_eq!(call!(guest, fd_fdstat_set_flags, fd, APPEND), Ok(()));
    assert_eq!(call!(guest, fd_fdstat_get, fd, RESULT), Ok(()));
    assert_eq!(u32::from(guest.u16(RESULT + 2)), APPEND);
    assert_eq!(
        call!(guest, fd_fdstat_set_flags, fd, 1 << 9),
        Err(Errno::Inval)
    );
    assert_eq!(call!(guest, fd_fdstat_set_flags, ROOT, 0), Err(Errno::Badf));
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_FDSTAT_SET_FLAGS);
    assert_eq!(
        call!(guest, fd_fdstat_set_flags, fd, APPEND),
        Err(Errno::Notcapable)
    );
}

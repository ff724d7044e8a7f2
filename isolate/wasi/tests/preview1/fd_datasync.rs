//! `fd_datasync`: what is written is there at once.

use crate::common::{ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::FD_DATASYNC;

#[test]
fn succeeds_for_files_and_folders_only() {
    let mut guest = guest();
    let fd = guest.file("a");
    assert_eq!(call!(guest, fd_datasync, fd), Ok(()));
    assert_eq!(call!(guest, fd_datasync, ROOT), Ok(()));
    assert_eq!(call!(guest, fd_datasync, 1), Err(Errno::Inval));
    assert_eq!(call!(guest, fd_datasync, 99), Err(Errno::Badf));
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_DATASYNC);
    assert_eq!(call!(guest, fd_datasync, fd), Err(Errno::Notcapable));
}

//! `fd_sync`: what is written is there at once.

use crate::common::{ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::FD_SYNC;

#[test]
fn syncing_files_and_folders_succeeds() {
    let mut guest = guest();
    let fd = guest.file("a");
    for fd in [fd, ROOT] {
        assert_eq!(call!(guest, fd_sync, fd), Ok(()));
        assert_eq!(call!(guest, fd_datasync, fd), Ok(()));
    }
    assert_eq!(call!(guest, fd_sync, 1), Err(Errno::Inval));
    assert_eq!(call!(guest, fd_datasync, 99), Err(Errno::Badf));
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_SYNC);
    assert_eq!(call!(guest, fd_sync, fd), Err(Errno::Notcapable));
}

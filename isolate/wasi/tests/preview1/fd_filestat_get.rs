//! `fd_filestat_get`: the status of what is open.

use crate::common::{RESULT, ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::FD_FILESTAT_GET;

#[test]
fn filestat_says_size_kind_and_times() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.write(fd, b"abc").unwrap();
    assert_eq!(call!(guest, fd_filestat_get, fd, RESULT), Ok(()));
    assert_eq!(
        (
            guest.u8(RESULT + 16),
            guest.u64(RESULT + 24),
            guest.u64(RESULT + 32)
        ),
        (4, 1, 3)
    );
    assert_eq!(guest.u64(RESULT), 1, "one device");
    let inode = guest.u64(RESULT + 8);
    guest.stat("a", 0).unwrap();
    assert_eq!(guest.u64(RESULT + 8), inode);
    assert_eq!(call!(guest, fd_filestat_get, ROOT, RESULT), Ok(()));
    assert_eq!(guest.u8(RESULT + 16), 3);
    assert_eq!(call!(guest, fd_filestat_get, 1, RESULT), Ok(()));
    assert_eq!(guest.bytes(RESULT, 64), [0; 64]);
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_FILESTAT_GET);
    assert_eq!(
        call!(guest, fd_filestat_get, fd, RESULT),
        Err(Errno::Notcapable)
    );
}

#[test]
fn a_file_without_a_name_still_has_a_status() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.write(fd, b"abc").unwrap();
    guest.unlink("a").unwrap();
    assert_eq!(call!(guest, fd_filestat_get, fd, RESULT), Ok(()));
    assert_eq!((guest.u64(RESULT + 24), guest.u64(RESULT + 32)), (0, 3));
}

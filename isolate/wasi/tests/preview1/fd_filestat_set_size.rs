//! `fd_filestat_set_size`: a file is cut off, or grows by zeros.

use crate::common::{ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{FD_FILESTAT_SET_SIZE, FD_READ};

#[test]
fn sizes_are_set_through_writable_descriptors_only() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.write(fd, b"abc").unwrap();
    assert_eq!(call!(guest, fd_filestat_set_size, fd, 5), Ok(()));
    assert_eq!(guest.content("a"), Ok(b"abc\0\0".to_vec()));
    assert_eq!(call!(guest, fd_filestat_set_size, fd, 1), Ok(()));
    assert_eq!(guest.content("a"), Ok(b"a".to_vec()));
    assert_eq!(
        call!(guest, fd_filestat_set_size, fd, u64::MAX),
        Err(Errno::Nospc)
    );
    let reading = guest.open("a", 0, FD_READ).unwrap();
    assert_eq!(
        call!(guest, fd_filestat_set_size, reading, 0),
        Err(Errno::Inval)
    );
    assert_eq!(
        call!(guest, fd_filestat_set_size, ROOT, 0),
        Err(Errno::Badf)
    );
    assert_eq!(call!(guest, fd_filestat_set_size, 1, 0), Err(Errno::Badf));
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_FILESTAT_SET_SIZE);
    assert_eq!(
        call!(guest, fd_filestat_set_size, fd, 1),
        Err(Errno::Notcapable)
    );
}

#[test]
fn what_was_cut_off_comes_back_as_zeros() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.write(fd, b"secret").unwrap();
    for size in [2, 6] {
        assert_eq!(call!(guest, fd_filestat_set_size, fd, size), Ok(()));
    }
    assert_eq!(guest.content("a"), Ok(b"se\0\0\0\0".to_vec()));
    assert_eq!(guest.seek(fd, 0, 1), Ok(6), "the position stays");
}

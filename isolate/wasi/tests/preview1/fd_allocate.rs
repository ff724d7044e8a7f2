//! `fd_allocate`: a file grows to hold a range.

use crate::common::{ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{FD_ALLOCATE, FD_READ};

#[test]
fn allocation_grows_a_file_and_never_cuts_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    for (offset, len, size) in [(0, 100, 100), (10, 10, 100), (90, 20, 110)] {
        assert_eq!(call!(guest, fd_allocate, fd, offset, len), Ok(()));
        assert_eq!(guest.stat("a", 0), Ok((4, 1, size)));
    }
    assert_eq!(call!(guest, fd_allocate, fd, 0, 0), Err(Errno::Inval));
    assert_eq!(call!(guest, fd_allocate, fd, u64::MAX, 1), Err(Errno::Fbig));
    assert_eq!(call!(guest, fd_allocate, fd, 0, 1 << 40), Err(Errno::Nospc));
    assert_eq!(call!(guest, fd_allocate, ROOT, 0, 1), Err(Errno::Badf));
    let reading = guest.open("a", 0, FD_READ).unwrap();
    assert_eq!(
        call!(guest, fd_allocate, reading, 0, 1000),
        Err(Errno::Badf)
    );
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_ALLOCATE);
    assert_eq!(call!(guest, fd_allocate, fd, 0, 1), Err(Errno::Notcapable));
}

#[test]
fn what_was_allocated_can_be_written_whatever_else_is() {
    let mut guest = guest();
    let (fd, other) = (guest.file("a"), guest.file("b"));
    assert_eq!(call!(guest, fd_allocate, fd, 0, (1 << 20) - 10), Ok(()));
    assert_eq!(call!(guest, fd_allocate, other, 0, 11), Err(Errno::Nospc));
    assert_eq!(guest.write(other, &[1; 10]), Ok(10));
    assert_eq!(guest.write(other, &[1]), Err(Errno::Nospc));
    assert_eq!(guest.write(fd, &[1; 1000]), Ok(1000));
}

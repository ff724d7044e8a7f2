//! `fd_pread`: reading at an offset.

use crate::common::{DATA, RESULT, VECTORS, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::FD_READ;

#[test]
fn pread_and_pwrite_leave_the_position() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.put(DATA, b"0123");
    let count = guest.vectors(&[2, 2]);
    assert_eq!(
        call!(guest, fd_pwrite, fd, VECTORS, count, 3, RESULT),
        Ok(())
    );
    assert_eq!(guest.u32(RESULT), 4);
    assert_eq!(
        call!(guest, fd_pread, fd, VECTORS, count, 4, RESULT),
        Ok(())
    );
    assert_eq!((guest.u32(RESULT), guest.bytes(DATA, 3)), (3, &b"123"[..]));
    assert_eq!(
        call!(guest, fd_pread, fd, VECTORS, count, u64::MAX, RESULT),
        Ok(())
    );
    assert_eq!(guest.u32(RESULT), 0);
    assert_eq!(guest.read(fd, 9), Ok(b"\0\0\x000123".to_vec()));
    assert_eq!(
        call!(guest, fd_pwrite, fd, VECTORS, 1, u64::MAX, RESULT),
        Err(Errno::Fbig)
    );
}

#[test]
fn fills_several_buffers_and_stops_at_the_end() {
    let mut guest = guest();
    guest.make("a", b"0123456789");
    let fd = guest.open("a", 0, FD_READ).unwrap();
    let count = guest.vectors(&[3, 0, 4, 100]);
    assert_eq!(
        call!(guest, fd_pread, fd, VECTORS, count, 2, RESULT),
        Ok(())
    );
    assert_eq!(
        (guest.u32(RESULT), guest.bytes(DATA, 8)),
        (8, &b"23456789"[..])
    );
    assert_eq!(
        guest.read(fd, 2),
        Ok(b"01".to_vec()),
        "the position stayed at the start"
    );
}

#[test]
fn needs_the_right_to_read() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_READ);
    assert_eq!(
        call!(guest, fd_pread, fd, VECTORS, 0, 0, RESULT),
        Err(Errno::Badf)
    );
}

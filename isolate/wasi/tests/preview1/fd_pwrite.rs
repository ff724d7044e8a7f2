//! `fd_pwrite`: writing at an offset.

use crate::common::{DATA, RESULT, ROOT, VECTORS, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{APPEND, CREAT, FD_WRITE};

#[test]
fn an_append_descriptor_writes_at_the_offset_too() {
    let mut guest = guest();
    let fd = guest
        .open_with(ROOT, "a", 0, CREAT, FD_WRITE, APPEND)
        .unwrap();
    guest.write(fd, b"0123").unwrap();
    guest.put(DATA, b"xy");
    let count = guest.vectors(&[2]);
    assert_eq!(
        call!(guest, fd_pwrite, fd, VECTORS, count, 1, RESULT),
        Ok(())
    );
    assert_eq!(guest.content("a"), Ok(b"0xy3".to_vec()));
    assert_eq!(guest.seek(fd, 0, 1), Ok(4), "the position stayed");
}

#[test]
fn a_gap_before_what_is_written_is_zeros() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.put(DATA, b"x");
    let count = guest.vectors(&[1]);
    assert_eq!(
        call!(guest, fd_pwrite, fd, VECTORS, count, 3, RESULT),
        Ok(())
    );
    assert_eq!(guest.content("a"), Ok(b"\0\0\0x".to_vec()));
}

#[test]
fn an_offset_that_overflows_is_refused_and_writes_nothing() {
    let mut guest = guest();
    let fd = guest.file("a");
    let count = guest.vectors(&[2]);
    assert_eq!(
        call!(guest, fd_pwrite, fd, VECTORS, count, u64::MAX, RESULT),
        Err(Errno::Fbig)
    );
    assert_eq!(
        call!(
            guest,
            fd_pwrite,
            fd,
            VECTORS,
            count,
            i64::MAX as u64,
            RESULT
        ),
        Err(Errno::Nospc)
    );
    assert_eq!(guest.stat("a", 0), Ok((4, 1, 0)));
    give_up(&mut guest, fd, FD_WRITE);
    assert_eq!(
        call!(guest, fd_pwrite, fd, VECTORS, count, 0, RESULT),
        Err(Errno::Badf)
    );
}

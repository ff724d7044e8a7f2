//! `fd_seek`: moving the position.

use crate::common::{RESULT, ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{FD_SEEK, FD_TELL};

#[test]
fn seeking_counts_from_start_position_and_end() {
    let mut guest = guest();
    let fd = guest.file("a");
    guest.write(fd, &[1; 100]).unwrap();
    assert_eq!(guest.seek(fd, 50, 0), Ok(50));
    assert_eq!(guest.seek(fd, -20, 1), Ok(30));
    assert_eq!(guest.seek(fd, -10, 2), Ok(90));
    assert_eq!(guest.seek(fd, 200, 2), Ok(300), "beyond the end");
    assert_eq!(guest.seek(fd, -301, 1), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, i64::MIN, 0), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, 0, 3), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, 0, 1), Ok(300), "what failed moved nothing");
    assert_eq!(guest.seek(ROOT, 0, 0), Err(Errno::Badf));
    assert_eq!(guest.seek(1, 0, 0), Err(Errno::Spipe));
    assert_eq!(guest.seek(99, 0, 0), Err(Errno::Badf));
    assert_eq!(call!(guest, fd_tell, ROOT, RESULT), Err(Errno::Badf));
    assert_eq!(call!(guest, fd_tell, 0, RESULT), Err(Errno::Spipe));
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_SEEK);
    assert_eq!(guest.seek(fd, 1, 0), Err(Errno::Notcapable));
}

#[test]
fn to_ask_for_the_position_the_right_to_tell_is_enough() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_SEEK);
    assert_eq!(guest.seek(fd, 0, 1), Ok(0));
    give_up(&mut guest, fd, FD_TELL);
    assert_eq!(guest.seek(fd, 0, 1), Err(Errno::Notcapable));
}

#[test]
fn a_write_beyond_the_end_leaves_zeros_before_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    assert_eq!(guest.seek(fd, 3, 2), Ok(3));
    assert_eq!(
        guest.stat("a", 0),
        Ok((4, 1, 0)),
        "seeking alone makes no file longer"
    );
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    assert_eq!(guest.content("a"), Ok(b"\0\0\0x".to_vec()));
}

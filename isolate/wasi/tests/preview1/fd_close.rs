//! `fd_close`: a descriptor is given back.

use crate::common::{RESULT, ROOT, call, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::{CREAT, DIRECTORY, FD_WRITE};

#[test]
fn a_closed_descriptor_is_gone_and_its_number_comes_again() {
    let mut guest = guest();
    let (a, b) = (guest.file("a"), guest.file("b"));
    assert_eq!((a, b), (4, 5));
    assert_eq!(call!(guest, fd_close, a), Ok(()));
    assert_eq!(call!(guest, fd_close, a), Err(Errno::Badf));
    assert_eq!(guest.read(a, 1), Err(Errno::Badf));
    assert_eq!(guest.file("c"), a, "the lowest free number");
    assert_eq!(call!(guest, fd_close, u32::MAX), Err(Errno::Badf));
}

#[test]
fn what_was_open_from_the_start_can_be_closed_too() {
    let mut guest = guest();
    let folder = guest.open(".", DIRECTORY, 0).unwrap();
    for fd in [0, 1, 2, ROOT] {
        assert_eq!(call!(guest, fd_close, fd), Ok(()));
        assert_eq!(call!(guest, fd_fdstat_get, fd, RESULT), Err(Errno::Badf));
    }
    assert_eq!(guest.open_with(folder, "a", 0, CREAT, FD_WRITE, 0), Ok(0));
}

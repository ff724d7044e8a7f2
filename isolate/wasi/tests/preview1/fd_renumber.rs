//! `fd_renumber`: a descriptor takes the number of another one.

use crate::common::{RESULT, ROOT, call, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::FD_READ;

#[test]
fn fd_renumber_moves_a_descriptor_and_closes_the_one_that_was_there() {
    let mut guest = guest();
    guest.make("a", b"in a");
    guest.make("b", b"in b");
    let a = guest.open("a", 0, FD_READ).unwrap();
    let b = guest.open("b", 0, FD_READ).unwrap();
    assert_eq!(call!(guest, fd_renumber, a, b), Ok(()));
    assert_eq!(guest.read(b, 9), Ok(b"in a".to_vec()));
    assert_eq!(guest.read(a, 9), Err(Errno::Badf));
    // The handle of b was given back: removing it frees its bytes.
    guest.unlink("b").unwrap();
    assert_eq!(guest.wasi.finish().vfs.used_bytes(), 4);
}

#[test]
fn fd_renumber_takes_only_descriptors_that_are_open() {
    let mut guest = guest();
    let a = guest.file("a");
    assert_eq!(call!(guest, fd_renumber, a, a), Ok(()));
    assert_eq!(
        guest.write(a, b"x"),
        Ok(1),
        "the same number twice changes nothing"
    );
    for (from, to) in [(a, 99), (99, a), (99, 99), (a, u32::MAX), (u32::MAX, a)] {
        assert_eq!(call!(guest, fd_renumber, from, to), Err(Errno::Badf));
    }
    assert_eq!(guest.write(a, b"x"), Ok(1));
    assert_eq!(
        call!(guest, fd_renumber, a, ROOT),
        Ok(()),
        "a preopened one too"
    );
    assert_eq!(call!(guest, fd_prestat_get, ROOT, RESULT), Err(Errno::Badf));
    assert_eq!(guest.folder("d"), Err(Errno::Notdir));
}

#[test]
fn standard_streams_can_be_moved_over_files() {
    let mut guest = guest();
    let fd = guest.file("a");
    assert_eq!(call!(guest, fd_renumber, 1, fd), Ok(()));
    assert_eq!(guest.write(fd, b"printed"), Ok(7));
    assert_eq!(guest.write(1, b"x"), Err(Errno::Badf));
    let file = guest.file("b");
    assert_eq!(file, 1);
    assert_eq!(guest.write(1, b"into the file"), Ok(13));
    assert_eq!(guest.content("b"), Ok(b"into the file".to_vec()));
    assert_eq!(guest.wasi.finish().stdout, b"printed");
}

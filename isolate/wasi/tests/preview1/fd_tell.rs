//! `fd_tell`: asking for the position.

use crate::common::{RESULT, ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::FD_TELL;

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_TELL);
    assert_eq!(call!(guest, fd_tell, fd, RESULT), Err(Errno::Notcapable));
}

#[test]
fn says_where_the_next_read_or_write_is() {
    let mut guest = guest();
    let fd = guest.file("a");
    for (bytes, position) in [(&b"abc"[..], 3), (b"", 3), (b"d", 4)] {
        guest.write(fd, bytes).unwrap();
        assert_eq!(call!(guest, fd_tell, fd, RESULT), Ok(()));
        assert_eq!(guest.u64(RESULT), position);
    }
    assert_eq!(call!(guest, fd_tell, fd, u32::MAX), Err(Errno::Fault));
    assert_eq!(call!(guest, fd_tell, ROOT, RESULT), Err(Errno::Badf));
    assert_eq!(call!(guest, fd_tell, 1, RESULT), Err(Errno::Spipe));
    assert_eq!(call!(guest, fd_tell, 99, RESULT), Err(Errno::Badf));
}

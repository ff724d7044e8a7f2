//! `sock_accept`: there are no sockets.

use crate::common::{RESULT, ROOT, call, guest};
use veracruz_wasi::Errno;

#[test]
fn no_descriptor_is_a_socket() {
    let mut guest = guest();
    let file = guest.file("a");
    for fd in [0, 1, ROOT, file] {
        assert_eq!(call!(guest, sock_accept, fd, 0, RESULT), Err(Errno::Notsup));
    }
    for fd in [99, u32::MAX] {
        assert_eq!(call!(guest, sock_accept, fd, 0, RESULT), Err(Errno::Badf));
    }
}

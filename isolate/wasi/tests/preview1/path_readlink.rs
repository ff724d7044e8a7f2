//! `path_readlink`: the target of a link.

use crate::common::{DATA, PATH, RESULT, ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::PATH_READLINK;

#[test]
fn path_readlink_cuts_off_where_the_buffer_ends() {
    let mut guest = guest();
    guest.symlink("a/target", "l").unwrap();
    let len = guest.put(PATH, b"l");
    for (room, found) in [
        (100, &b"a/target"[..]),
        (8, b"a/target"),
        (3, b"a/t"),
        (0, b""),
    ] {
        assert_eq!(
            call!(guest, path_readlink, ROOT, PATH, len, DATA, room, RESULT),
            Ok(())
        );
        assert_eq!(guest.bytes(DATA, guest.u32(RESULT)), found);
    }
    let read = call!(guest, path_readlink, ROOT, PATH, len, u32::MAX, 8, RESULT);
    assert_eq!(read, Err(Errno::Fault));
    guest.make("a", b"");
    let len = guest.put(PATH, b"a");
    let read = call!(guest, path_readlink, ROOT, PATH, len, DATA, 8, RESULT);
    assert_eq!(read, Err(Errno::Inval));
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    guest.symlink("a", "l").unwrap();
    let len = guest.put(PATH, b"l");
    give_up(&mut guest, ROOT, PATH_READLINK);
    assert_eq!(
        call!(guest, path_readlink, ROOT, PATH, len, DATA, 9, RESULT),
        Err(Errno::Notcapable)
    );
}

//! `fd_advise`: advice is taken, and nothing is made of it.

use crate::common::{ROOT, call, give_up, guest};
use veracruz_wasi::Errno;
use veracruz_wasi::flags::FD_ADVISE;

#[test]
fn advice_is_checked_and_changes_nothing() {
    let mut guest = guest();
    let fd = guest.file("a");
    for advice in 0..=5 {
        assert_eq!(call!(guest, fd_advise, fd, 0, 100, advice), Ok(()));
    }
    assert_eq!(call!(guest, fd_advise, fd, 0, 100, 6), Err(Errno::Inval));
    assert_eq!(
        call!(guest, fd_advise, fd, u64::MAX, 1, 0),
        Err(Errno::Inval)
    );
    assert_eq!(call!(guest, fd_advise, ROOT, 0, 0, 0), Err(Errno::Badf));
    assert_eq!(call!(guest, fd_advise, 1, 0, 0, 0), Err(Errno::Spipe));
    assert_eq!(guest.stat("a", 0), Ok((4, 1, 0)));
}

#[test]
fn needs_the_right_to_it() {
    let mut guest = guest();
    let fd = guest.file("a");
    give_up(&mut guest, fd, FD_ADVISE);
    assert_eq!(call!(guest, fd_advise, fd, 0, 1, 0), Err(Errno::Notcapable));
}

//! `proc_raise`: there are no signals.

use crate::common::{call, guest};
use veracruz_wasi::Errno;

#[test]
fn there_are_no_signals() {
    let mut guest = guest();
    assert_eq!(call!(guest, proc_raise, 9), Err(Errno::Notsup));
    assert_eq!(call!(guest, proc_raise, 31), Err(Errno::Inval));
    assert_eq!(call!(guest, sched_yield), Ok(()));
}

//! `sched_yield`: there is nothing else that could run.

use crate::common::{RESULT, call, guest};

#[test]
fn succeeds_and_takes_no_time() {
    let mut guest = guest();
    assert_eq!(call!(guest, clock_time_get, 0, 0, RESULT), Ok(()));
    let before = guest.u64(RESULT);
    assert_eq!(call!(guest, sched_yield), Ok(()));
    assert_eq!(call!(guest, clock_time_get, 0, 0, RESULT), Ok(()));
    assert_eq!(guest.u64(RESULT), before);
}

//! `clock_res_get`: what the clocks count in.

use crate::common::{RESULT, call, guest};
use veracruz_wasi::Errno;

#[test]
fn both_clocks_count_in_microseconds() {
    let mut guest = guest();
    for id in [0, 1] {
        assert_eq!(call!(guest, clock_res_get, id, RESULT), Ok(()));
        assert_eq!(guest.u64(RESULT), 1000);
    }
}

#[test]
fn clocks_of_the_processor_and_numbers_that_are_none_have_no_resolution() {
    let mut guest = guest();
    for (id, errno) in [
        (2, Errno::Badf),
        (3, Errno::Badf),
        (4, Errno::Inval),
        (u32::MAX, Errno::Inval),
    ] {
        assert_eq!(call!(guest, clock_res_get, id, RESULT), Err(errno));
    }
    assert_eq!(call!(guest, clock_res_get, 0, u32::MAX), Err(Errno::Fault));
}

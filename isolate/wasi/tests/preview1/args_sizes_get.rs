//! `args_sizes_get`: how many arguments there are, and how many bytes they take.

use crate::common::{RESULT, call, guest, with_args};
use veracruz_wasi::Errno;

#[test]
fn counts_each_argument_with_its_zero_byte() {
    let mut guest = with_args();
    assert_eq!(call!(guest, args_sizes_get, RESULT, RESULT + 4), Ok(()));
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT + 4)), (3, 15));
}

#[test]
fn a_program_without_arguments_has_none() {
    let mut guest = guest();
    assert_eq!(call!(guest, args_sizes_get, RESULT, RESULT + 4), Ok(()));
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT + 4)), (0, 0));
}

#[test]
fn faults_where_either_number_does_not_fit() {
    let mut guest = with_args();
    for (count, size) in [(u32::MAX, RESULT), (RESULT, u32::MAX - 2)] {
        assert_eq!(call!(guest, args_sizes_get, count, size), Err(Errno::Fault));
    }
}

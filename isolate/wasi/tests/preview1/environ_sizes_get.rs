//! `environ_sizes_get`: how many variables there are, and how many bytes they take.

use crate::common::{RESULT, call, guest, with_args};

#[test]
fn counts_each_variable_with_its_name_and_zero_byte() {
    let mut guest = with_args();
    assert_eq!(call!(guest, environ_sizes_get, RESULT, RESULT + 4), Ok(()));
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT + 4)), (2, 13));
}

#[test]
fn a_program_without_an_environment_has_none() {
    let mut guest = guest();
    assert_eq!(call!(guest, environ_sizes_get, RESULT, RESULT + 4), Ok(()));
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT + 4)), (0, 0));
}

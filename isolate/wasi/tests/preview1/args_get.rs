//! `args_get`: arguments come one after another, each with a zero byte, and a list of pointers.

use crate::common::{DATA, RESULT, call, guest, with_args};
use veracruz_wasi::Errno;

#[test]
fn arguments_come_with_their_zero_bytes() {
    let mut guest = with_args();
    assert_eq!(call!(guest, args_sizes_get, RESULT, RESULT + 4), Ok(()));
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT + 4)), (3, 15));
    assert_eq!(call!(guest, args_get, RESULT, DATA), Ok(()));
    assert_eq!(guest.bytes(DATA, 15), b"program\0--key\0\0");
    assert_eq!(
        [guest.u32(0), guest.u32(4), guest.u32(8)],
        [DATA, DATA + 8, DATA + 14]
    );
}

#[test]
fn pointers_out_of_range_are_faults() {
    let mut guest = with_args();
    let end = u32::try_from(guest.memory.len()).unwrap();
    assert_eq!(call!(guest, args_get, end - 4, DATA), Err(Errno::Fault));
    assert_eq!(call!(guest, args_get, RESULT, end - 10), Err(Errno::Fault));
    assert_eq!(
        call!(guest, args_get, u32::MAX - 3, u32::MAX),
        Err(Errno::Fault)
    );
    assert_eq!(
        call!(guest, environ_sizes_get, end, RESULT),
        Err(Errno::Fault)
    );
    assert_eq!(
        call!(guest, args_sizes_get, RESULT, end - 3),
        Err(Errno::Fault)
    );
}

#[test]
fn no_arguments_write_nothing() {
    let mut guest = guest();
    guest.put(RESULT, &[7; 4]);
    assert_eq!(call!(guest, args_get, RESULT, DATA), Ok(()));
    assert_eq!(guest.bytes(RESULT, 4), [7; 4]);
}

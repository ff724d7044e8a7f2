//! `environ_get`: the environment comes as `NAME=value`.

use crate::common::{DATA, RESULT, call, config, guest, start, with_args};

#[test]
fn the_environment_comes_as_names_and_values() {
    let mut guest = with_args();
    assert_eq!(call!(guest, environ_sizes_get, RESULT, RESULT + 4), Ok(()));
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT + 4)), (2, 13));
    assert_eq!(call!(guest, environ_get, RESULT, DATA), Ok(()));
    assert_eq!(guest.bytes(DATA, 13), b"A=1=2\0EMPTY=\0");
    assert_eq!([guest.u32(0), guest.u32(4)], [DATA, DATA + 6]);
}

#[test]
fn an_empty_environment_writes_nothing() {
    let mut guest = guest();
    guest.put(RESULT, &[7; 4]);
    assert_eq!(call!(guest, environ_get, RESULT, DATA), Ok(()));
    assert_eq!(guest.bytes(RESULT, 4), [7; 4]);
}

#[test]
fn a_value_may_hold_anything_but_a_zero_byte() {
    let mut config = config(&[]);
    config.env = vec![
        ("A".into(), "escap \" ing".into()),
        ("B".into(), "new\nline".into()),
    ];
    let mut guest = start(config);
    assert_eq!(call!(guest, environ_get, RESULT, DATA), Ok(()));
    assert_eq!(guest.bytes(DATA, 25), b"A=escap \" ing\0B=new\nline\0");
}

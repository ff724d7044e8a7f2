//! `args_*`, `environ_*`, and what a configuration may hold.

mod common;

use common::{DATA, RESULT, call, config, start};
use veracruz_vfs::Rights;
use veracruz_wasi::{ConfigError, Errno, Preopen, Wasi};

fn with_args() -> common::Guest {
    let mut config = config(&[("/", Rights::READ_WRITE)]);
    config.args = vec!["program".into(), "--key".into(), String::new()];
    config.env = vec![("A".into(), "1=2".into()), ("EMPTY".into(), String::new())];
    start(config)
}

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
fn the_environment_comes_as_names_and_values() {
    let mut guest = with_args();
    assert_eq!(call!(guest, environ_sizes_get, RESULT, RESULT + 4), Ok(()));
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT + 4)), (2, 13));
    assert_eq!(call!(guest, environ_get, RESULT, DATA), Ok(()));
    assert_eq!(guest.bytes(DATA, 13), b"A=1=2\0EMPTY=\0");
    assert_eq!([guest.u32(0), guest.u32(4)], [DATA, DATA + 6]);
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
fn refuses_texts_that_a_program_would_see_otherwise() {
    for (name, value) in [("", "x"), ("A=B", "x"), ("A", "x\0y"), ("A\0", "x")] {
        let mut config = config(&[]);
        config.env = vec![(name.into(), value.into())];
        assert!(
            matches!(Wasi::new(config), Err(ConfigError::Text { .. })),
            "{name:?} {value:?}"
        );
    }
    let mut config = config(&[]);
    config.args = vec!["a\0b".into()];
    assert!(matches!(Wasi::new(config), Err(ConfigError::Text { .. })));
}

#[test]
fn refuses_folders_that_are_not_there_and_more_than_the_limit() {
    let mut absent = config(&[]);
    absent.preopens = vec![Preopen {
        path: "/absent".into(),
        name: ".".into(),
    }];
    assert!(matches!(
        Wasi::new(absent),
        Err(ConfigError::Preopen { .. })
    ));
    let mut narrow = config(&[]);
    narrow.limits.open_files = 3;
    assert!(matches!(
        Wasi::new(narrow),
        Err(ConfigError::OpenFiles {
            limit: 3,
            needed: 4
        })
    ));
}

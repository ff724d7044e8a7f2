//! What a configuration may hold.

mod common;

use common::config;
use veracruz_wasi::{ConfigError, Preopen, Wasi};

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

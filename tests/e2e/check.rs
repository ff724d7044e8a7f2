//! `veracruz check` says whether a program can run, before anybody uploads it.

use std::ffi::OsStr;
use std::path::Path;
use veracruz_tests::{World, refusal};

#[test]
fn a_program_fits_or_does_not_and_every_reason_is_told() {
    let Some(world) = World::start() else { return };
    let check = |program: &Path, more: &[&OsStr]| {
        let arguments = [OsStr::new("check"), program.as_os_str()];
        world.veracruz(&[&arguments[..], more].concat())
    };
    let found = check(&world.program, &[]).expect("the example's program fits");
    assert_eq!(
        (&found["fits"], &found["kind"]),
        (&true.into(), &"module".into())
    );

    let policy = world.policy("checked", |_| {});
    let under = [OsStr::new("--policy"), policy.as_os_str()];
    check(&world.program, &under).expect("it is the one that the policy pins");
    let narrow = world.policy("narrow", |document| {
        document["execution"]["memory"] = "64KiB".into();
    });
    let under = [OsStr::new("--policy"), narrow.as_os_str()];
    let refused = refusal(check(&world.program, &under));
    assert!(refused.message.contains("memory"), "{refused}");

    let other = world.folder().join("other.wasm");
    let text = r#"(module (import "env" "connect" (func)) (func (export "_start")))"#;
    std::fs::write(&other, wat::parse_str(text).unwrap()).unwrap();
    let refused = refusal(check(&other, &[]));
    assert_eq!(
        (refused.code.as_str(), refused.exit),
        ("VC-0501", Some(3)),
        "{refused}"
    );
    assert!(refused.message.contains("connect"), "{refused}");
    assert_eq!(
        refused.document["program"]["imports"][0]["offer"],
        "not offered"
    );
}

//! How arguments are read.

use veracruz_guest::{Arguments, Failure};

#[test]
fn values_switches_and_lists_are_told_apart() {
    let mut arguments = Arguments::new([
        "--mean", "age", "--strict", "--mean", "income", "--least", "5",
    ]);
    assert_eq!(arguments.all("mean").unwrap(), ["age", "income"]);
    assert!(arguments.switch("strict"));
    assert!(!arguments.switch("strict"));
    assert_eq!(arguments.parse("least", 10_u64).unwrap(), 5);
    assert_eq!(arguments.parse("most", 10_u64).unwrap(), 10);
    arguments.finish().unwrap();
}

#[test]
fn refuses_what_nobody_asked_for() {
    let refusal = |failure: Failure| (failure.exit_code(), failure.to_string());
    let unknown = Arguments::new(["--laest", "5"]).finish().unwrap_err();
    assert_eq!(
        refusal(unknown),
        (2, "--laest: unknown argument".to_owned())
    );
    let empty = Arguments::new(["--least"])
        .parse("least", 1_u8)
        .unwrap_err();
    assert_eq!(refusal(empty), (2, "--least: expected a value".to_owned()));
    let twice = Arguments::new(["--key", "a", "--key", "b"])
        .required("key")
        .unwrap_err();
    assert_eq!(
        refusal(twice),
        (2, "--key: given more than once".to_owned())
    );
    let text = Arguments::new(["--least", "few"])
        .parse("least", 1_u8)
        .unwrap_err();
    assert_eq!(
        refusal(text),
        (2, "--least: expected a value of type u8".to_owned())
    );
}

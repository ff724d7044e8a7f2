//! `veracruz explain` as people call it: the whole catalogue, one entry, and a code that there is
//! not.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::process::{Command, Output};

use insta::assert_snapshot;
use serde_json::Value;
use veracruz_catalogue::ErrorCode;

fn explain(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .arg("explain")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn one_code_has_a_cause_a_fault_and_a_way_out() {
    let output = explain(&["VC-0412"]);
    assert_eq!(output.status.code(), Some(0));
    assert_snapshot!(text(&output.stdout));
    assert_eq!(explain(&["412"]).stdout, output.stdout);
    let json: Value = serde_json::from_slice(&explain(&["vc-0412", "--json"]).stdout).unwrap();
    assert_eq!(json["code"], "VC-0412");
    assert_eq!(json["fault"], "you");
    assert_eq!(json["http_status"], 422);
}

#[test]
fn all_codes_are_listed_without_one() {
    let shown = text(&explain(&[]).stdout);
    let json: Value = serde_json::from_slice(&explain(&["--json"]).stdout).unwrap();
    assert_eq!(
        json["codes"].as_array().unwrap().len(),
        ErrorCode::ALL.len()
    );
    for code in ErrorCode::ALL {
        let line = format!("\n  {code}  {}\n", code.title());
        assert!(shown.contains(&line), "{code}");
    }
}

#[test]
fn a_code_that_there_is_not_is_told_which_there_are() {
    let output = explain(&["VC-0499"]);
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(text(&output.stderr));
    // Also for programs, with whose fault it is.
    let json: Value = serde_json::from_slice(&explain(&["VC-0499", "--json"]).stderr).unwrap();
    assert_eq!(
        (&json["code"], &json["fault"]),
        (&"VC-0808".into(), &"you".into())
    );
}

//! Crates that must live where there is no operating system.

use crate::graph;

const NO_STD: [&str; 8] = [
    "common/catalogue",
    "common/policy",
    "common/protocol",
    "common/evidence",
    "common/receipt",
    "isolate/vfs",
    "isolate/wasi",
    "isolate/computation",
];

/// `cargo xtask check` compiles them for a target without `std`; this says which, and at once.
#[test]
fn eight_crates_declare_that_they_need_no_std() {
    for folder in NO_STD {
        let path = graph::root().join(folder).join("src/lib.rs");
        let source = std::fs::read_to_string(&path).expect("a library");
        assert!(
            source.lines().any(declares),
            "{folder}/src/lib.rs does not say #![no_std]"
        );
    }
}

/// Always, or but for a feature that no isolate has.
fn declares(line: &str) -> bool {
    let conditional =
        line.starts_with("#![cfg_attr(not(feature = ") && line.ends_with("), no_std)]");
    line == "#![no_std]" || conditional
}

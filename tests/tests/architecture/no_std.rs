//! Crates that must live where there is no operating system.

use crate::graph;

const NO_STD: [&str; 7] = [
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
fn seven_crates_declare_that_they_need_no_std() {
    for folder in NO_STD {
        let path = graph::root().join(folder).join("src/lib.rs");
        let source = std::fs::read_to_string(&path).expect("a library");
        let declares = source.lines().any(|line| line.trim() == "#![no_std]");
        assert!(declares, "{folder}/src/lib.rs does not say #![no_std]");
    }
}

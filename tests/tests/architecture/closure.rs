//! Every crate that is in the measured runtime, or runs while it is built, is in an allow-list.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph;

const LIST: &str = "tests/trusted-closure.txt";

/// Crates whose code is in the runtime's binary.
#[test]
fn the_runtime_contains_the_allowed_crates_alone() {
    assert_same("[linked]", &linked());
}

/// Build scripts and procedural macros, and what they are made of: not in the binary, but whoever
/// controls them controls it.
#[test]
fn the_runtime_is_built_by_the_allowed_crates_alone() {
    let built_with = &crates_of("normal,build") - &linked();
    assert_same("[build]", &built_with);
}

#[test]
fn every_allowed_crate_has_a_reason() {
    for (section, entries) in allowed() {
        for (name, reason) in entries {
            assert!(
                !reason.is_empty(),
                "{LIST}: {name} in {section} has no reason"
            );
        }
    }
}

/// What the project promises, whoever edits the list.
#[test]
fn neither_ring_nor_openssl_nor_appraisal_is_allowed() {
    let entries = allowed().into_values().flatten();
    let names: Vec<String> = entries.map(|(name, _)| name).collect();
    for banned in [
        "ring",
        "openssl",
        "openssl-sys",
        "native-tls",
        "veracruz-appraisal",
    ] {
        assert!(!names.iter().any(|name| name == banned), "{banned}");
    }
}

#[test]
fn a_crate_too_many_or_too_few_is_named() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let (new, gone) = differences(&set(&["a", "b"]), &set(&["b", "c"]));
    assert_eq!((new, gone), (vec!["c".to_owned()], vec!["a".to_owned()]));
}

fn assert_same(section: &str, found: &BTreeSet<String>) {
    let allowed = allowed()
        .remove(section)
        .unwrap_or_default()
        .into_keys()
        .collect();
    let (new, gone) = differences(&allowed, found);
    assert!(
        new.is_empty() && gone.is_empty(),
        "the trusted base has changed.\n\
         not in {section} of {LIST}: {new:?}\n\
         in the list and no longer needed: {gone:?}\n\n\
         Everyone who trusts the runtime trusts these crates. To add one, write its line with the \
         reason in the same commit as the change of Cargo.lock, and say in the commit's message who \
         maintains it, how much `unsafe` it has, and why the project should not do without. \
         Whoever reviews reads the crate, not only the line."
    );
}

fn differences(allowed: &BTreeSet<String>, found: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let only = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect();
    (only(found, allowed), only(allowed, found))
}

fn linked() -> BTreeSet<String> {
    crates_of("normal,no-proc-macro")
}

/// With the features that a build of the runtime alone resolves, for the target it is built for.
fn crates_of(edges: &str) -> BTreeSet<String> {
    let tree = graph::cargo(&[
        "tree",
        "--locked",
        "--package=veracruz-runtime",
        "--target=x86_64-unknown-linux-musl",
        "--prefix=none",
        "--format={p}",
        "--edges",
        edges,
    ]);
    tree.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// Section → crate → reason.
fn allowed() -> BTreeMap<String, BTreeMap<String, String>> {
    let text = std::fs::read_to_string(graph::root().join(LIST)).expect("the list");
    let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut section = String::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line.starts_with('[') {
            line.clone_into(&mut section);
            continue;
        }
        let (name, reason) = line.split_once(' ').unwrap_or((line, ""));
        let before = sections
            .entry(section.clone())
            .or_default()
            .insert(name.to_owned(), reason.trim().to_owned());
        assert!(before.is_none(), "{LIST}: {name} is there twice");
    }
    sections
}

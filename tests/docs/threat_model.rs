//! Every test that the threat model names exists, and every attack that is tested stands in it.

use crate::{files, read, root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// `file.rs: function` for every test that the page names, in the form `` `path/file.rs::function` ``.
fn named(page: &str) -> BTreeSet<(String, String)> {
    page.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once("::"))
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, function)| (path.to_owned(), function.to_owned()))
        .collect()
}

/// The names of the tests in a file: functions that are marked as tests, those in `proptest!`
/// included, or that a harness of their own lists by name.
fn tests_in(path: &Path) -> BTreeSet<String> {
    let source = read(path);
    let own_harness = ["trials![", "trials_of_both_strategies![", "libtest_mimic"]
        .iter()
        .any(|mark| source.contains(mark));
    let lines = || source.lines().map(str::trim);
    let mut found = BTreeSet::new();
    let mut marked = false;
    for line in lines() {
        if line.starts_with("#[test") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some((_, rest)) = line.split_once("fn ") {
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            let listed = || {
                let (bare, quoted) = (format!("{name},"), format!("\"{name}\""));
                own_harness && lines().any(|line| line == bare || line.contains(&quoted))
            };
            if marked || listed() {
                found.insert(name.to_owned());
            }
            marked = false;
        }
    }
    found
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let page = read(&root().join("docs/threat-model.md"));
    let named = named(&page);
    assert!(named.len() > 50, "{} tests are named", named.len());
    let mut sources = BTreeMap::new();
    let mut missing = Vec::new();
    for (path, function) in named {
        let there = sources.entry(path.clone()).or_insert_with(|| {
            let file = root().join(&path);
            if file.is_file() {
                tests_in(&file)
            } else {
                BTreeSet::new()
            }
        });
        if !there.contains(&function) {
            missing.push(format!("{path}::{function}"));
        }
    }
    assert!(missing.is_empty(), "there is no test {missing:#?}");
}

#[test]
fn every_attack_that_is_tested_stands_in_the_threat_model() {
    let page = read(&root().join("docs/threat-model.md"));
    let named = named(&page);
    let mut missing = Vec::new();
    for file in files(&root().join("tests/attacks"), "rs") {
        let path = file.strip_prefix(root()).unwrap().display().to_string();
        for function in tests_in(&file) {
            if !named.contains(&(path.clone(), function.clone())) {
                missing.push(format!("{path}::{function}"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "docs/threat-model.md does not say which threat is shown by {missing:#?}"
    );
}

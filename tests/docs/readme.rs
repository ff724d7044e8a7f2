//! What the README shows of the demo is what the demo prints.

use crate::markdown::blocks;
use crate::{read, root, shown};
use std::fs::File;
use std::process::Command;
use std::time::Duration;
use veracruz_tests::{Artifacts, Child};

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let Some(built) = Artifacts::find() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let printed = folder.path().join("printed");
    let mut demo = Command::new(&built.veracruz);
    demo.arg("demo")
        .arg("--runtime")
        .arg(&built.runtime)
        .arg("--programs")
        .arg(&built.programs)
        .current_dir(root())
        .stdout(File::create(&printed).unwrap());
    let mut demo = Child::spawn(&mut demo).unwrap();
    let status = demo.wait(Duration::from_secs(120)).expect("it ends");
    let printed = timeless(&read(&printed));
    assert!(status.success(), "{printed}");

    let page = blocks(&read(&root().join("README.md")));
    let block = page
        .into_iter()
        .find(|block| block.info.value("shows") == Some("what the demo prints"));
    let part = timeless(&block.expect("a block of output").text);
    assert!(
        shown::matches(&format!("…\n{part}…\n"), &printed),
        "README.md shows\n{part}\nand the demo prints\n{printed}"
    );
}

/// Without how long things took: `[ 0.23 s]`, `86 ms`, `3.3 seconds`.
fn timeless(text: &str) -> String {
    let mut timeless = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|one: char| one.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number
            .find(|one: char| !one.is_ascii_digit() && one != '.')
            .unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        if [" s]", " ms", " seconds"]
            .iter()
            .any(|unit| after.starts_with(unit))
        {
            timeless.push_str(before.trim_end());
            timeless.push_str(" TIME");
        } else {
            timeless.push_str(before);
            timeless.push_str(number);
        }
        rest = after;
    }
    timeless + rest
}

#[test]
fn times_are_left_out_and_other_numbers_are_not() {
    assert_eq!(
        timeless("a [ 0.23 s]\nb [10.23 s] 86 ms, 1642 in 3.3 seconds. 7"),
        "a [ TIME s]\nb [ TIME s] TIME ms, 1642 in TIME seconds. 7"
    );
}

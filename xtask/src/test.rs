//! Every test of the workspace and of the example programs.

use std::ops::AddAssign;
use std::process::Command;

use crate::artifacts::Artifacts;
use crate::process::{self, Failure};
use crate::steps::Steps;
use crate::{machines, setup};

/// Builds first: tests that cross processes start the real runtime and the real `veracruz`.
pub(crate) fn test(steps: &mut Steps) -> Result<(), Failure> {
    let python = setup::setup_tests(steps)?;
    let machines = machines::setup_machines(steps)?;
    let emulators = machines
        .emulate_enclaves()
        .then(|| Artifacts::build_for_emulators(steps))
        .transpose()?;
    let artifacts = Artifacts::build(steps)?.with_images(true, steps)?;
    artifacts.build_other_languages(steps)?;
    let mut counts = Counts::default();
    let nextest = process::output(&mut process::cargo(["nextest", "--version"])).is_some();

    let mut workspace = if nextest {
        process::cargo([
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
        ])
    } else {
        process::cargo(["test", "--workspace", "--locked", "--no-fail-fast"])
    };
    artifacts.give_to(&mut workspace);
    machines.give_to(&mut workspace);
    if let Some(veracruz) = emulators {
        workspace.env("VERACRUZ_BIN_TEST_EVIDENCE", veracruz);
    }
    if let Some(python) = python {
        workspace.env("PATH", setup::first_on_path(&python));
    }
    let mut result = steps.step("tests of the workspace", || {
        counted(&mut workspace, &mut counts)
    });
    if nextest {
        // nextest leaves out the examples in the documentation.
        let mut documentation =
            process::cargo(["test", "--workspace", "--doc", "--locked", "--no-fail-fast"]);
        result = result.and(steps.step("examples in the documentation", || {
            counted(&mut documentation, &mut counts)
        }));
    }
    let mut programs =
        process::cargo(["test", "--locked", "--manifest-path", "programs/Cargo.toml"]);
    let result = result.and(steps.step("tests of the example programs", || {
        counted(&mut programs, &mut counts)
    }));

    steps.print_times();
    println!(
        "\n{} passed, {} failed, {} skipped",
        counts.passed, counts.failed, counts.skipped
    );
    result?;
    if counts.passed == 0 {
        return Err(Failure::new("no test ran"));
    }
    Ok(())
}

fn counted(command: &mut Command, counts: &mut Counts) -> Result<(), Failure> {
    process::run_seeing(command, |line| *counts += Counts::of(line))
}

/// What test runners said in their closing lines.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    /// `test result: ok. 5 passed; 0 failed; 1 ignored; …` of cargo, or
    /// `Summary [ 0.5s] 6 tests run: 5 passed (1 slow), 1 failed, 2 skipped` of nextest.
    fn of(line: &str) -> Self {
        let mut counts = Self::default();
        // nextest shows what a failed test printed, indented; its own closing line is indented too.
        if !line.starts_with("test result:") && !line.trim_start().starts_with("Summary [") {
            return counts;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let &[number, word] = pair else { continue };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match word.trim_end_matches([',', ';']) {
                "passed" => counts.passed += number,
                "failed" | "timed" => counts.failed += number,
                "skipped" | "ignored" => counts.skipped += number,
                _ => {}
            }
        }
        counts
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.skipped += more.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_closing_lines_of_both_runners() {
        let cargo = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.1s";
        assert_eq!(
            Counts::of(cargo),
            Counts {
                passed: 5,
                failed: 2,
                skipped: 1
            }
        );
        let nextest = "     Summary [   0.512s] 8 tests run: 5 passed (1 slow), 2 failed, 1 timed out, 4 skipped";
        assert_eq!(
            Counts::of(nextest),
            Counts {
                passed: 5,
                failed: 3,
                skipped: 4
            }
        );
    }

    #[test]
    fn what_a_test_prints_is_not_counted() {
        assert_eq!(Counts::of("3 passed, by the way"), Counts::default());
        let shown_by_nextest = "    test result: FAILED. 0 passed; 1 failed; 0 ignored";
        assert_eq!(Counts::of(shown_by_nextest), Counts::default());
    }
}

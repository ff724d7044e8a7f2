//! Participants have other machines than Linux: their part must compile for these.
//!
//! It is compiled and linted, not run: no machine of those kinds is here. Hosts, and programs that
//! run without an isolate, are for Linux; there `veracruz` says so.

use std::process::Command;

use crate::cross::Compiler;
use crate::process::{self, Failure};
use crate::steps::Steps;

/// What Rust and Zig call each.
const TARGETS: [(&str, &str); 3] = [
    ("x86_64-pc-windows-gnu", "x86_64-windows-gnu"),
    ("x86_64-apple-darwin", "x86_64-macos"),
    ("aarch64-apple-darwin", "aarch64-macos"),
];

/// Lints the command line for each, or says why not.
///
/// # Errors
/// Where it does not compile, or has lints.
pub(crate) fn portable(steps: &mut Steps) -> Result<(), Failure> {
    for (target, zigs) in TARGETS {
        steps.step(&format!("the command line for {target}"), || {
            match tools(target, zigs) {
                Ok(compiler) => {
                    let mut lint = clippy(target);
                    compiler.give_to(&mut lint);
                    process::run(&mut lint)
                }
                Err(failure) => {
                    println!("skipped: {failure}");
                    Ok(())
                }
            }
        })?;
    }
    Ok(())
}

/// What compiles for it: Rust's libraries and a C compiler.
fn tools(target: &'static str, zigs: &str) -> Result<Compiler, Failure> {
    let mut installed = Command::new("rustup");
    installed.args(["target", "list", "--installed"]);
    let installed = process::output(&mut installed).unwrap_or_default();
    if !installed.lines().any(|line| line.trim() == target) {
        let mut add = Command::new("rustup");
        add.args(["target", "add", target])
            .current_dir(crate::root());
        process::run(&mut add)?;
    }
    Compiler::install(target, zigs)
}

fn clippy(target: &str) -> Command {
    let mut clippy = process::cargo(["clippy", "--locked", "--package", "veracruz-cli"]);
    clippy.args(["--target", target, "--", "-D", "warnings"]);
    clippy
}

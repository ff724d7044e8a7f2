//! What can be checked without running the product.

use std::process::Command;

use crate::process::{self, Failure};
use crate::steps::Steps;
use crate::{deny, setup, tcb};

/// Crates that must live where there is no operating system: a TrustZone application, an enclave.
const NO_STD: [&str; 8] = [
    "veracruz-catalogue",
    "veracruz-policy",
    "veracruz-protocol",
    "veracruz-evidence",
    "veracruz-receipt",
    "veracruz-vfs",
    "veracruz-wasi",
    "veracruz-computation",
];

const PROGRAMS: [&str; 2] = ["--manifest-path", "programs/Cargo.toml"];
const FUZZ: [&str; 2] = ["--manifest-path", "fuzz/Cargo.toml"];

/// Cheap checks first, so that a forgotten `cargo fmt` is told in a second.
pub(crate) fn check(steps: &mut Steps) -> Result<(), Failure> {
    setup::setup(steps)?;
    steps.step("formatting", || {
        process::run(&mut process::cargo(["fmt", "--all", "--check"]))?;
        process::run(process::cargo(["fmt", "--all", "--check"]).args(PROGRAMS))?;
        process::run(process::cargo(["fmt", "--check"]).args(FUZZ))
    })?;
    steps.step(
        "dependencies: licences, bans, sources, advisories",
        deny::deny,
    )?;
    steps.step("the size of the trusted base", || {
        tcb::tcb(&["--check".into()])
    })?;
    steps.step("no_std crates for aarch64-unknown-none", || {
        process::run(&mut no_std_build())
    })?;
    steps.step("lints", || {
        process::run(&mut clippy(&[]))?;
        process::run(&mut clippy(&PROGRAMS))?;
        process::run(&mut clippy(&FUZZ))
    })?;
    steps.step("documentation", || {
        // The same features as for the lints: what those checked of dependencies is used again.
        process::run(
            process::cargo([
                "doc",
                "--workspace",
                "--no-deps",
                "--locked",
                "--all-features",
            ])
            .env("RUSTDOCFLAGS", "-D warnings"),
        )
    })
}

fn no_std_build() -> Command {
    let mut build = process::cargo(["build", "--locked", "--no-default-features"]);
    build.args(["--target", "aarch64-unknown-none"]);
    build.args(NO_STD.iter().flat_map(|name| ["--package", name]));
    build
}

fn clippy(more: &[&str]) -> Command {
    let mut clippy = process::cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
    ]);
    clippy.args(more).args(["--", "-D", "warnings"]);
    clippy
}

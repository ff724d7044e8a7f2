//! `cargo deny`: licences, banned crates, sources, and known vulnerabilities.

use std::time::Duration;

use crate::process::{self, Failure};

/// The version that is installed where there is none.
const VERSION: &str = "0.20.2";

/// Advisories are in a database on the network; everything else is in this repository.
pub(crate) fn deny() -> Result<(), Failure> {
    if process::output(&mut process::cargo(["deny", "--version"])).is_none() {
        let package = format!("cargo-deny@{VERSION}");
        // Not optimised: it runs for a second, and would take minutes longer to build.
        let mut install = process::cargo(["install", "--locked", "--debug", &package]);
        println!("installing: {}", process::shown(&install));
        process::run(&mut install)?;
    }
    process::run(&mut process::cargo([
        "deny", "--locked", "check", "licenses", "bans", "sources",
    ]))?;
    let fetched = process::succeeds_within(
        &mut process::cargo(["deny", "fetch", "db"]),
        Duration::from_secs(60),
    );
    if fetched {
        process::run(&mut process::cargo([
            "deny",
            "--locked",
            "check",
            "advisories",
        ]))
    } else {
        println!(
            "skipped: advisories, because their database could not be fetched from the network"
        );
        Ok(())
    }
}

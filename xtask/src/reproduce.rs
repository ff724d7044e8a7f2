//! The runtime once more, from a copy of this checkout in another folder, with another home of cargo
//! and another target directory: the bytes must be the same, or nobody could tell what a policy's
//! digest stands for.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::{self, Scratch};
use crate::process::{self, Failure};
use crate::runtime::{Build, TARGET, cargo_home};
use crate::steps::Steps;

const PACKAGE: &str = "veracruz-runtime";

/// What a home of cargo has that a build reads; the rest may differ.
const HOME: [&str; 4] = ["registry", "git", "config.toml", "config"];

/// Builds here, unless that is done, and elsewhere, and compares.
pub(crate) fn reproduce(steps: &mut Steps) -> Result<(), Failure> {
    let here = Build::here(TARGET)?;
    steps.step("build the runtime", || {
        process::run(&mut here.command(PACKAGE)?)
    })?;
    steps.step("build the runtime in another folder, and compare", || {
        compare(&here)
    })
}

/// The same where continuous integration runs, which says so by `CI`. It is a whole build of the
/// runtime more, which nobody wants to wait for at their own machine.
pub(crate) fn reproduce_in_ci(steps: &mut Steps) -> Result<(), Failure> {
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        return reproduce(steps);
    }
    println!(
        "\nskipped: the runtime from two folders: CI is not set (`cargo xtask reproduce` does it)"
    );
    Ok(())
}

fn compare(here: &Build) -> Result<(), Failure> {
    let scratch = Scratch::beside(&cache::root()?.join("reproduce"))?;
    let folder = |name: &str| scratch.path().join(name);
    let checkout = folder("somewhere/else");
    copy_of_this_checkout(&checkout)?;
    home(&folder("home"))?;
    let there = Build::elsewhere(checkout, folder("built"), folder("home"));
    // What is needed was fetched for the first build; two homes with one store do not share a lock.
    process::run(there.command(PACKAGE)?.arg("--offline"))?;

    let (first, second) = (here.program(PACKAGE), there.program(PACKAGE));
    let (expected, found) = (cache::sha256(&first)?, cache::sha256(&second)?);
    if expected == found {
        println!("{found}  from both folders");
        return Ok(());
    }
    // To be looked into: the scratch folder goes.
    let kept = first.with_extension("from-another-folder");
    cache::copy(&second, &kept)?;
    Err(Failure::new(format!(
        "the runtime depends on where it is built:\n  {expected}  {}\n  {found}  {}",
        first.display(),
        kept.display()
    )))
}

/// Every file that git knows or would take, as it is now.
fn copy_of_this_checkout(into: &Path) -> Result<(), Failure> {
    let mut list = Command::new("git");
    list.args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ])
    .current_dir(crate::root());
    let files = process::output(&mut list)
        .ok_or_else(|| Failure::new("`git ls-files` failed: this needs a checkout with git"))?;
    for file in files.split_terminator('\0').map(PathBuf::from) {
        let from = crate::root().join(&file);
        // One that was removed is still in git's list.
        if !from.is_file() {
            continue;
        }
        let to = into.join(&file);
        if let Some(parent) = to.parent() {
            cache::make(parent)?;
        }
        cache::copy(&from, &to)?;
    }
    Ok(())
}

/// Another home of cargo, with the same sources in it.
fn home(folder: &Path) -> Result<(), Failure> {
    cache::make(folder)?;
    let home = cargo_home()?;
    for name in HOME {
        let there = home.join(name);
        if fs::symlink_metadata(&there).is_ok() {
            symlink(&there, folder.join(name))
                .map_err(|error| Failure::new(format!("link to {}: {error}", there.display())))?;
        }
    }
    Ok(())
}

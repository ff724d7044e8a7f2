//! Installs what is missing, and says what it does.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Failure};
use crate::steps::Steps;

/// What is compiled for, beside this machine: guest programs, the runtime, and the proof that the
/// `no_std` crates need no operating system.
const TARGETS: [&str; 5] = [
    "wasm32-wasip1",
    "wasm32-wasip2",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "aarch64-unknown-none",
];

/// Programs that must be there, and the Debian package that has each.
const TOOLS: [(&str, &str); 2] = [("cc", "gcc"), ("musl-gcc", "musl-tools")];

/// A C compiler for this machine and for WebAssembly: benches compile the same source for both.
const BENCH_TOOLS: [(&str, &str); 2] = [("clang-19", "clang-19"), ("wasm-ld-19", "lld-19")];

/// What there is no program of, but comes with the compiler where that is installed for benches.
const BENCH_LIBRARIES: [&str; 2] = ["wasi-libc", "libclang-rt-19-dev-wasm32"];

/// Programs of others that tests compare with, or hold against ours. PostgreSQL's server is on no
/// path; its tools are.
const TEST_TOOLS: [(&str, &str); 5] = [
    ("curl", "curl"),
    ("swtpm", "swtpm"),
    ("swtpm_setup", "swtpm-tools"),
    ("tpm2_makecredential", "tpm2-tools"),
    ("pg_ctlcluster", "postgresql"),
];

/// Python packages that tests compare with, by exact version.
const TEST_PACKAGES: [&str; 5] = [
    // The last one that `zcbor` can import.
    "cbor2==5.6.5",
    "jsonschema==4.26.0",
    "requests==2.34.2",
    "sev-snp-measure==0.0.13",
    "zcbor==0.9.1",
];

/// libFuzzer is written in C++.
const FUZZ_TOOLS: [(&str, &str); 1] = [("c++", "g++")];

/// Targets of the Rust toolchain and C compilers.
pub(crate) fn setup(steps: &mut Steps) -> Result<(), Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Failure::new(
            "isolates are built and run on Linux on x86-64 in this version of veracruz",
        ));
    }
    steps.step("setup", || {
        packages()?;
        targets()
    })
}

/// What benches need beside that. Where it cannot be installed, they say what they leave out.
pub(crate) fn setup_benches(steps: &mut Steps) -> Result<(), Failure> {
    setup(steps)?;
    steps.step("C compiler for WebAssembly", || {
        let mut missing = missing_packages(&BENCH_TOOLS);
        if missing.is_empty() {
            println!("all there");
            return Ok(());
        }
        missing.extend(BENCH_LIBRARIES);
        if let Err(failure) = install(&missing) {
            println!("not installed: {failure}");
        }
        Ok(())
    })
}

/// What some tests need beside that. Where it cannot be installed, they print that they are skipped.
/// Returns the folder of a Python that has the packages, where there is one.
pub(crate) fn setup_tests(steps: &mut Steps) -> Result<Option<PathBuf>, Failure> {
    setup(steps)?;
    steps.step("programs that tests compare with", || {
        let missing = missing_packages(&TEST_TOOLS);
        if let Err(failure) = install_if_any(&missing) {
            println!("not installed: {failure}");
        }
        Ok(python())
    })
}

fn install_if_any(missing: &[&str]) -> Result<(), Failure> {
    if missing.is_empty() {
        println!("all there");
        return Ok(());
    }
    install(missing)
}

/// A Python of our own, beside what is built; nobody else's is changed.
fn python() -> Option<PathBuf> {
    let folder = crate::root().join("target/python");
    let programs = folder.join("bin");
    // Written last: what was broken off is made anew.
    let made = folder.join("packages.txt");
    let wanted = TEST_PACKAGES.join("\n");
    if std::fs::read_to_string(&made).is_ok_and(|there| there == wanted) {
        println!("Python packages: all there");
        return Some(programs);
    }
    println!("Python packages: {}", TEST_PACKAGES.join(", "));
    let make = process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    );
    let install = make.and_then(|()| {
        process::run(
            Command::new(programs.join("python3"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(TEST_PACKAGES),
        )
    });
    let noted = install.and_then(|()| {
        std::fs::write(&made, wanted)
            .map_err(|error| Failure::new(format!("{}: {error}", made.display())))
    });
    match noted {
        Ok(()) => Some(programs),
        Err(failure) => {
            println!("not installed: {failure}");
            None
        }
    }
}

/// What fuzzing needs.
pub(crate) fn setup_fuzz(steps: &mut Steps) -> Result<(), Failure> {
    steps.step("C++ compiler", || {
        let missing = missing_packages(&FUZZ_TOOLS);
        if missing.is_empty() {
            println!("there");
            return Ok(());
        }
        install(&missing)
    })
}

/// Programs, and the Debian package that has each.
pub(crate) fn setup_tools(tools: &[(&str, &'static str)]) -> Result<(), Failure> {
    install_if_any(&missing_packages(tools))
}

/// Debian packages, whatever they contain.
pub(crate) fn setup_packages(packages: &[&str]) -> Result<(), Failure> {
    let is_installed = |package: &&&str| {
        let mut query = Command::new("dpkg-query");
        query.args(["--show", "--showformat=${db:Status-Status}", package]);
        process::output(&mut query).is_some_and(|status| status == "installed")
    };
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| !is_installed(package))
        .copied()
        .collect();
    install_if_any(&missing)
}

fn targets() -> Result<(), Failure> {
    let Some(installed) =
        process::output(Command::new("rustup").args(["target", "list", "--installed"]))
    else {
        return targets_without_rustup();
    };
    let missing = missing_targets(&installed);
    if missing.is_empty() {
        println!("Rust targets: all there");
        return Ok(());
    }
    let mut add = Command::new("rustup");
    add.args(["target", "add"])
        .args(missing)
        .current_dir(crate::root());
    println!("installing: {}", process::shown(&add));
    process::run(&mut add)
}

/// Without rustup nothing can be installed here, but a distribution may have put the targets there.
fn targets_without_rustup() -> Result<(), Failure> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))
        .ok_or_else(|| Failure::new("there is no `rustc`: install Rust from https://rustup.rs"))?;
    let libraries = std::path::Path::new(sysroot.trim()).join("lib/rustlib");
    let there: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| libraries.join(target).is_dir())
        .collect();
    let missing = missing_targets(&there.join("\n"));
    if missing.is_empty() {
        println!("Rust targets: all there");
        return Ok(());
    }
    Err(Failure::new(format!(
        "the Rust toolchain lacks targets, and there is no `rustup` to add them. \
         Install them with your distribution's tools, or install rustup and run:\n\n    \
         rustup target add {}\n",
        missing.join(" ")
    )))
}

fn missing_targets(installed: &str) -> Vec<&'static str> {
    TARGETS
        .into_iter()
        .filter(|target| !installed.lines().any(|line| line.trim() == *target))
        .collect()
}

fn packages() -> Result<(), Failure> {
    let missing = missing_packages(&TOOLS);
    if missing.is_empty() {
        println!("C compilers: all there");
        return Ok(());
    }
    install(&missing)
}

fn missing_packages(tools: &[(&str, &'static str)]) -> Vec<&'static str> {
    tools
        .iter()
        .filter(|(tool, _)| !on_path(tool))
        .map(|(_, package)| *package)
        .collect()
}

fn install(missing: &[&str]) -> Result<(), Failure> {
    let install = ["install", "--yes", "--no-install-recommends"];
    let by_hand = format!("sudo apt-get {} {}", install.join(" "), missing.join(" "));
    if !on_path("apt-get") {
        return Err(Failure::new(format!(
            "missing: the Debian packages {}. Install your distribution's equivalents \
             (on Debian: {by_hand})",
            missing.join(", ")
        )));
    }
    if !is_root() {
        return Err(Failure::new(format!(
            "missing packages. Run this, then try again:\n\n    {by_hand}\n"
        )));
    }
    println!("installing Debian packages: {}", missing.join(" "));
    // An old list is good enough where the update fails; the installation tells.
    let _ = process::run(Command::new("apt-get").arg("update"));
    process::run(
        Command::new("apt-get")
            .args(install)
            .args(missing)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(std::process::Stdio::null()),
    )
}

fn on_path(program: &str) -> bool {
    find_on_path(program).is_some()
}

pub(crate) fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The search path with `folder` before everything else.
pub(crate) fn first_on_path(folder: &Path) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    // A folder with a colon in its name cannot be on a path; then children do without it.
    std::env::join_paths(folders).unwrap_or(path)
}

pub(crate) fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        let installed = "aarch64-unknown-linux-musl\naarch64-unknown-none\nwasm32-wasip1\nx86_64-unknown-linux-gnu\n";
        assert_eq!(
            missing_targets(installed),
            ["wasm32-wasip2", "x86_64-unknown-linux-musl"]
        );
        assert_eq!(missing_targets(""), TARGETS);
    }

    #[test]
    fn a_target_with_a_longer_name_is_another_target() {
        assert!(missing_targets("wasm32-wasip1-threads\n").contains(&"wasm32-wasip1"));
    }
}

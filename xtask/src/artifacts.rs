//! What is built for people and for tests that cross processes: runtime, programs, `veracruz`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process::{self, Failure};
use crate::steps::Steps;

pub(crate) const RUNTIME_TARGET: &str = "x86_64-unknown-linux-musl";
const PROGRAM_TARGET: &str = "wasm32-wasip1";

/// Absolute paths of what was built.
pub(crate) struct Artifacts {
    /// The program inside the isolate, static: its SHA-256 is what a policy names.
    runtime: PathBuf,
    /// The command line, with the runtime beside it.
    veracruz: PathBuf,
    /// The program of the example `psi`.
    psi_program: PathBuf,
}

impl Artifacts {
    /// Builds all three, in release mode.
    pub(crate) fn build(steps: &mut Steps) -> Result<Self, Failure> {
        let target = target_directory("Cargo.toml")?;
        let programs = target_directory("programs/Cargo.toml")?;

        steps.step("build the runtime (static, reproducible)", || {
            process::run(&mut build_as_the_runtime("veracruz-runtime")?)
        })?;
        steps.step("build the example programs", || {
            process::run(
                process::cargo(["build", "--locked", "--release", "--target", PROGRAM_TARGET])
                    .args(["--manifest-path", "programs/Cargo.toml"])
                    .env(
                        "CARGO_ENCODED_RUSTFLAGS",
                        flags(&["-Ctarget-feature=+simd128"], &remapped()?),
                    ),
            )
        })?;
        steps.step("build `veracruz`", || {
            process::run(&mut process::cargo([
                "build",
                "--locked",
                "--release",
                "--package",
                "veracruz-cli",
            ]))
        })?;

        let runtime = target.join("release/veracruz-runtime");
        copy(
            &target.join(RUNTIME_TARGET).join("release/veracruz-runtime"),
            &runtime,
        )?;
        Ok(Self {
            runtime,
            veracruz: target.join("release/veracruz"),
            psi_program: programs.join(PROGRAM_TARGET).join("release/psi.wasm"),
        })
    }

    /// The built `veracruz`, with the environment that [`Self::give_to`] sets.
    pub(crate) fn veracruz_command(&self) -> Command {
        let mut command = Command::new(&self.veracruz);
        command.current_dir(crate::root());
        self.give_to(&mut command);
        command
    }

    /// Tells a child where everything is.
    pub(crate) fn give_to(&self, command: &mut Command) {
        command
            .env("VERACRUZ_RUNTIME", &self.runtime)
            .env("VERACRUZ_BIN", &self.veracruz)
            .env("VERACRUZ_PSI_PROGRAM", &self.psi_program);
    }
}

impl fmt::Display for Artifacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\nveracruz: {}", self.veracruz.display())?;
        writeln!(formatter, "runtime:  {}", self.runtime.display())?;
        write!(formatter, "psi:      {}", self.psi_program.display())
    }
}

/// The runtime's measurement must be the same from every folder and every home: paths of this
/// machine are mapped away from Rust and from C, and flags from the environment do not count.
/// A build of its own, because features that other crates want would be in it otherwise.
pub(crate) fn build_as_the_runtime(package: &str) -> Result<Command, Failure> {
    let mapped = remapped()?;
    let in_c: Vec<String> = mapped
        .iter()
        .map(|(from, to)| format!("-ffile-prefix-map={from}={to}"))
        .collect();
    let mut build = process::cargo(["build", "--locked", "--release", "--package", package]);
    build
        .args(["--target", RUNTIME_TARGET])
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&[], &mapped))
        .env("CFLAGS_x86_64_unknown_linux_musl", in_c.join(" "))
        .env("SOURCE_DATE_EPOCH", "0");
    Ok(build)
}

/// Folders of this machine, and the names that stand for them in what is built.
fn remapped() -> Result<Vec<(String, &'static str)>, Failure> {
    let home = std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")))
        .map_err(|_| Failure::new("neither CARGO_HOME nor HOME is set"))?;
    let sysroot = process::output(
        Command::new("rustc")
            .args(["--print", "sysroot"])
            .current_dir(crate::root()),
    )
    .ok_or_else(|| Failure::new("`rustc --print sysroot` failed"))?;
    let target = target_directory("Cargo.toml")?;
    // rustc takes the last one that fits, so the narrower come later.
    Ok(vec![
        (crate::root().display().to_string(), "/veracruz"),
        (home, "/cargo"),
        (sysroot.trim().to_owned(), "/rust"),
        (target.display().to_string(), "/target"),
    ])
}

/// As `CARGO_ENCODED_RUSTFLAGS` wants them: separated by the unit separator, so that a path may
/// have spaces.
fn flags(given: &[&str], mapped: &[(String, &str)]) -> String {
    let given = given.iter().map(|flag| (*flag).to_owned());
    let mapped = mapped
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
    given.chain(mapped).collect::<Vec<_>>().join("\x1f")
}

pub(crate) fn target_directory(manifest: &str) -> Result<PathBuf, Failure> {
    let mut metadata = process::cargo(["metadata", "--no-deps", "--format-version", "1"]);
    let unreadable = || Failure::new(format!("`cargo metadata` of {manifest} failed"));
    let text =
        process::output(metadata.args(["--manifest-path", manifest])).ok_or_else(unreadable)?;
    let metadata: Value = serde_json::from_str(&text).map_err(|_| unreadable())?;
    metadata
        .get("target_directory")
        .and_then(Value::as_str)
        .map(PathBuf::from)
        .ok_or_else(unreadable)
}

/// A new file with each copy: the old one may be running.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error| {
        Failure::new(format!(
            "copy {} to {}: {error}",
            from.display(),
            to.display()
        ))
    };
    let beside = to.with_extension("new");
    std::fs::copy(from, &beside).map_err(failed)?;
    std::fs::rename(&beside, to).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_stays_one_flag() {
        let flags = flags(&["-Cx"], &[("/home/a b".to_owned(), "/cargo")]);
        assert_eq!(
            flags.split('\x1f').collect::<Vec<_>>(),
            ["-Cx", "--remap-path-prefix=/home/a b=/cargo"]
        );
    }
}

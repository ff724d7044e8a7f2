//! What is built for people and for tests that cross processes: runtime, programs, `veracruz`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::image;
use crate::languages;
use crate::process::{self, Failure};
use crate::runtime::{self, Build};
use crate::steps::Steps;

const RUNTIME: &str = "veracruz-runtime";
const PROGRAM_TARGET: &str = "wasm32-wasip1";
/// Where children find images.
const IMAGES: &str = "VERACRUZ_IMAGES";

/// Absolute paths of what was built.
pub(crate) struct Artifacts {
    /// The program inside the isolate, static: its SHA-256 is what a policy names.
    runtime: PathBuf,
    /// The command line, with the runtime beside it.
    veracruz: PathBuf,
    /// The folder with the programs of the examples.
    programs: PathBuf,
    /// Where all that is built goes.
    target: PathBuf,
    /// A folder with an image of each kind, once they are made.
    images: Option<PathBuf>,
}

impl Artifacts {
    /// Builds all three, in release mode.
    pub(crate) fn build(steps: &mut Steps) -> Result<Self, Failure> {
        let target = target_directory("Cargo.toml")?;
        let programs = target_directory("programs/Cargo.toml")?;
        let build = Build::here(runtime::TARGET)?;

        steps.step("build the runtime (static, reproducible)", || {
            process::run(&mut build.command(RUNTIME)?)
        })?;
        steps.step("build the example programs", || {
            process::run(
                process::cargo(["build", "--locked", "--release", "--target", PROGRAM_TARGET])
                    .args(["--manifest-path", "programs/Cargo.toml"])
                    .env(
                        "CARGO_ENCODED_RUSTFLAGS",
                        runtime::flags(&["-Ctarget-feature=+simd128"], &build.mapped()?),
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

        let runtime = target.join("release").join(RUNTIME);
        copy(&build.program(RUNTIME), &runtime)?;
        Ok(Self {
            runtime,
            veracruz: target.join("release/veracruz"),
            images: None,
            target,
            programs: programs.join(PROGRAM_TARGET).join("release"),
        })
    }

    /// Builds the example programs that are not in Rust, as far as this machine can.
    pub(crate) fn build_other_languages(&self, steps: &mut Steps) -> Result<(), Failure> {
        languages::build(&self.programs, steps)
    }

    /// Makes the images too, unless the caller has some already; on demand also one for Arm.
    pub(crate) fn with_images(mut self, for_arm: bool, steps: &mut Steps) -> Result<Self, Failure> {
        if std::env::var_os(IMAGES).is_none() {
            self.images = Some(image::images(
                &image::Options::with_arm(for_arm),
                &self,
                steps,
            )?);
        }
        Ok(self)
    }

    /// The built `veracruz`.
    pub(crate) fn veracruz(&self) -> &Path {
        &self.veracruz
    }

    /// The built runtime.
    pub(crate) fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// The folder of all that is built.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Builds `veracruz` once more, as one that accepts evidence of emulators, which proves nothing.
    /// To be called before [`Self::build`], which leaves the one for users under its own name.
    pub(crate) fn build_for_emulators(steps: &mut Steps) -> Result<PathBuf, Failure> {
        let release = target_directory("Cargo.toml")?.join("release");
        let apart = release.join("veracruz-test-evidence");
        steps.step("build `veracruz` for evidence of emulators", || {
            process::run(&mut process::cargo([
                "build",
                "--locked",
                "--release",
                "--package",
                "veracruz-cli",
                "--features",
                "test-evidence",
            ]))?;
            copy(&release.join("veracruz"), &apart)
        })?;
        Ok(apart)
    }

    /// Has `veracruz` be another one than that for users.
    pub(crate) fn with_veracruz(self, veracruz: PathBuf) -> Self {
        Self { veracruz, ..self }
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
            .env("VERACRUZ_PROGRAMS", &self.programs);
        if let Some(images) = &self.images {
            command.env(IMAGES, images);
        }
    }
}

impl fmt::Display for Artifacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\nveracruz: {}", self.veracruz.display())?;
        writeln!(formatter, "runtime:  {}", self.runtime.display())?;
        write!(formatter, "programs: {}", self.programs.display())
    }
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

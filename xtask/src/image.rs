//! The images that isolates are started from: `target/images/<kind>`, made by the built `veracruz`,
//! which says how they measure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::artifacts::Artifacts;
use crate::cache::{self, Scratch};
use crate::cross;
use crate::kernel;
use crate::process::{self, Failure};
use crate::steps::Steps;

/// Kinds that have a kernel.
const WITH_KERNEL: [&str; 2] = ["microvm", "nitro"];

/// The image of a virtual machine for Arm, which this machine emulates.
const FOR_ARM: &str = "microvm-aarch64";

/// What `cargo xtask image` was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The kernel's folder; that of `cargo xtask kernel` where none is given.
    kernel: Option<PathBuf>,
    /// Whether there is also one of a virtual machine for Arm.
    for_arm: bool,
}

impl Options {
    /// For tests and the demo: of the kind that `words` name, if they name one for Arm.
    pub(crate) const fn with_arm(for_arm: bool) -> Self {
        Self {
            kernel: None,
            for_arm,
        }
    }

    /// `--kernel DIR`, `--arch aarch64`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        match arguments {
            [] => Ok(Self::default()),
            [name, folder] if name == "--kernel" => Ok(Self {
                kernel: Some(folder.into()),
                for_arm: false,
            }),
            [name, architecture] if name == "--arch" && architecture == "aarch64" => {
                Ok(Self::with_arm(true))
            }
            _ => Err(Failure::new("`image` takes --kernel DIR or --arch aarch64")),
        }
    }
}

/// Makes an image of each kind, and returns the folder with all of them. Where there is no kernel,
/// machines have none, and it is said why.
pub(crate) fn images(
    options: &Options,
    artifacts: &Artifacts,
    steps: &mut Steps,
) -> Result<PathBuf, Failure> {
    let kernel = match &options.kernel {
        Some(folder) => Ok(folder.clone()),
        None => kernel::kernel(kernel::Options::default(), steps),
    };
    let for_arm = options.for_arm.then(|| parts_for_arm(steps));
    let folder = artifacts.target().join("images");
    steps.step("images", || {
        let scratch = Scratch::beside(&folder)?;
        let build = |name: &str, kind: &str, kernel: Option<&Path>, runtime: Option<&Path>| {
            let mut build = artifacts.veracruz_command();
            build.args(["image", "build", "--kind", kind, "--out"]);
            build.arg(scratch.path().join(name));
            for (option, path) in [("--kernel", kernel), ("--runtime", runtime)] {
                if let Some(path) = path {
                    build.arg(option).arg(path);
                }
            }
            // What it measures to is said once all are in their place.
            process::run(build.stdout(Stdio::null()))
        };
        build("process", "process", None, None)?;
        match &kernel {
            Ok(kernel) => {
                for kind in WITH_KERNEL {
                    build(kind, kind, Some(kernel), None)?;
                }
            }
            Err(failure) => println!("skipped: images of machines: {failure}"),
        }
        match &for_arm {
            Some(Ok((kernel, runtime))) => {
                build(FOR_ARM, "microvm", Some(kernel), Some(runtime))?;
            }
            Some(Err(failure)) => println!("skipped: an image for Arm: {failure}"),
            None => {}
        }
        replace(&scratch, &folder)?;
        print(artifacts, &folder)
    })?;
    Ok(folder)
}

/// Kernel and runtime for Arm.
fn parts_for_arm(steps: &mut Steps) -> Result<(PathBuf, PathBuf), Failure> {
    let kernel = kernel::kernel(kernel::Options::for_arm(), steps)?;
    Ok((kernel, cross::runtime_for_arm(steps)?))
}

/// Puts the new folder in the place of the old one.
fn replace(new: &Scratch, place: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("replace {}: {error}", place.display()));
    if place.exists() {
        fs::remove_dir_all(place).map_err(failed)?;
    }
    cache::make(place)?;
    for entry in fs::read_dir(new.path()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        fs::rename(entry.path(), place.join(entry.file_name())).map_err(failed)?;
    }
    Ok(())
}

fn print(artifacts: &Artifacts, folder: &Path) -> Result<(), Failure> {
    for kind in ["process", FOR_ARM].into_iter().chain(WITH_KERNEL) {
        let image = folder.join(kind);
        if image.is_dir() {
            println!("{}", image.display());
            let mut measure = artifacts.veracruz_command();
            process::run(measure.args(["image", "measure"]).arg(image))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_may_be_named_and_nothing_else() {
        let parse = |text: &str| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Options::parse(&words)
        };
        assert_eq!(parse("").unwrap().kernel, None);
        assert_eq!(parse("--kernel k").unwrap().kernel, Some("k".into()));
        assert!(parse("--arch aarch64").unwrap().for_arm);
        assert!(parse("--kernel").is_err());
        assert!(parse("microvm").is_err());
    }
}

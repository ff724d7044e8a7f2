//! `cargo xtask dist`: what is given away, in archives that are the same bytes wherever they are made
//! of the same parts, with checksums, a signature, reference values and the licences of all that is
//! inside.

mod archive;
mod licences;
mod reference;
mod sign;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::artifacts::{self, Artifacts};
use crate::cache::{self, Scratch};
use crate::image;
use crate::process::Failure;
use crate::steps::Steps;
use archive::Archive;

/// The version of everything in the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `cargo xtask dist` was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The private key that signs, PEM.
    key: Option<PathBuf>,
    /// A folder with `veracruz`, `veracruz-runtime` and maybe `images`, instead of a build.
    built: Option<PathBuf>,
    /// Where archives go; `dist` beside what is built unless given.
    out: Option<PathBuf>,
    /// Whether images of machines are made and put in.
    with_images: bool,
}

impl Options {
    /// `--key FILE`, `--built DIR`, `--out DIR`, `--images`, in any order.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let place = match word.as_str() {
                "--key" => &mut options.key,
                "--built" => &mut options.built,
                "--out" => &mut options.out,
                "--images" => {
                    options.with_images = true;
                    continue;
                }
                other => {
                    return Err(Failure::new(format!(
                        "`dist` takes --key FILE, --built DIR, --out DIR and --images, not {other}"
                    )));
                }
            };
            let value = words
                .next()
                .ok_or_else(|| Failure::new(format!("{word} needs a value")))?;
            *place = Some(value.into());
        }
        Ok(options)
    }
}

/// What goes into archives.
struct Parts {
    veracruz: PathBuf,
    runtime: PathBuf,
    /// A folder with an image of each kind.
    images: Option<PathBuf>,
}

/// Builds what is not built, and makes the archives in a new folder.
///
/// # Errors
/// Where a part is missing, a tool fails, or the key does not sign.
pub(crate) fn dist(options: &Options, steps: &mut Steps) -> Result<(), Failure> {
    let parts = match &options.built {
        Some(folder) => Parts::of(folder)?,
        None => Parts::build(options.with_images, steps)?,
    };
    let out = match &options.out {
        Some(out) => std::path::absolute(out)
            .map_err(|error| Failure::new(format!("{}: {error}", out.display())))?,
        None => artifacts::target_directory("Cargo.toml")?.join("dist"),
    };
    let licences = steps.step("licences of all that is inside", licences::third_party)?;
    steps.step("archives", || {
        write(&parts, &licences, options.key.as_deref(), &out)
    })?;
    println!("\n{}", out.display());
    Ok(())
}

impl Parts {
    fn build(with_images: bool, steps: &mut Steps) -> Result<Self, Failure> {
        crate::setup::setup(steps)?;
        let artifacts = Artifacts::build(steps)?;
        let images = with_images
            .then(|| image::images(&image::Options::default(), &artifacts, steps))
            .transpose()?;
        Ok(Self {
            veracruz: artifacts.veracruz().to_owned(),
            runtime: artifacts.runtime().to_owned(),
            images,
        })
    }

    /// What somebody built before.
    fn of(folder: &Path) -> Result<Self, Failure> {
        let there = |name: &str| {
            let path = folder.join(name);
            match std::path::absolute(&path) {
                Ok(path) if path.exists() => Ok(path),
                _ => Err(Failure::new(format!("{} is not there", path.display()))),
            }
        };
        Ok(Self {
            veracruz: there("veracruz")?,
            runtime: there("veracruz-runtime")?,
            images: there("images").ok(),
        })
    }
}

/// Everything in a folder beside `out`, which then takes its name.
fn write(parts: &Parts, licences: &str, key: Option<&Path>, out: &Path) -> Result<(), Failure> {
    let scratch = Scratch::beside(out)?;
    let made = scratch.path().join("made");
    cache::make(&made)?;
    let reference = scratch.path().join("reference-values");
    reference::write(
        &parts.veracruz,
        &parts.runtime,
        parts.images.as_deref(),
        &reference,
    )?;
    let system = format!("{}-linux", std::env::consts::ARCH);

    let name = |role: &str| format!("veracruz-{role}-{VERSION}-{system}");
    let mut client = Archive::new(scratch.path(), &name("client"))?;
    let mut host = Archive::new(scratch.path(), &name("host"))?;
    for archive in [&mut client, &mut host] {
        archive.program(&parts.veracruz, "veracruz")?;
        archive.folder(&reference, "reference-values")?;
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            archive.file(&crate::root().join(licence), licence)?;
        }
        archive.text("THIRD-PARTY.txt", licences)?;
    }
    client.text(
        "README.md",
        &include_str!("client.md").replace("VERSION", VERSION),
    )?;
    host.program(&parts.runtime, "veracruz-runtime")?;
    if let Some(images) = &parts.images {
        host.folder(images, "images")?;
    }
    host.text(
        "README.md",
        &include_str!("host.md").replace("VERSION", VERSION),
    )?;
    let mut files = vec![client.pack(&made)?, host.pack(&made)?];
    for file in reference::names(&reference)? {
        // Beside the archives too, for those who only draft a policy.
        let name = format!("reference-values-{VERSION}-{file}");
        cache::copy(&reference.join(&file), &made.join(&name))?;
        files.push(name);
    }
    sign::checksums(&made, &files)?;
    sign::sign(&made, key)?;
    // All of it or nothing: an old folder with a new archive in it would mislead.
    if out.exists() {
        std::fs::remove_dir_all(out)
            .map_err(|error| Failure::new(format!("remove {}: {error}", out.display())))?;
    }
    std::fs::rename(&made, out)
        .map_err(|error| Failure::new(format!("rename to {}: {error}", out.display())))
}

//! What isolates and the demo are made of: images, firmware, the example's files.

use super::{existing, runtime};
use crate::args::{IsolateArgs, IsolateName};
use crate::error::CliError;
use crate::local::Isolates;
use std::path::{Path, PathBuf};
use veracruz_launch::Kind;
use veracruz_launch::availability::{KINDS, Machine};

/// What isolates of the kind that was asked for are started from.
pub(crate) fn isolates(arguments: &IsolateArgs) -> Result<Isolates, CliError> {
    let image = || image(arguments);
    Ok(match arguments.isolate {
        IsolateName::Process => Isolates::Process {
            runtime: runtime(arguments.runtime.as_deref())?,
        },
        IsolateName::Microvm => Isolates::Microvm { image: image()? },
        IsolateName::MicrovmMeasured => Isolates::MicrovmMeasured {
            image: image()?,
            firmware: firmware(arguments.firmware.as_deref())?,
        },
        IsolateName::Nitro => Isolates::Nitro { image: image()? },
        IsolateName::NitroEmulated => Isolates::NitroEmulated { image: image()? },
        IsolateName::SevSnp => protected(arguments, Kind::SevSnp)?,
        IsolateName::Tdx => protected(arguments, Kind::Tdx)?,
        IsolateName::Cca => protected(arguments, Kind::Cca)?,
    })
}

/// Machines that this machine's hardware protects, where it has such and all that goes with it.
/// Looking for that forks, so nothing may have started a thread yet.
fn protected(arguments: &IsolateArgs, kind: Kind) -> Result<Isolates, CliError> {
    let machine = Machine::this();
    let known = KINDS.iter().find(|known| known.name() == kind.as_str());
    let missing = known.map_or_else(Vec::new, |known| known.missing(&machine));
    if !missing.is_empty() {
        let kind = kind.to_string();
        return Err(CliError::Lacks { kind, missing });
    }
    let firmware = arguments.firmware.as_deref();
    Ok(Isolates::Protected {
        kind,
        image: image(arguments)?,
        firmware: firmware
            .map(|path| existing(path.to_owned(), "the firmware"))
            .transpose()?,
    })
}

/// An image: as given, or the one of this kind among those that were built.
fn image(arguments: &IsolateArgs) -> Result<PathBuf, CliError> {
    let of_kind = || arguments.images.join(arguments.isolate.image());
    let path = arguments.image.clone().unwrap_or_else(of_kind);
    existing(path, "the image's folder")
}

/// The firmware of measured machines: as given, or Debian's.
fn firmware(given: Option<&Path>) -> Result<PathBuf, CliError> {
    let path = given.map_or_else(
        || {
            let folder = std::env::var_os("VERACRUZ_OVMF").filter(|named| !named.is_empty());
            let folder = folder.map_or_else(|| PathBuf::from("/usr/share/OVMF"), PathBuf::from);
            folder.join("OVMF_CODE_4M.fd")
        },
        Path::to_owned,
    );
    existing(path, "the firmware")
}

/// The folder of an example: as given, or the one of that name in this repository.
pub(crate) fn example(given: Option<&Path>, name: &str) -> Result<PathBuf, CliError> {
    let path = given.map_or_else(|| Path::new(EXAMPLES).join(name), Path::to_owned);
    if given.is_none() && !path.exists() {
        let known = names(Path::new(EXAMPLES));
        if !known.is_empty() {
            let expected = format!("an example: one of {}", known.join(", "));
            return Err(CliError::argument(&expected, &name));
        }
    }
    existing(path, "the example's folder")
}

/// Where this repository has its examples.
const EXAMPLES: &str = "programs/examples";

/// The folders in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = folders
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// The compiled program of that name: where it was given, or where this repository's are built.
pub(crate) fn program(folder: Option<&Path>, name: &str) -> Result<PathBuf, CliError> {
    let built = Path::new("programs/target/wasm32-wasip1/release");
    existing(
        folder.unwrap_or(built).join(format!("{name}.wasm")),
        "the example's compiled program",
    )
}

//! The emulator: QEMU's machine `nitro-enclave`, a child of the attester like other machines.

use std::path::Path;

use veracruz_images::NitroImage;
use veracruz_machine::{Acceleration, Board, Description, Part};

use super::launcher::{MEMORY, PROCESSORS};
use crate::machine::{MachineLauncher, MachineParts};
use crate::{Kind, LaunchError};

/// A launcher of emulated enclaves from `image`, by the attester that listens at `socket`. The
/// attester is only their parent: what they measure to is said by the emulated module.
///
/// # Errors
///
/// [`LaunchError::Attester`] where it cannot be reached, or does not take the image.
pub async fn emulated(
    socket: impl AsRef<Path>,
    image: &NitroImage,
) -> Result<MachineLauncher, LaunchError> {
    // The image has its own.
    let command_line = "";
    let parts = MachineParts::new(command_line).with(Part::Enclave, image.eif().bytes())?;
    let description = Description {
        kind: Kind::NitroEmulated.as_str().into(),
        board: Board::NitroEnclave,
        acceleration: Acceleration::Auto,
        memory: MEMORY,
        processors: PROCESSORS,
        evidence: false,
        tpm: false,
        confidential: None,
    };
    MachineLauncher::connect(socket, Kind::NitroEmulated, parts, description).await
}

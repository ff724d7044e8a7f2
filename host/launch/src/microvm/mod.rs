//! Plain virtual machines: kernel, initramfs and command line, measured and started by the attester,
//! which vouches for them. *They protect nobody from the host.* See `docs/reference/microvm.md`.

use std::path::Path;

use veracruz_images::{Architecture, MachineImage};
use veracruz_machine::{Board, Description, Part};

use crate::machine::{MachineLauncher, MachineParts};
use crate::{Kind, LaunchError};

/// What a machine has where its operator says nothing else.
pub(crate) const MEMORY: u64 = 4 << 30;

/// A launcher of machines from `image`, by the attester that listens at `socket`.
///
/// # Errors
///
/// [`LaunchError::Attester`] where it cannot be reached, or does not take the image;
/// [`LaunchError::OtherMeasurement`] where it measured something else than the image.
pub async fn launcher(
    socket: impl AsRef<Path>,
    image: &MachineImage,
) -> Result<MachineLauncher, LaunchError> {
    let parts = MachineParts::new(image.command_line().as_str())
        .with(Part::Kernel, image.kernel().bytes())?
        .with(Part::Initramfs, image.initramfs().bytes())?;
    let description = description(image.architecture());
    let launcher = MachineLauncher::connect(socket, Kind::Microvm, parts, description).await?;
    let (expected, found) = (image.measurement(), launcher.measurement());
    if expected != found {
        return Err(LaunchError::OtherMeasurement { expected, found });
    }
    Ok(launcher)
}

fn description(architecture: Architecture) -> Description {
    Description {
        board: match architecture {
            Architecture::X86_64 => Board::Q35,
            Architecture::Aarch64 => Board::Virt,
        },
        memory: MEMORY,
        ..Description::microvm()
    }
}

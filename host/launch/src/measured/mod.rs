//! Virtual machines that firmware and a TPM measure while they start: the guest's own evidence is the
//! TPM's quote, and nobody on the machine vouches for it. *They protect nobody from the host:* it runs
//! the TPM, which is software, and can read the guest's memory. See `docs/reference/microvm-measured.md`.

mod firmware;

use std::path::Path;

use veracruz_images::{Architecture, MachineImage};
use veracruz_machine::{Board, Description, Part};

use crate::machine::{MachineLauncher, MachineParts};
use crate::{Kind, LaunchError};

pub use firmware::Firmware;

/// MiB of memory that a machine has. PCR 4 depends on it, so it is no setting: what `veracruz image
/// measure` is given as `--memory`.
pub const MEMORY_MEBIBYTES: u32 = 2048;

/// A launcher of machines from `image`, started by `firmware`, through the attester that listens at
/// `socket`: their parent, and no more than that.
///
/// # Errors
///
/// [`LaunchError::Attester`] where it cannot be reached, or does not take the parts;
/// [`LaunchError::Io`] where memory is short.
pub async fn launcher(
    socket: impl AsRef<Path>,
    image: &MachineImage,
    firmware: &Firmware,
) -> Result<MachineLauncher, LaunchError> {
    let parts = MachineParts::new(image.command_line().as_str())
        .with(Part::Kernel, image.efi_kernel().bytes())?
        .with(Part::Initramfs, image.initramfs().bytes())?
        .with(Part::Firmware, &firmware.code)?
        .with(Part::Variables, &firmware.variables)?;
    let description = description(image.architecture());
    MachineLauncher::connect(socket, Kind::MicrovmMeasured, parts, description).await
}

fn description(architecture: Architecture) -> Description {
    Description {
        board: match architecture {
            Architecture::X86_64 => Board::Q35,
            Architecture::Aarch64 => Board::Virt,
        },
        memory: u64::from(MEMORY_MEBIBYTES) << 20,
        evidence: false,
        tpm: true,
        ..Description::microvm()
    }
}

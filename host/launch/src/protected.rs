//! What the kinds have in common that hardware protects from the host: [`sev_snp`], [`tdx`] and
//! [`cca`].

use std::path::Path;

use veracruz_images::MachineImage;
use veracruz_machine::{Acceleration, Confidential, Description, Part};

use crate::machine::{MachineLauncher, MachineParts};
use crate::{Kind, LaunchError, cca, microvm, sev_snp, tdx};

/// A launcher of machines of such a kind from `image`, by the attester that listens at `socket`. It
/// vouches for none of them, and puts the hash of its policy into each.
///
/// # Errors
///
/// [`LaunchError::NotProtected`] for another kind, and where firmware is missing or not wanted;
/// [`LaunchError::Attester`] where the attester cannot be reached, or does not take the image.
pub async fn launcher(
    socket: impl AsRef<Path>,
    kind: Kind,
    image: &MachineImage,
    firmware: Option<&[u8]>,
) -> Result<MachineLauncher, LaunchError> {
    let guest = match kind {
        Kind::SevSnp => sev_snp::guest(),
        Kind::Tdx => tdx::guest(),
        Kind::Cca => cca::guest(),
        _ => {
            return Err(LaunchError::NotProtected {
                kind,
                firmware: false,
            });
        }
    };
    let needed = guest.has_firmware();
    if needed != firmware.is_some() {
        return Err(LaunchError::NotProtected {
            kind,
            firmware: needed,
        });
    }
    // What its firmware loads, where it has one, checks or measures kernels with an EFI stub.
    let mut parts = MachineParts::new(image.command_line().as_str())
        .with(Part::Kernel, image.efi_kernel().bytes())?
        .with(Part::Initramfs, image.initramfs().bytes())?;
    if let Some(firmware) = firmware {
        parts = parts.with(Part::Firmware, firmware)?;
    }
    let description = Description {
        memory: microvm::MEMORY,
        ..description(kind, guest)
    };
    MachineLauncher::connect(socket, kind, parts, description).await
}

/// A machine that is such a guest.
pub(crate) fn description(kind: Kind, guest: Confidential) -> Description {
    Description {
        kind: kind.as_str().into(),
        board: guest.board(),
        acceleration: Acceleration::Kvm,
        evidence: false,
        confidential: Some(guest),
        ..Description::microvm()
    }
}

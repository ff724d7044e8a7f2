//! What a TPM holds after OVMF started a kernel that QEMU handed it: PCR 0, 4 and 9 of the bank of
//! SHA-256.
//!
//! Firmware measures itself into PCR 0 and each program that it starts into PCR 4 (TCG PC Client
//! Platform Firmware Profile, sections 3.3.4.1 and 3.3.4.5); Linux' EFI stub measures its command
//! line and its initramfs into PCR 9. SeaBIOS, and a kernel that is started without firmware,
//! measure nothing.

mod authenticode;
mod firmware;
mod handed;

pub use authenticode::authenticode;
pub use firmware::{Firmware, MAX_FIRMWARE_BYTES};
pub use handed::{GuestMemory, Loading};

use veracruz_policy::{Pcrs, Sha256};

use crate::{Architecture, ImageError, MachineImage};

/// What firmware says before it starts a program (TCG, EV_EFI_ACTION).
const STARTING: &[u8] = b"Calling EFI Application from Boot Option";
/// What it says between its own measurements and those of what it starts (EV_SEPARATOR).
const SEPARATOR: [u8; 4] = [0; 4];
/// What OVMF appends to the command line of a kernel with an initramfs.
const INITRD: &str = " initrd=initrd";

/// A PCR of the SHA-256 bank, from zero on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pcr(Sha256);

impl Default for Pcr {
    fn default() -> Self {
        Self(Sha256::from_bytes([0; 32]))
    }
}

impl Pcr {
    /// Extends it by a digest: SHA-256(PCR ‖ digest).
    #[must_use]
    pub fn extended(self, digest: Sha256) -> Self {
        let both = [*self.0.as_bytes(), *digest.as_bytes()];
        Self(Sha256::of(both.as_flattened()))
    }

    /// What it holds.
    #[must_use]
    pub const fn value(self) -> Sha256 {
        self.0
    }
}

/// PCR 4: which kernel firmware loaded, and that it started it. OVMF loads a kernel from QEMU before
/// it says that it is ready to start something, hence the order.
#[must_use]
pub fn pcr4(kernel: Sha256) -> Sha256 {
    Pcr::default()
        .extended(kernel)
        .extended(Sha256::of(STARTING))
        .extended(Sha256::of(&SEPARATOR))
        .value()
}

/// PCR 9: the kernel's command line as firmware hands it on, and its initramfs.
#[must_use]
pub fn pcr9(command_line: &str, initramfs: Sha256) -> Sha256 {
    // UTF-16, least byte first, with a zero at the end.
    let handed = [command_line, INITRD, "\0"].concat();
    let load_options: Vec<u8> = handed.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Pcr::default()
        .extended(Sha256::of(&load_options))
        .extended(initramfs)
        .value()
}

impl MachineImage {
    /// What a policy's `tpm.pcrs` names for this image on a machine with this firmware. PCR 4 has a
    /// value for each way in which a QEMU hands the kernel on; it is the same kernel.
    ///
    /// # Errors
    /// `UnknownFirmware`, and as [`Self::tpm_kernel`].
    pub fn tpm_pcrs(&self, firmware: &Firmware, memory: GuestMemory) -> Result<Pcrs, ImageError> {
        let started = |loading| self.tpm_kernel(loading, memory).map(pcr4);
        let pcr4 = [Loading::Patched, Loading::AsItIs].map(started);
        let pcr9 = pcr9(self.command_line().as_str(), self.initramfs().sha256());
        Ok(Pcrs::from([
            (0, firmware.pcr0()?),
            (4, pcr4.into_iter().collect::<Result<_, _>>()?),
            (9, vec![pcr9]),
        ]))
    }

    /// The digest by which firmware knows the kernel as QEMU hands it on.
    ///
    /// # Errors
    /// `NotSupported` for another architecture than x86-64, and for a kernel of before 2013;
    /// `TooLarge` for an initramfs that does not fit into the guest's memory; `Differs` and
    /// `Truncated` for a kernel that is no EFI application.
    pub fn tpm_kernel(&self, loading: Loading, memory: GuestMemory) -> Result<Sha256, ImageError> {
        if self.architecture() != Architecture::X86_64 {
            return Err(ImageError::NotSupported {
                what: "PCRs of a machine that is not x86-64",
                reason: "nothing here knows how its firmware and QEMU hand a kernel on",
            });
        }
        let kernel = loading.handed(self.efi_kernel().bytes(), self.initramfs(), memory)?;
        authenticode(&kernel)
    }
}

//! The launch digest of an SEV-SNP virtual machine that QEMU starts: what its report says as
//! MEASUREMENT.
//!
//! The processor's firmware digests each page that the hypervisor puts into the guest before it
//! runs (AMD, "SEV Secure Nested Paging Firmware ABI Specification", 56860, section 8.17.2): the
//! guest's firmware, the pages that this firmware names in a table of its own, among them one with
//! the digests of kernel, initramfs and command line, and the registers of each processor.

mod chain;
mod firmware;
mod hashes;
mod processor;
mod registers;

pub use hashes::Started;
pub use processor::Processor;

use veracruz_policy::Sha384;

use crate::tpm::Firmware;
use crate::{ImageError, MachineImage};
use chain::{Chain, Page};
use firmware::{Section, SnpFirmware};
use registers::Registers;

/// Processors that a guest may have: QEMU's `q35` takes no more.
pub const MAX_PROCESSORS: u32 = 4096;

/// SEV features of a guest (AMD64 Architecture Programmer's Manual, volume 2, table B-4,
/// SEV_FEATURES): SNP is on, and nothing else.
pub const SNP_ACTIVE: u64 = 1;

/// How a guest is started, as far as it changes the measurement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Launch {
    /// How many processors it has: 1 to 4096.
    pub processors: u32,
    /// What they say they are.
    pub processor: Processor,
    /// SEV_FEATURES.
    pub features: u64,
}

impl Launch {
    /// One with `processors` processors of this kind, and no feature but SNP.
    #[must_use]
    pub const fn new(processors: u32, processor: Processor) -> Self {
        Self {
            processors,
            processor,
            features: SNP_ACTIVE,
        }
    }
}

impl MachineImage {
    /// What a policy's `sev-snp.measurement` names for this image with this firmware, which must be
    /// a build for SEV that checks digests (`OvmfPkg/AmdSev`), handed to QEMU with `-bios`, and with
    /// `kernel-hashes=on`.
    ///
    /// # Errors
    /// `Differs`, `Truncated`: the firmware is none for SEV-SNP, or takes no kernel. `NotSupported`
    /// for another architecture than x86-64.
    pub fn snp_measurement(
        &self,
        firmware: &Firmware,
        launch: Launch,
    ) -> Result<Sha384, ImageError> {
        if self.architecture() != crate::Architecture::X86_64 {
            return Err(ImageError::NotSupported {
                what: "SEV-SNP of a machine that is not x86-64",
                reason: "AMD alone makes processors with it",
            });
        }
        let started = Started {
            kernel: self.efi_kernel().sha256(),
            initramfs: self.initramfs().sha256(),
            command_line: self.command_line(),
        };
        launch_digest(firmware, &started, launch)
    }
}

/// The launch digest of a guest with this firmware that is started like this.
///
/// # Errors
/// `Differs`, `Truncated`: the firmware is none for SEV-SNP, or takes no kernel.
pub fn launch_digest(
    firmware: &Firmware,
    started: &Started<'_>,
    launch: Launch,
) -> Result<Sha384, ImageError> {
    if !(1..=MAX_PROCESSORS).contains(&launch.processors) {
        return Err(ImageError::differs(
            "processors",
            format!("1 to {MAX_PROCESSORS}"),
            launch.processors,
        ));
    }
    let firmware = SnpFirmware::parse(firmware.bytes())?;
    let mut chain = Chain::default();
    chain.add_content(firmware.address(), firmware.bytes())?;
    for section in firmware.sections()? {
        let Section {
            kind,
            address,
            size,
        } = section;
        match kind {
            firmware::SectionKind::Memory | firmware::SectionKind::CallingArea => {
                chain.add_empty(Page::Zero, address, size);
            }
            firmware::SectionKind::Secrets => chain.add_empty(Page::Secrets, address, size),
            firmware::SectionKind::Cpuid => chain.add_empty(Page::Cpuid, address, size),
            firmware::SectionKind::KernelHashes => {
                let table = firmware.hash_table_address()?;
                chain.add_content(address, &started.page(address, size, table)?)?;
            }
        }
    }
    let first = Registers::at_reset(launch.processor, launch.features);
    chain.add_registers(&first.page());
    if launch.processors > 1 {
        let others = first.starting_at(firmware.reset_address()?).page();
        for _ in 1..launch.processors {
            chain.add_registers(&others);
        }
    }
    Ok(chain.digest())
}

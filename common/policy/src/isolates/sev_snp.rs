//! SEV-SNP virtual machines.

use alloc::vec::Vec;

use crate::{Chips, Sha384};

/// What evidence about an SEV-SNP virtual machine must say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SevSnpIsolate {
    /// Launch digests, any of which will do. Not empty.
    pub measurement: Vec<Sha384>,
    /// Chips by CHIP_ID (64 bytes).
    pub chips: Chips,
    /// The lowest patch levels that will do, field by field.
    pub minimum_tcb: SnpTcb,
    /// The privilege level at which the report must have been asked for: 0 where the policy is
    /// silent.
    pub vmpl: u8,
    /// Which keys may sign.
    pub signing_key: SnpSigningKey,
}

/// Patch levels of SEV-SNP (AMD 56860, TCB_VERSION): each at least this; 0 is no demand.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SnpTcb {
    /// FMC firmware: Turin alone has it.
    pub fmc: u8,
    /// Boot loader.
    pub bootloader: u8,
    /// PSP operating system.
    pub tee: u8,
    /// SNP firmware.
    pub snp: u8,
    /// Microcode.
    pub microcode: u8,
}

/// Which of AMD's keys may have signed a report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SnpSigningKey {
    /// `vcek`: the chip's own key. The default.
    #[default]
    Vcek,
    /// `vlek`: a key that AMD gives to a cloud provider.
    Vlek,
    /// `any`: either.
    Any,
}

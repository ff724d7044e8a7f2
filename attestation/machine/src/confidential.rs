//! Machines whose memory their own host cannot read: what QEMU is told of them.
//!
//! Each has one field that is given when the machine is built, cannot be changed afterwards and
//! stands in all of its evidence. Isolates have the hash of their policy there.

use std::str::FromStr;

use data_encoding::BASE64;
use minicbor::{Decode, Encode};

use crate::Board;

/// The name of the object on QEMU's command line.
pub(crate) const OBJECT: &str = "confidential";

/// Hardware that protects a machine from whoever runs it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[non_exhaustive]
pub enum Confidential {
    /// AMD SEV-SNP: the object `sev-snp-guest`, of QEMU 9.1 and later.
    #[n(0)]
    SevSnp(#[n(0)] SevSnp),
    /// Intel TDX: the object `tdx-guest`, of QEMU 10.1 and later.
    #[n(1)]
    Tdx(#[n(0)] Tdx),
    /// Arm CCA: the object `rme-guest`, which no release of QEMU has; its patches do (version 3 and
    /// later, with `measurement-algorithm`).
    #[n(2)]
    Cca(#[n(0)] Cca),
}

impl Confidential {
    /// Puts the hash of a policy into the field that is given at the launch, with zeros after it.
    pub fn fix_policy(&mut self, hash: &[u8; 32]) {
        let field: &mut [u8] = match self {
            Self::SevSnp(guest) => &mut guest.host_data,
            Self::Tdx(guest) => &mut guest.mr_config_id,
            Self::Cca(guest) => &mut guest.personalization,
        };
        field.fill(0);
        for (place, byte) in field.iter_mut().zip(hash) {
            *place = *byte;
        }
    }

    /// The board of such a machine.
    #[must_use]
    pub fn board(&self) -> Board {
        match self {
            Self::SevSnp(_) | Self::Tdx(_) => Board::Q35,
            Self::Cca(_) => Board::Virt,
        }
    }

    /// Whether it starts in firmware, which measures or checks what it loads. A realm starts in its
    /// kernel, which is measured with the realm.
    #[must_use]
    pub fn has_firmware(&self) -> bool {
        match self {
            Self::SevSnp(_) | Self::Tdx(_) => true,
            Self::Cca(_) => false,
        }
    }

    /// What processors say that they are.
    pub(crate) fn processor(&self) -> &'static str {
        match self {
            Self::SevSnp(guest) => guest.processor.name(),
            // QEMU and the module of TDX take no other.
            Self::Tdx(_) | Self::Cca(_) => "host",
        }
    }

    /// What is added to the value of `-machine`.
    pub(crate) fn of_machine(&self) -> String {
        let interrupts = match self {
            // The module of TDX gives the guest its interrupt controller.
            Self::Tdx(_) => ",kernel-irqchip=split",
            Self::SevSnp(_) | Self::Cca(_) => "",
        };
        format!(",confidential-guest-support={OBJECT}{interrupts}")
    }

    /// The value of `-object`.
    pub(crate) fn object(&self) -> String {
        match self {
            Self::SevSnp(guest) => guest.object(),
            Self::Tdx(guest) => guest.object(),
            Self::Cca(guest) => guest.object(),
        }
    }
}

/// An SEV-SNP guest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SevSnp {
    /// HOST_DATA.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub host_data: [u8; 32],
    /// What the guest lets be done to it (SEV-SNP firmware ABI, 56860, section 4.3).
    #[n(1)]
    pub policy: u64,
    /// Which bit of an address says that memory is encrypted: CPUID leaf 8000_001F, EBX 5:0. QEMU
    /// refuses any but the host's.
    #[n(2)]
    pub c_bit: u8,
    /// The processor, which counts in the measurement.
    #[n(3)]
    pub processor: Epyc,
}

impl SevSnp {
    /// Simultaneous multithreading is allowed (bit 16); bit 17 must be one. Not allowed: debugging
    /// (19), migration (18).
    pub const POLICY: u64 = 0x3_0000;

    /// Where processors that have SEV-SNP have the bit.
    pub const C_BIT: u8 = 51;

    /// A guest that nobody can debug or migrate.
    #[must_use]
    pub fn new(host_data: [u8; 32]) -> Self {
        Self {
            host_data,
            policy: Self::POLICY,
            c_bit: Self::C_BIT,
            processor: Epyc::V4,
        }
    }

    fn object(&self) -> String {
        format!(
            "sev-snp-guest,id={OBJECT},policy={:#x},cbitpos={},reduced-phys-bits=1,\
             kernel-hashes=on,host-data={}",
            self.policy,
            self.c_bit,
            BASE64.encode(&self.host_data)
        )
    }
}

/// A model of AMD's processors, as QEMU shows it to guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Epyc {
    /// What all of them can be, so that one measurement holds on all.
    #[n(0)]
    V4,
    /// The third generation.
    #[n(1)]
    Milan,
    /// The fourth generation.
    #[n(2)]
    Genoa,
}

impl Epyc {
    /// QEMU's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "EPYC-v4",
            Self::Milan => "EPYC-Milan",
            Self::Genoa => "EPYC-Genoa",
        }
    }
}

impl FromStr for Epyc {
    type Err = ();

    /// QEMU's name.
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::V4, Self::Milan, Self::Genoa]
            .into_iter()
            .find(|model| model.name() == text)
            .ok_or(())
    }
}

/// A TDX guest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Tdx {
    /// MRCONFIGID.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub mr_config_id: [u8; 48],
    /// Where the host's quote generation service listens on vsock: without it the guest has no
    /// evidence.
    #[n(1)]
    pub quotes: QuoteService,
}

/// The address of a quote generation service on vsock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct QuoteService {
    /// The context; 2 is the host.
    #[n(0)]
    pub cid: u32,
    /// The port; Intel's service has 4050.
    #[n(1)]
    pub port: u32,
}

impl QuoteService {
    /// Intel's service on this host.
    pub const HERE: Self = Self { cid: 2, port: 4050 };
}

impl Tdx {
    /// A guest whose quotes come from this host's service.
    #[must_use]
    pub fn new(mr_config_id: [u8; 48]) -> Self {
        Self {
            mr_config_id,
            quotes: QuoteService::HERE,
        }
    }

    fn object(&self) -> String {
        let QuoteService { cid, port } = self.quotes;
        let mr_config_id = BASE64.encode(&self.mr_config_id);
        // A structure within the object, which only QEMU's JSON can say.
        format!(
            r#"{{"qom-type":"tdx-guest","id":"{OBJECT}","mrconfigid":"{mr_config_id}","quote-generation-socket":{{"type":"vsock","cid":"{cid}","port":"{port}"}}}}"#
        )
    }
}

/// An Arm realm.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Cca {
    /// The realm's personalization value.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub personalization: [u8; 64],
    /// What the realm is measured with.
    #[n(1)]
    pub measurement: MeasurementAlgorithm,
}

/// What a realm's measurements are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum MeasurementAlgorithm {
    /// SHA-256.
    #[n(0)]
    Sha256,
    /// SHA-512.
    #[n(1)]
    Sha512,
}

impl Cca {
    /// A realm that is measured with SHA-512, as QEMU does where nobody says.
    #[must_use]
    pub fn new(personalization: [u8; 64]) -> Self {
        Self {
            personalization,
            measurement: MeasurementAlgorithm::Sha512,
        }
    }

    fn object(&self) -> String {
        let algorithm = match self.measurement {
            MeasurementAlgorithm::Sha256 => "sha256",
            MeasurementAlgorithm::Sha512 => "sha512",
        };
        format!(
            "rme-guest,id={OBJECT},measurement-algorithm={algorithm},personalization-value={}",
            BASE64.encode(&self.personalization)
        )
    }
}

//! AMD's products with SEV-SNP, and what differs between them.

use veracruz_policy::SnpTcb;

use crate::{AppraisalError, Root};

/// A line of EPYC processors that has a root of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    /// EPYC 7003.
    Milan,
    /// EPYC 9004, 8004 and 4004: Genoa, Bergamo, Siena.
    Genoa,
    /// EPYC 9005.
    Turin,
}

impl Product {
    pub(super) const ALL: [Self; 3] = [Self::Milan, Self::Genoa, Self::Turin];

    /// The name in addresses of AMD's key distribution service and in names of its certificates.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        }
    }

    /// Where its chains end.
    pub(super) const fn root(self) -> Root {
        match self {
            Self::Milan => Root::AmdMilan,
            Self::Genoa => Root::AmdGenoa,
            Self::Turin => Root::AmdTurin,
        }
    }

    /// The product of a processor; family and model as CPUID gives them, extensions added
    /// (AMD 57230 section 3.1, and AMD's revision guides for the models).
    pub(super) const fn of_cpuid(family: u8, model: u8) -> Option<Self> {
        match (family, model) {
            (0x19, 0x00..=0x0f) => Some(Self::Milan),
            (0x19, 0x10..=0x1f | 0xa0..=0xaf) => Some(Self::Genoa),
            (0x1a, 0x00..=0x1f) => Some(Self::Turin),
            _ => None,
        }
    }

    /// How many bytes of CHIP_ID are used; the others are zero.
    pub(super) const fn chip_id_bytes(self) -> usize {
        match self {
            Self::Milan | Self::Genoa => 64,
            Self::Turin => 8,
        }
    }

    /// Reads a TCB_VERSION (AMD 56860 section 2.2), whose layout changed with Turin.
    pub(super) fn tcb(self, field: &'static str, bytes: [u8; 8]) -> Result<SnpTcb, AppraisalError> {
        let (tcb, reserved) = match (self, bytes) {
            (Self::Milan | Self::Genoa, [bootloader, tee, a, b, c, d, snp, microcode]) => {
                let tcb = SnpTcb {
                    fmc: 0,
                    bootloader,
                    tee,
                    snp,
                    microcode,
                };
                (tcb, [a, b, c, d])
            }
            (Self::Turin, [fmc, bootloader, tee, snp, a, b, c, microcode]) => {
                let tcb = SnpTcb {
                    fmc,
                    bootloader,
                    tee,
                    snp,
                    microcode,
                };
                (tcb, [a, b, c, 0])
            }
        };
        if reserved != [0; 4] {
            return Err(AppraisalError::Malformed {
                part: "report",
                reason: format!("{field} has reserved bytes that are not zero"),
            });
        }
        Ok(tcb)
    }
}

/// The parts of a TCB version with their names, FMC first.
pub(super) const fn parts(tcb: &SnpTcb) -> [(&'static str, u8); 5] {
    [
        ("FMC", tcb.fmc),
        ("boot loader", tcb.bootloader),
        ("TEE", tcb.tee),
        ("SNP", tcb.snp),
        ("microcode", tcb.microcode),
    ]
}

/// Whether every part of `tcb` is at least that of `least`.
pub(super) fn at_least(tcb: &SnpTcb, least: &SnpTcb) -> bool {
    parts(tcb)
        .iter()
        .zip(parts(least))
        .all(|((_, found), (_, least))| *found >= least)
}

/// A TCB version as text: `FMC 0, boot loader 4, TEE 0, SNP 24, microcode 219`.
pub(super) fn text(tcb: &SnpTcb) -> String {
    parts(tcb)
        .map(|(name, value)| format!("{name} {value}"))
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_layouts_of_a_tcb_version_are_not_mixed_up() {
        let bytes = [4, 1, 0, 0, 0, 0, 24, 219];
        let milan = Product::Milan.tcb("REPORTED_TCB", bytes).unwrap();
        assert_eq!(
            text(&milan),
            "FMC 0, boot loader 4, TEE 1, SNP 24, microcode 219"
        );
        // In Turin's layout byte 6 is reserved.
        assert!(matches!(
            Product::Turin.tcb("REPORTED_TCB", bytes),
            Err(AppraisalError::Malformed { .. })
        ));
        let turin = Product::Turin
            .tcb("REPORTED_TCB", [1, 2, 3, 4, 0, 0, 0, 5])
            .unwrap();
        assert_eq!(
            text(&turin),
            "FMC 1, boot loader 2, TEE 3, SNP 4, microcode 5"
        );
    }

    #[test]
    fn every_part_counts_in_a_minimum() {
        let tcb = Product::Turin
            .tcb("REPORTED_TCB", [1, 2, 3, 4, 0, 0, 0, 5])
            .unwrap();
        assert!(at_least(&tcb, &SnpTcb::default()));
        assert!(at_least(&tcb, &tcb));
        for raised in [
            SnpTcb { fmc: 2, ..tcb },
            SnpTcb {
                bootloader: 3,
                ..tcb
            },
            SnpTcb { tee: 4, ..tcb },
            SnpTcb { snp: 5, ..tcb },
            SnpTcb {
                microcode: 6,
                ..tcb
            },
        ] {
            assert!(!at_least(&tcb, &raised));
        }
    }
}

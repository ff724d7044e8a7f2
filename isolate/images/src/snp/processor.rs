//! Processors, by what CPUID says of them.

use std::str::FromStr;

use crate::ImageError;

/// A processor that QEMU shows to a guest (`-cpu`), by its signature: the value of CPUID leaf 1 in
/// EAX, which is in the register DX at the start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Processor {
    signature: u32,
}

impl Processor {
    /// `EPYC` and its versions up to `EPYC-v4`.
    pub const EPYC: Self = Self::new(23, 1, 2);
    /// `EPYC-Rome`.
    pub const EPYC_ROME: Self = Self::new(23, 49, 0);
    /// `EPYC-Milan`.
    pub const EPYC_MILAN: Self = Self::new(25, 1, 1);
    /// `EPYC-Genoa`.
    pub const EPYC_GENOA: Self = Self::new(25, 17, 0);
    /// `EPYC-Turin`.
    pub const EPYC_TURIN: Self = Self::new(26, 0, 0);

    /// A processor by family, model and stepping (AMD64 Architecture Programmer's Manual, volume 3,
    /// appendix E, Fn0000_0001_EAX).
    #[must_use]
    pub const fn new(family: u8, model: u8, stepping: u8) -> Self {
        const BASE: u8 = 0xf;
        let (base, more) = if family > BASE {
            (BASE, family - BASE)
        } else {
            (family, 0)
        };
        Self {
            signature: (more as u32) << 20
                | ((model >> 4) as u32) << 16
                | (base as u32) << 8
                | ((model & 0xf) as u32) << 4
                | (stepping & 0xf) as u32,
        }
    }

    pub(super) const fn signature(self) -> u32 {
        self.signature
    }
}

impl FromStr for Processor {
    type Err = ImageError;

    /// QEMU's name, with or without a version: `EPYC-Milan-v2`.
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let unversioned = match text.rsplit_once("-v") {
            Some((name, version)) if version.parse::<u8>().is_ok() => name,
            _ => text,
        };
        match unversioned {
            "EPYC" | "EPYC-IBPB" => Ok(Self::EPYC),
            "EPYC-Rome" => Ok(Self::EPYC_ROME),
            "EPYC-Milan" => Ok(Self::EPYC_MILAN),
            "EPYC-Genoa" => Ok(Self::EPYC_GENOA),
            "EPYC-Turin" => Ok(Self::EPYC_TURIN),
            _ => Err(ImageError::differs(
                "processor",
                "EPYC, EPYC-Rome, EPYC-Milan, EPYC-Genoa or EPYC-Turin",
                text,
            )),
        }
    }
}

//! Firmware and what it measures of itself.

use std::path::Path;

use veracruz_policy::Sha256;

use crate::bytes::Bytes;
use crate::{ImageError, files};

/// Most bytes of firmware: QEMU maps up to 8 MiB, of which code and variables are part.
pub const MAX_FIRMWARE_BYTES: u64 = 16 << 20;

const PART: &str = "firmware";

/// A build of OVMF, the part with its code.
#[derive(Clone, Debug)]
pub struct Firmware {
    bytes: Vec<u8>,
    sha256: Sha256,
    /// By whoever measured it, where nothing here knows it.
    pcr0: Option<Sha256>,
}

/// What a build measures into PCR 0: its version, and its two volumes as they are in memory. One of
/// them has run by then and changed itself, so the file does not tell; a machine that anyone can
/// start does, once.
struct Known {
    name: &'static str,
    /// SHA-256 of the file with the code.
    code: &'static str,
    pcr0: &'static str,
}

const KNOWN: &[Known] = &[Known {
    name: "Debian's ovmf 2025.02-8+deb13u1, OVMF_CODE_4M.fd",
    code: "624e06de18b4fa535e90db7160d00d3d07d206422b89999bf1e27d920264e4e0",
    pcr0: "0101271704ccc2360ddbb08438d591c23fb8a0a9cb0cebc60cefea7868833f8e",
}];

impl Firmware {
    /// Reads a file, as `OVMF_CODE_4M.fd`.
    ///
    /// # Errors
    /// `File`, `TooLarge`.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        files::read(path, PART, MAX_FIRMWARE_BYTES).and_then(Self::parse)
    }

    /// Takes the bytes of such a file.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ImageError> {
        Bytes::new(PART, &bytes).at_most(MAX_FIRMWARE_BYTES)?;
        let sha256 = Sha256::of(&bytes);
        Ok(Self {
            bytes,
            sha256,
            pcr0: None,
        })
    }

    /// The same, which measures to `pcr0`: for a build that nothing here knows.
    #[must_use]
    pub fn measuring_to(self, pcr0: Sha256) -> Self {
        Self {
            pcr0: Some(pcr0),
            ..self
        }
    }

    /// Its SHA-256.
    #[must_use]
    pub const fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Whose build it is, where that is known.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.known().map(|known| known.name)
    }

    /// The values of PCR 0 that a machine with this firmware can have.
    ///
    /// # Errors
    /// `UnknownFirmware`.
    pub fn pcr0(&self) -> Result<Vec<Sha256>, ImageError> {
        let known = || self.known().and_then(|known| known.pcr0.parse().ok());
        let value = self.pcr0.or_else(known);
        value
            .map(|value| vec![value])
            .ok_or(ImageError::UnknownFirmware { found: self.sha256 })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn known(&self) -> Option<&'static Known> {
        KNOWN
            .iter()
            .find(|known| known.code.parse() == Ok(self.sha256))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_build_has_digests() {
        for known in KNOWN {
            for digest in [known.code, known.pcr0] {
                digest.parse::<Sha256>().unwrap();
            }
        }
    }
}

//! The content of TPM 2.0 evidence: a quote, and everything that it is over.
//!
//! A CBOR map with these keys:
//!
//! | key | what |
//! |---|---|
//! | 1 | byte string: `TPMS_ATTEST`, the quote (TCG TPM 2.0 Library, part 2, section 10.12.12) |
//! | 2 | byte string: `TPMT_SIGNATURE` over it (11.3.4) |
//! | 3 | byte string: `TPMT_PUBLIC` of the attestation key (12.2.4); who appraises takes `TPM2B_PUBLIC` and a DER SubjectPublicKeyInfo as well |
//! | 4 | map: index of a PCR → byte string, its value in the SHA-256 bank |
//! | 5 | byte string: the firmware's event log in the crypto-agile form (TCG PC Client Platform Firmware Profile, section 10), or empty |
//! | 6 | array of byte strings: certificates of the attestation key, DER, leaf first; or empty |
//! | 7 | byte string: `TPMT_PUBLIC` of the endorsement key |
//! | 8 | array of byte strings: certificates of the endorsement key, DER, leaf first |
//!
//! 7 and 8 are there where the TPM has a certificate of its endorsement key, and both or neither.
//!
//! ```
//! use veracruz_evidence::tpm::{self, TpmContent};
//!
//! let content = TpmContent {
//!     attest: vec![0xff], // and so on
//!     ..TpmContent::default()
//! };
//! let evidence = tpm::evidence(&content);
//! assert_eq!(tpm::parse(evidence.content())?, content);
//! # Ok::<(), veracruz_evidence::cbor::CborError>(())
//! ```

mod credential;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use veracruz_policy::Sha256;

use crate::cbor::{CborError, Reader, Writer};
use crate::{Evidence, Technology};

pub use credential::{
    Credential, MAX_CREDENTIAL_BLOB_BYTES, MAX_CREDENTIAL_SECRET_BYTES, credential_answer,
};

/// The most bytes of an event log, wherever it comes from.
pub const MAX_LOG_BYTES: usize = 1 << 20;

/// The registers of a TPM.
const REGISTERS: usize = 24;
/// The most bytes of a structure of the TPM: its buffers have 4 KiB.
const MAX_STRUCTURE_BYTES: usize = 4096;
/// The most certificates, and bytes of one.
const MAX_CERTIFICATES: usize = 8;
const MAX_CERTIFICATE_BYTES: usize = 8192;

/// A quote and what it is over, as the TPM and the firmware gave them. Nothing in it was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TpmContent {
    /// `TPMS_ATTEST`.
    pub attest: Vec<u8>,
    /// `TPMT_SIGNATURE`.
    pub signature: Vec<u8>,
    /// `TPMT_PUBLIC` of the key that signed, or another form of it.
    pub public: Vec<u8>,
    /// Values of PCRs in the SHA-256 bank, by index from 0 to 23.
    pub registers: BTreeMap<u8, Sha256>,
    /// The event log, or nothing.
    pub log: Vec<u8>,
    /// Certificates of the key, leaf first, or none.
    pub certificates: Vec<Vec<u8>>,
    /// The endorsement key of the TPM, where it has one that somebody certified.
    pub endorsement: Option<Endorsement>,
}

/// The key with which a TPM was born, and who says so. That the attestation key is in that TPM is
/// not shown by this, but by activating a [`Credential`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endorsement {
    /// `TPMT_PUBLIC`.
    pub public: Vec<u8>,
    /// Its certificates, leaf first.
    pub certificates: Vec<Vec<u8>>,
}

/// Evidence of a TPM.
pub fn evidence(content: &TpmContent) -> Evidence {
    Evidence::new(Technology::Tpm, content.encode())
}

/// Reads the content of TPM evidence.
///
/// # Errors
/// Every variant of [`CborError`] that the [rules](crate::cbor) give.
pub fn parse(content: &[u8]) -> Result<TpmContent, CborError> {
    let mut r = Reader::new(content)?;
    let pairs = r.map(8)?;
    r.key(1, "key 1 (quote)")?;
    let attest = r.bytes(MAX_STRUCTURE_BYTES)?.into();
    r.key(2, "key 2 (signature)")?;
    let signature = r.bytes(MAX_STRUCTURE_BYTES)?.into();
    r.key(3, "key 3 (public area)")?;
    let public = r.bytes(MAX_STRUCTURE_BYTES)?.into();
    r.key(4, "key 4 (registers)")?;
    let mut registers = BTreeMap::new();
    for _ in 0..r.map(REGISTERS)? {
        let offset = r.offset();
        let index = u8::try_from(r.unsigned()?)
            .ok()
            .filter(|index| usize::from(*index) < REGISTERS)
            .ok_or(CborError::Unexpected {
                offset,
                expected: "the index of a PCR",
            })?;
        registers.insert(index, Sha256::from_bytes(r.byte_array()?));
    }
    r.key(5, "key 5 (event log)")?;
    let log = r.bytes(MAX_LOG_BYTES)?.into();
    r.key(6, "key 6 (certificates)")?;
    let certificates = read_certificates(&mut r)?;
    let endorsement = (pairs > 6).then(|| endorsement(&mut r)).transpose()?;
    Ok(TpmContent {
        attest,
        signature,
        public,
        registers,
        log,
        certificates,
        endorsement,
    })
}

fn endorsement(r: &mut Reader<'_>) -> Result<Endorsement, CborError> {
    r.key(7, "key 7 (endorsement key)")?;
    let public = r.bytes(MAX_STRUCTURE_BYTES)?.into();
    r.key(8, "key 8 (certificates of the endorsement key)")?;
    let certificates = read_certificates(r)?;
    Ok(Endorsement {
        public,
        certificates,
    })
}

fn read_certificates(r: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, CborError> {
    (0..r.array(MAX_CERTIFICATES)?)
        .map(|_| r.bytes(MAX_CERTIFICATE_BYTES).map(Into::into))
        .collect()
}

impl TpmContent {
    /// Its CBOR, without the envelope.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::encode(|w| {
            w.map(|m| {
                m.int(1, |w| w.bytes(&self.attest));
                m.int(2, |w| w.bytes(&self.signature));
                m.int(3, |w| w.bytes(&self.public));
                m.int(4, |w| {
                    w.map(|m| {
                        for (index, value) in &self.registers {
                            m.int((*index).into(), |w| w.bytes(value.as_bytes()));
                        }
                    });
                });
                m.int(5, |w| w.bytes(&self.log));
                m.int(6, |w| write_certificates(w, &self.certificates));
                if let Some(endorsement) = &self.endorsement {
                    m.int(7, |w| w.bytes(&endorsement.public));
                    m.int(8, |w| write_certificates(w, &endorsement.certificates));
                }
            });
        })
    }
}

fn write_certificates(w: &mut Writer, certificates: &[Vec<u8>]) {
    w.array(certificates.len());
    for certificate in certificates {
        w.bytes(certificate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn content() -> TpmContent {
        TpmContent {
            attest: vec![1; 100],
            signature: vec![2; 72],
            public: vec![3; 88],
            registers: [0, 15, 23]
                .map(|index| (index, Sha256::of(&[index])))
                .into(),
            log: vec![4; 5000],
            certificates: vec![vec![5; 800], vec![6; 700]],
            endorsement: Some(Endorsement {
                public: vec![7; 314],
                certificates: vec![vec![8; 1000]],
            }),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let without = TpmContent {
            endorsement: None,
            ..content()
        };
        for content in [content(), without, TpmContent::default()] {
            let evidence = evidence(&content);
            assert_eq!(evidence.technology(), Technology::Tpm);
            assert_eq!(parse(evidence.content()), Ok(content));
        }
    }

    #[test]
    fn refuses_every_truncation_a_further_byte_and_a_register_that_no_tpm_has() {
        let good = content().encode();
        for length in 0..good.len() {
            assert!(parse(&good[..length]).is_err(), "cut to {length} bytes");
        }
        assert!(parse(&[&good[..], &[0]].concat()).is_err());
        let half = Writer::encode(|w| {
            w.map(|m| {
                for key in [1, 2, 3, 5, 7] {
                    m.int(key, |w| w.bytes(&[]));
                }
                m.int(4, |w| w.map(|_| {}));
                m.int(6, |w| w.array(0));
            });
        });
        assert!(matches!(
            parse(&half),
            Err(CborError::Unexpected {
                expected: "key 8 (certificates of the endorsement key)",
                ..
            })
        ));
        let mut content = content();
        content.registers.insert(24, Sha256::of(b""));
        assert!(matches!(
            parse(&content.encode()),
            Err(CborError::Unexpected {
                expected: "the index of a PCR",
                ..
            })
        ));
    }
}

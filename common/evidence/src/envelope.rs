//! The envelope around evidence of every format.

use alloc::vec::Vec;
use core::fmt;

use crate::cbor::{CborError, Reader, Writer};

/// The longest evidence that is taken, envelope included. Quotes with their certificate chains
/// have up to 20 KiB; the rest is room for event logs.
pub const MAX_EVIDENCE_BYTES: usize = 64 * 1024;

/// Media types are at most 127 characters before and after the slash (RFC 6838 section 4.2), with
/// a parameter to follow.
const MAX_MEDIA_TYPE_BYTES: usize = 512;

/// What kind of evidence it is, and so who vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Technology {
    /// A program (`veracruz-attester`) started the isolate and signs for it: [`crate::sw_rot`].
    /// No hardware is behind it, so it proves nothing against the host.
    SoftwareRootOfTrust,
    /// Intel SGX: a DCAP quote, version 3.
    Sgx,
    /// Intel TDX: a DCAP quote, version 4 or 5.
    Tdx,
    /// AMD SEV-SNP: CBOR `[report, certificates]`, the report of 1184 bytes (AMD 56860, ATTESTATION_REPORT)
    /// and the certificate table that came with it (GHCB specification, section 4.1.8.1; may be empty).
    SevSnp,
    /// AWS Nitro: the attestation document, COSE_Sign1 with ES384.
    Nitro,
    /// Arm CCA: the token of the realm management monitor, a collection of two tokens.
    Cca,
    /// PSA token, RFC 9783.
    Psa,
    /// TPM 2.0: a quote with what it is over.
    Tpm,
    /// Azure's confidential virtual machines: a quote of the vTPM and the report of the hardware
    /// that vouches for its key.
    AzureVtpm,
}

impl Technology {
    /// Every technology that this version knows.
    pub const ALL: &[Self] = &[
        Self::SoftwareRootOfTrust,
        Self::Sgx,
        Self::Tdx,
        Self::SevSnp,
        Self::Nitro,
        Self::Cca,
        Self::Psa,
        Self::Tpm,
        Self::AzureVtpm,
    ];

    /// The media type that marks evidence of this technology in the envelope.
    pub const fn media_type(self) -> &'static str {
        match self {
            // RFC 9782: an EAT as CWT; the profile is that of crate::sw_rot::PROFILE.
            Self::SoftwareRootOfTrust => {
                "application/eat+cwt; eat_profile=\"tag:veracruz.internal,2026:sw-rot#1\""
            }
            // RFC 9783 section 6.
            Self::Psa => "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"",
            // The others have no registered type.
            Self::Sgx => "application/vnd.veracruz.sgx-quote",
            Self::Tdx => "application/vnd.veracruz.tdx-quote",
            Self::SevSnp => "application/vnd.veracruz.sev-snp-report+cbor",
            Self::Nitro => "application/vnd.veracruz.nitro-document+cose",
            Self::Cca => "application/vnd.veracruz.cca-token+cbor",
            Self::Tpm => "application/vnd.veracruz.tpm-quote+cbor",
            Self::AzureVtpm => "application/vnd.veracruz.azure-vtpm+cbor",
        }
    }

    /// A short name for logs, policies and the command line: `sw-rot`, `sev-snp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SoftwareRootOfTrust => "sw-rot",
            Self::Sgx => "sgx",
            Self::Tdx => "tdx",
            Self::SevSnp => "sev-snp",
            Self::Nitro => "nitro",
            Self::Cca => "cca",
            Self::Psa => "psa",
            Self::Tpm => "tpm",
            Self::AzureVtpm => "azure-vtpm",
        }
    }

    /// Whether the technology, where its evidence is good, keeps the host out of the isolate.
    pub const fn protects_from_host(self) -> bool {
        match self {
            // A TPM says what was started, and leaves memory to whoever runs the machine.
            Self::SoftwareRootOfTrust | Self::Tpm => false,
            Self::Sgx
            | Self::Tdx
            | Self::SevSnp
            | Self::Nitro
            | Self::Cca
            | Self::Psa
            | Self::AzureVtpm => true,
        }
    }
}

impl fmt::Display for Technology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Evidence as it travels: bytes of some format, marked with what format it is.
///
/// On the wire a conceptual message wrapper of RATS (draft-ietf-rats-msg-wrap), as a CBOR record:
/// `[media type, byte string]`. Nothing in it was verified; see `veracruz-appraisal`.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    technology: Technology,
    content: Vec<u8>,
}

impl Evidence {
    /// Puts evidence of a known format into the envelope.
    pub const fn new(technology: Technology, content: Vec<u8>) -> Self {
        Self {
            technology,
            content,
        }
    }

    /// Opens an envelope.
    ///
    /// # Errors
    /// `TooLong` before anything is looked at, then `Malformed`, then `UnknownTechnology`.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        if bytes.len() > MAX_EVIDENCE_BYTES {
            return Err(EvidenceError::TooLong { found: bytes.len() });
        }
        let mut reader = Reader::new(bytes)?;
        reader.tuple(2)?;
        let media_type = reader.text(MAX_MEDIA_TYPE_BYTES)?;
        let content = reader.bytes(MAX_EVIDENCE_BYTES)?;
        let technology = Technology::ALL
            .iter()
            .copied()
            .find(|technology| technology.media_type() == media_type)
            .ok_or_else(|| EvidenceError::UnknownTechnology {
                found: media_type.into(),
            })?;
        Ok(Self {
            technology,
            content: content.into(),
        })
    }

    /// Writes the envelope.
    pub fn encode(&self) -> Vec<u8> {
        Writer::encode(|w| {
            w.array(2);
            w.text(self.technology.media_type());
            w.bytes(&self.content);
        })
    }

    /// What the envelope says that its content is.
    pub const fn technology(&self) -> Technology {
        self.technology
    }

    /// The content, in the format of its technology.
    pub fn content(&self) -> &[u8] {
        &self.content
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Evidence({}, {} bytes)",
            self.technology,
            self.content.len()
        )
    }
}

/// Bytes that are not an envelope with evidence of a known technology. The sender is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// Longer than [`MAX_EVIDENCE_BYTES`].
    #[error("evidence of {found} bytes, at most {MAX_EVIDENCE_BYTES} are taken")]
    TooLong {
        /// The length found, in bytes.
        found: usize,
    },
    /// Not an envelope.
    #[error("not an evidence envelope: {0}")]
    Malformed(#[from] CborError),
    /// The envelope's media type is none that this version knows.
    #[error("evidence of an unknown technology: {found:?}")]
    UnknownTechnology {
        /// The media type found.
        found: alloc::string::String,
    },
}

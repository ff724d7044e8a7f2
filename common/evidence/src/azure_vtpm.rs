//! The content of evidence of Azure's confidential virtual machines: a quote of the vTPM, and the
//! report in which the hardware vouches for the vTPM's key.
//!
//! CBOR, `[quote, HCL report, TD quote]`, three byte strings:
//!
//! - the quote in the form of plain TPM evidence ([`crate::tpm`]), with an empty public area, since
//!   the attestation key stands in the HCL report, and with the certificates of the hardware's key
//!   (VCEK, ASK, ARK) in the place of those of the attestation key, or none;
//! - the HCL report as NV index 0x01400001 of the vTPM has it: header, report of the hardware,
//!   runtime data;
//! - on TDX the quote that the host's service makes of the report; empty on SEV-SNP, whose report
//!   is signed as it is.
//!
//! ```
//! use veracruz_evidence::azure_vtpm::{self, AzureVtpmContent};
//!
//! let content = AzureVtpmContent { hcl_report: b"HCLA".to_vec(), ..Default::default() };
//! let evidence = azure_vtpm::evidence(&content);
//! assert_eq!(azure_vtpm::parse(evidence.content())?, content);
//! # Ok::<(), veracruz_evidence::cbor::CborError>(())
//! ```

use alloc::vec::Vec;

use crate::cbor::{CborError, Reader, Writer};
use crate::tpm::{self, TpmContent};
use crate::{Evidence, MAX_EVIDENCE_BYTES, Technology};

/// The most bytes of an HCL report: those so far have 2600, padding included.
const MAX_REPORT_BYTES: usize = 8192;
/// The most bytes of a TD quote with its certificates.
const MAX_QUOTE_BYTES: usize = 16 * 1024;

/// A quote, and what vouches for its key. Nothing in it was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AzureVtpmContent {
    /// Quote, signature, registers and event log of the vTPM; the certificates are those of the
    /// hardware's key, the public area is empty.
    pub quote: TpmContent,
    /// The HCL report.
    pub hcl_report: Vec<u8>,
    /// The quote of the TD, or nothing.
    pub td_quote: Vec<u8>,
}

/// Evidence of such a machine.
pub fn evidence(content: &AzureVtpmContent) -> Evidence {
    Evidence::new(Technology::AzureVtpm, content.encode())
}

/// Reads the content of such evidence.
///
/// # Errors
/// Every variant of [`CborError`] that the [rules](crate::cbor) give.
pub fn parse(content: &[u8]) -> Result<AzureVtpmContent, CborError> {
    let mut reader = Reader::new(content)?;
    reader.tuple(3)?;
    Ok(AzureVtpmContent {
        quote: tpm::parse(reader.bytes(tpm::MAX_LOG_BYTES + MAX_EVIDENCE_BYTES)?)?,
        hcl_report: reader.bytes(MAX_REPORT_BYTES)?.into(),
        td_quote: reader.bytes(MAX_QUOTE_BYTES)?.into(),
    })
}

impl AzureVtpmContent {
    /// Its CBOR, without the envelope.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::encode(|w| {
            w.array(3);
            w.bytes(&self.quote.encode());
            w.bytes(&self.hcl_report);
            w.bytes(&self.td_quote);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn content_is_read_as_it_was_written_and_no_part_of_it_is() {
        let content = AzureVtpmContent {
            quote: TpmContent {
                attest: vec![1; 100],
                ..TpmContent::default()
            },
            hcl_report: vec![2; 2600],
            td_quote: vec![3; 5006],
        };
        let written = content.encode();
        assert_eq!(parse(&written), Ok(content));
        for length in 0..written.len() {
            assert!(parse(&written[..length]).is_err());
        }
    }
}

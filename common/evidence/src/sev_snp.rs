//! The content of SEV-SNP evidence: a report and the certificates that came with it.
//!
//! CBOR, `[report, certificates]`, two byte strings, both as the platform gave them: the
//! ATTESTATION_REPORT (AMD 56860 section 7.3) of 1184 bytes, and the certificate table of the GHCB
//! specification (AMD 56421 section 4.1.8.1), which may be empty. Linux calls them `outblob` and
//! `auxblob` (configfs-tsm).
//!
//! ```
//! use veracruz_evidence::Technology;
//! use veracruz_evidence::sev_snp::{self, REPORT_BYTES};
//!
//! let evidence = sev_snp::evidence(&[2; REPORT_BYTES], &[]);
//! assert_eq!(evidence.technology(), Technology::SevSnp);
//! let content = sev_snp::parse(evidence.content())?;
//! assert_eq!(content.report, &[2; REPORT_BYTES]);
//! assert!(content.certificates.is_empty());
//! # Ok::<(), veracruz_evidence::cbor::CborError>(())
//! ```

use alloc::vec::Vec;

use crate::cbor::{CborError, Reader, Writer};
use crate::{Evidence, MAX_EVIDENCE_BYTES, Technology};

/// The length of an ATTESTATION_REPORT of every version so far.
pub const REPORT_BYTES: usize = 1184;

/// A report and its certificates, as the platform gave them. Nothing in them was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SevSnpContent<'b> {
    /// The ATTESTATION_REPORT.
    pub report: &'b [u8; REPORT_BYTES],
    /// The certificate table, or nothing.
    pub certificates: &'b [u8],
}

/// Evidence from what the platform gave.
pub fn evidence(report: &[u8; REPORT_BYTES], certificates: &[u8]) -> Evidence {
    Evidence::new(Technology::SevSnp, content(report, certificates))
}

/// The content of such evidence, without the envelope.
pub fn content(report: &[u8; REPORT_BYTES], certificates: &[u8]) -> Vec<u8> {
    Writer::encode(|w| {
        w.array(2);
        w.bytes(report);
        w.bytes(certificates);
    })
}

/// Reads the content of SEV-SNP evidence.
///
/// # Errors
/// Every variant of [`CborError`] that the [rules](crate::cbor) give.
pub fn parse(content: &[u8]) -> Result<SevSnpContent<'_>, CborError> {
    let mut reader = Reader::new(content)?;
    reader.tuple(2)?;
    let offset = reader.offset();
    let report = reader.bytes(REPORT_BYTES)?;
    let report = report.try_into().map_err(|_| CborError::Unexpected {
        offset,
        expected: "a report of 1184 bytes",
    })?;
    Ok(SevSnpContent {
        report,
        certificates: reader.bytes(MAX_EVIDENCE_BYTES)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_as_it_was_written() {
        let written = content(&[7; REPORT_BYTES], b"table");
        let read = parse(&written).unwrap();
        assert_eq!(read.report, &[7; REPORT_BYTES]);
        assert_eq!(read.certificates, b"table");
    }

    #[test]
    fn a_report_of_another_length_and_bytes_that_follow_are_refused() {
        let short = Writer::encode(|w| {
            w.array(2);
            w.bytes(&[7; REPORT_BYTES - 1]);
            w.bytes(&[]);
        });
        assert!(matches!(parse(&short), Err(CborError::Unexpected { .. })));
        let mut long = content(&[7; REPORT_BYTES], &[]);
        long.push(0);
        assert_eq!(parse(&long), Err(CborError::TrailingBytes { count: 1 }));
        for length in 0..long.len() - 1 {
            assert!(parse(&long[..length]).is_err());
        }
    }
}

//! SGX under Gramine: quotes through the files of `/dev/attestation` (Gramine documentation,
//! "Attestation and Secret Provisioning").

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use veracruz_evidence::{Evidence, ReportData, Technology};

use super::files::{MAX_WORD_BYTES, read, word, write};
use super::{EvidenceError, EvidenceSource};

/// The most bytes of a quote with its chain.
const MAX_QUOTE_BYTES: usize = 16 * 1024;

/// Gramine's pseudo files in an SGX enclave.
pub(crate) struct Gramine {
    folder: PathBuf,
    /// Report data is a file: what is written must be what the next read is over.
    turn: Mutex<()>,
}

impl Gramine {
    /// The files of the library OS in which this process runs. `None` where it runs in none.
    #[expect(dead_code, reason = "no platform of this version is an SGX enclave")]
    pub(crate) fn here() -> Option<Self> {
        Self::in_folder("/dev/attestation".into())
    }

    fn in_folder(folder: PathBuf) -> Option<Self> {
        // EPID, and no attestation at all, are no ground for anyone to trust this enclave.
        let kind = word(read(&folder.join("attestation_type"), MAX_WORD_BYTES)).ok()?;
        (kind == "dcap").then(|| Self {
            folder,
            turn: Mutex::new(()),
        })
    }
}

impl EvidenceSource for Gramine {
    fn evidence(&self, report_data: &ReportData) -> Result<Evidence, EvidenceError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        write(
            &self.folder.join("user_report_data"),
            report_data.as_bytes(),
        )
        .map_err(|_| EvidenceError("Gramine takes no report data"))?;
        let quote = read(&self.folder.join("quote"), MAX_QUOTE_BYTES)
            .map_err(|_| EvidenceError("Gramine gives no quote"))?;
        // REPORTDATA of the report body (Intel SGX SDK, sgx_report_body_t), after 48 bytes of header.
        if quote.get(368..432) != Some(report_data.as_bytes()) {
            return Err(EvidenceError("the quote is over other report data"));
        }
        Ok(Evidence::new(Technology::Sgx, quote))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::evidence::tests::{Folder, QUESTION};
    use std::fs;
    use veracruz_policy::{Measurement, Sha256};

    fn quote(report_data: &ReportData) -> Vec<u8> {
        let mut quote = vec![0; 432];
        quote[112..144].copy_from_slice(&[0xee; 32]);
        quote[368..].copy_from_slice(report_data.as_bytes());
        quote
    }

    fn enclave(attestation_type: &str) -> Folder {
        let folder = Folder::new("gramine");
        fs::write(folder.path("attestation_type"), attestation_type).unwrap();
        fs::write(folder.path("user_report_data"), [0; 64]).unwrap();
        folder
    }

    #[test]
    fn a_quote_is_asked_for_with_the_report_data() {
        let folder = enclave("dcap\n");
        fs::write(folder.path("quote"), quote(&QUESTION)).unwrap();
        let source = Gramine::in_folder(folder.root()).unwrap();
        let evidence = source.evidence(&QUESTION).unwrap();
        assert_eq!(evidence.technology(), Technology::Sgx);
        assert_eq!(evidence.content(), quote(&QUESTION));
        let written = fs::read(folder.path("user_report_data")).unwrap();
        assert_eq!(written, QUESTION.as_bytes());
        let measurement = super::super::measurement::of(&evidence);
        let expected = Measurement::from(Sha256::from_bytes([0xee; 32]));
        assert_eq!(measurement, Some(expected));
    }

    #[test]
    fn no_quote_an_endless_one_and_one_over_other_data_are_no_evidence() {
        let folder = enclave("dcap");
        let source = Gramine::in_folder(folder.root()).unwrap();
        let none = EvidenceError("Gramine gives no quote");
        assert_eq!(source.evidence(&QUESTION), Err(none));
        fs::write(folder.path("quote"), vec![0; MAX_QUOTE_BYTES + 1]).unwrap();
        let endless = EvidenceError("Gramine gives no quote");
        assert_eq!(source.evidence(&QUESTION), Err(endless));
        let other = ReportData::from_bytes([9; 64]);
        fs::write(folder.path("quote"), quote(&other)).unwrap();
        let relayed = EvidenceError("the quote is over other report data");
        assert_eq!(source.evidence(&QUESTION), Err(relayed));
    }

    #[test]
    fn an_enclave_without_dcap_is_none_of_ours() {
        for kind in ["none\n", "epid\n", ""] {
            assert!(Gramine::in_folder(enclave(kind).root()).is_none(), "{kind}");
        }
        assert!(Gramine::in_folder("/nonexistent".into()).is_none());
    }
}

//! Quotes and logs of real machines.

use veracruz_appraisal::{AppraisalError, Collateral, Technology, tpm};
use veracruz_evidence::Evidence;
use veracruz_evidence::tpm::TpmContent;
use veracruz_policy::{KeyDigest, PublicKey, TpmIsolate};

use crate::mutations::mutations;
use crate::support::{NOW, expected, policy};
use crate::vectors::vector;
use crate::{ak, examine, fact, given, resigned};

/// The certificate in a recorded attestation names an authority that nobody has any more, so its AK
/// is given as a key.
#[test]
fn a_recorded_quote_of_google_compute_engine_is_genuine() {
    let Some(file) = vector("tpm2/google/gce-cos-85-nonce9009.pb") else {
        return;
    };
    let content = tpm::import(&file, &mut Collateral::none()).unwrap();
    let parsed = veracruz_evidence::tpm::parse(&content).unwrap();
    assert_eq!(parsed.certificates.len(), 1);
    let unknown = examine(&content, &Collateral::none()).unwrap_err();
    assert!(
        matches!(unknown, AppraisalError::MissingCollateral { .. }),
        "{unknown:?}"
    );

    // The key of the certificate is that of the public area.
    let spki = spki_of(&parsed.certificates[0]);
    let collateral = given(&spki);
    let examined = examine(&content, &collateral).unwrap();
    assert_eq!(examined.bound_to(), [0x90, 0x09]);
    assert_eq!(fact(&examined, "AK"), KeyDigest::of_spki(&spki).to_string());
    assert_eq!(fact(&examined, "signature scheme"), "RSASSA with SHA-256");
    assert!(fact(&examined, "event log").starts_with("44 events"));
    assert!(fact(&examined, "PCR 0").starts_with("0f35c214608d93c7"));
    assert_eq!(
        examined.measurement().to_string(),
        "048937cbaaf28af85a5b0c0997e725097a0d94e05fcda104a82ee3fb6b2e1808"
    );
    let aks = vec![PublicKey::from_spki(spki).digest()];
    let pcr_0 = parsed.registers[&0];
    let reference = TpmIsolate {
        pcrs: [(0, vec![pcr_0])].into(),
        aks,
        ak_roots: Vec::new(),
        ek_roots: Vec::new(),
    };
    let evidence = Evidence::new(Technology::Tpm, content.clone());
    let verdict = tpm::verify(
        &evidence,
        &collateral,
        &reference,
        &policy(),
        &expected(),
        NOW,
    );
    assert!(matches!(
        verdict,
        Err(AppraisalError::BindingMismatch { .. })
    ));

    // The quote of the SHA-1 bank, which stands before the others in the file.
    let weak = TpmContent {
        attest: file[288..288 + 115].to_vec(),
        ..parsed
    };
    assert_eq!(
        examine(&weak.encode(), &collateral).unwrap_err(),
        AppraisalError::WeakDigest {
            part: "bank of the PCRs in the quote",
            found: "SHA-1".into(),
        }
    );
}

/// Outside the event log, whose texts nothing confirms, no byte can be changed.
#[test]
fn no_change_of_recorded_evidence_passes() {
    let Some(file) = vector("tpm2/google/gce-cos-85-nonce9009.pb") else {
        return;
    };
    let content = tpm::import(&file, &mut Collateral::none()).unwrap();
    let good = veracruz_evidence::tpm::parse(&content).unwrap();
    let collateral = given(&spki_of(&good.certificates[0]));
    let short = TpmContent {
        log: Vec::new(),
        certificates: Vec::new(),
        ..good.clone()
    };
    for (number, changed) in mutations(&short.encode(), false).enumerate() {
        if examine(&changed, &collateral).is_ok() {
            let content = veracruz_evidence::tpm::parse(&changed).unwrap();
            let restored = TpmContent {
                public: short.public.clone(),
                ..content
            };
            assert_eq!(restored, short, "change {number}");
        }
    }
    // In the log, the registers are the same whatever passes; and nothing panics.
    let mut log = good.log.clone();
    for index in (0..log.len()).step_by(7) {
        log[index] ^= 0x10;
        let changed = TpmContent {
            log: log.clone(),
            ..good.clone()
        };
        let _ = examine(&changed.encode(), &collateral);
        log[index] ^= 0x10;
    }
    for length in (0..log.len()).step_by(101).chain([log.len() - 1]).skip(1) {
        let changed = TpmContent {
            log: log[..length].to_vec(),
            ..good.clone()
        };
        assert!(examine(&changed.encode(), &collateral).is_err());
    }
    // Every change of the file itself: an error or the same content, and no panic.
    for index in (0..file.len()).step_by(13) {
        let mut changed = file.clone();
        changed[index] ^= 0x04;
        let _ = tpm::import(&changed, &mut Collateral::none());
        let _ = tpm::import(&file[..index], &mut Collateral::none());
    }
}

#[test]
fn a_recorded_quote_of_trustee_is_genuine() {
    let Some(file) = vector("tpm2/trustee/tpm_evidence.json") else {
        return;
    };
    let content = tpm::import(&file, &mut Collateral::none()).unwrap();
    let public = veracruz_evidence::tpm::parse(&content).unwrap().public;
    let collateral = given(&public);
    let examined = examine(&content, &collateral).unwrap();
    assert_eq!(examined.bound_to().len(), 64);
    assert!(fact(&examined, "AK attributes").starts_with("not given"));
    let other = given(&ak().spki());
    assert!(matches!(
        examine(&content, &other),
        Err(AppraisalError::UntrustedAttester { .. })
    ));
}

#[test]
fn a_recorded_log_of_sha_1_alone_is_refused() {
    let Some(file) = vector("tpm2/google/debian-10.bin") else {
        return;
    };
    let error = resigned(|form| form.log = file);
    assert!(matches!(
        error,
        AppraisalError::WeakDigest {
            part: "event log",
            ..
        }
    ));
}

/// The SubjectPublicKeyInfo in a certificate.
fn spki_of(certificate: &[u8]) -> Vec<u8> {
    use x509_cert::der::{Decode as _, Encode as _};
    let certificate = x509_cert::Certificate::from_der(certificate).unwrap();
    let certificate = certificate.tbs_certificate();
    certificate.subject_public_key_info().to_der().unwrap()
}

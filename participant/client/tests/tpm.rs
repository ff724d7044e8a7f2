//! An isolate whose TPM is trusted by its maker has to answer before anything else is sent.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;
#[path = "../../../attestation/appraisal/tests/support/tpm.rs"]
mod forge;
#[path = "../../../attestation/appraisal/tests/support/opener.rs"]
mod opener;
#[path = "../../../attestation/appraisal/tests/support/x509.rs"]
mod x509;

use std::sync::Arc;

use fake::{Fake, NOW, World};
use forge::{Ak, QuoteForm, RESTRICTED_SIGNING, SHA256, events, replayed};
use opener::{STORAGE, activate, area};
use veracruz_appraisal::{AppraisalError, Collateral};
use veracruz_client::{Error, PolicyHash, Sha256, Timestamp};
use veracruz_evidence::tpm::{Credential, Endorsement, credential_answer};
use veracruz_evidence::{Evidence, ReportData, tpm};
use veracruz_policy::KeyDigest;
use veracruz_protocol::{CredentialRequest, ErrorCode};
use x509::{CertificateForm, TestKey, basic_constraints, key_usage, oid, sequence};

/// A policy that trusts machines by the maker of their TPM.
fn world() -> World {
    let root = KeyDigest::of_spki(&TestKey::p384(21).spki());
    let (start, end) = ("\"isolates\": { \"process\"", "\"unprotected\"");
    let process = fake::DOCUMENT.split_once(start).unwrap().1;
    let process = format!("{start}{}", process.split_once(end).unwrap().0);
    let kernel = replayed(&events(), 4);
    let tpm = format!(
        "\"isolates\": {{ \"tpm\": {{ \"pcrs\": {{ \"4\": \"{kernel}\" }}, \"ek_roots\": \"{root}\" }} }},\n  "
    );
    World::with_document(&fake::DOCUMENT.replace(&process, &tpm), &[])
}

fn ek() -> Ak {
    Ak::p256(9)
}

fn certificate(issuer: &str, subject: &str, of: Vec<u8>, authority: bool) -> Vec<u8> {
    let day = |days: i64| Timestamp::from_seconds(NOW.seconds() + days * 86_400);
    let extensions = if authority {
        vec![basic_constraints(true, None), key_usage(0x06)]
    } else {
        let purpose = sequence(&[oid("2.23.133.8.1")]);
        vec![key_usage(0x08), ("2.5.29.37", false, purpose)]
    };
    CertificateForm {
        serial: 1,
        issuer: issuer.into(),
        subject: subject.into(),
        from: day(-1),
        until: day(1),
        spki: of,
        extensions,
    }
    .sign(&TestKey::p384(21))
}

/// The evidence of a machine whose TPM has `ek`, by a key that is in it, or so it says.
fn evidence(report_data: &ReportData, policy: &PolicyHash) -> Vec<u8> {
    let ak = Ak::p256(1);
    let question = Sha256::of(report_data.as_bytes());
    let mut form = QuoteForm::new(&ak, question.as_bytes(), policy);
    form.endorsement = Some(Endorsement {
        public: area(&ek(), STORAGE),
        certificates: vec![certificate("Maker", "TPM", ek().spki(), false)],
    });
    let content = form.content(&ak);
    let evidence: Evidence = tpm::evidence(&content);
    evidence.encode()
}

/// What the TPM opens for that key.
fn opened(request: &CredentialRequest) -> Vec<u8> {
    let ak = Ak::p256(1);
    let public = ak.public(RESTRICTED_SIGNING, ak.scheme());
    let name = [&SHA256.to_be_bytes()[..], Sha256::of(&public).as_bytes()].concat();
    let credential = Credential {
        blob: request.credential_blob.clone(),
        secret: request.secret.clone(),
    };
    activate(&ek(), &name, &credential).unwrap()
}

type Answer = fn(&CredentialRequest, &ReportData) -> Option<[u8; 64]>;

async fn attested(world: &World, fake: &Fake, answer: Answer) -> Result<String, Error> {
    fake.state().requests.clear();
    fake.state().quote = Some((evidence, answer));
    let mut collateral = Collateral::none();
    let root = TestKey::p384(21).spki();
    collateral
        .add(&certificate("Maker", "Maker", root, true))
        .unwrap();
    let connection = world.open(fake).await.with_collateral(Arc::new(collateral));
    let (_, appraised) = connection.attest(true, NOW).await?;
    Ok(appraised.words())
}

const ASKED: [&str; 2] = ["POST /v1/attestation", "POST /v1/attestation/credential"];

#[tokio::test]
async fn a_tpm_that_its_maker_certified_answers_once_and_the_connection_is_attested() {
    let world = world();
    let fake = Fake::start(&world).await;
    let words = attested(&world, &fake, |request, report_data| {
        Some(credential_answer(&opened(request), report_data))
    });
    let words = words.await.unwrap();
    assert!(words.contains("as it showed"), "{words}");
    assert_eq!(fake.state().requests, ASKED);
}

#[tokio::test]
async fn an_isolate_that_answers_wrongly_or_not_at_all_gets_nothing_more() {
    let world = world();
    let fake = Fake::start(&world).await;
    // Guessed; right, but for another connection; the secret as it is.
    let wrong: [Answer; 3] = [
        |_, report_data| Some(credential_answer(&[0; 32], report_data)),
        |request, _| {
            let other = ReportData::from_bytes([1; 64]);
            Some(credential_answer(&opened(request), &other))
        },
        |request, _| {
            let secret = opened(request);
            [&secret[..], &secret].concat().try_into().ok()
        },
    ];
    for answer in wrong {
        match attested(&world, &fake, answer).await {
            Err(Error::EvidenceRefused(reason)) => {
                assert!(matches!(*reason, AppraisalError::CredentialMismatch { .. }));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(fake.state().requests, ASKED);
    }
    match attested(&world, &fake, |_, _| None).await {
        Err(Error::Refused(problem)) => assert_eq!(problem.code, ErrorCode::CredentialRefused),
        other => panic!("{other:?}"),
    }
    assert_eq!(fake.state().requests, ASKED);
}

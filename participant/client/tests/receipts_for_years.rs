//! A receipt whose evidence rests on certificates that have expired long ago.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;
#[path = "../../../attestation/appraisal/tests/support/tpm.rs"]
mod forge;
#[path = "../../../attestation/appraisal/tests/support/x509.rs"]
mod x509;

use std::fs;
use std::sync::Arc;

use fake::receipts::{issue_with, payload};
use fake::{Fake, NOW, World};
use forge::{Ak, QuoteForm, events, replayed};
use veracruz_client::{
    Clock, Collateral, Error, JudgedBy, KeptReceipt, PolicyHash, Sha256, Timestamp, Verification,
    verify_kept,
};
use veracruz_evidence::{Evidence, ReportData, tpm};
use veracruz_policy::KeyDigest;
use veracruz_protocol::media;
use x509::{CertificateForm, TestKey, basic_constraints, key_usage};

const DAY: i64 = 86_400;

fn after(days: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + days * DAY)
}

/// A policy that trusts the TPMs that an authority certifies.
fn world() -> World {
    let root = KeyDigest::of_spki(&TestKey::p384(21).spki());
    let (start, end) = ("\"isolates\": { \"process\"", "\"unprotected\"");
    let process = fake::DOCUMENT.split_once(start).unwrap().1;
    let process = format!("{start}{}", process.split_once(end).unwrap().0);
    let kernel = replayed(&events(), 4);
    let tpm = format!(
        "\"isolates\": {{ \"tpm\": {{ \"pcrs\": {{ \"4\": \"{kernel}\" }}, \"ak_roots\": \"{root}\" }} }},\n  "
    );
    World::with_document(&fake::DOCUMENT.replace(&process, &tpm), &[])
}

/// Certificates for two days around now.
fn certificate(subject: &str, of: Vec<u8>, authority: bool) -> Vec<u8> {
    let extensions = match authority {
        true => vec![basic_constraints(true, None), key_usage(0x06)],
        false => vec![basic_constraints(false, None), key_usage(0x80)],
    };
    CertificateForm {
        serial: if authority { 1 } else { 2 },
        issuer: "Authority".into(),
        subject: subject.into(),
        from: after(-1),
        until: after(1),
        spki: of,
        extensions,
    }
    .sign(&TestKey::p384(21))
}

fn quote(report_data: &ReportData, policy: &PolicyHash) -> Evidence {
    let ak = Ak::p256(1);
    let question = Sha256::of(report_data.as_bytes());
    let mut form = QuoteForm::new(&ak, question.as_bytes(), policy);
    form.certificates = vec![certificate("AK", ak.spki(), false)];
    tpm::evidence(&form.content(&ak))
}

/// A receipt that was fetched while the certificates held.
async fn kept(world: &World) -> KeptReceipt {
    let fake = Fake::start(world).await;
    fake.state().quote = Some((|data, policy| quote(data, policy).encode(), |_, _| None));
    let mut collateral = Collateral::none();
    let root = certificate("Authority", TestKey::p384(21).spki(), true);
    collateral.add(&root).unwrap();
    let connection = world
        .open(&fake)
        .await
        .with_collateral(Arc::new(collateral));
    let (mut connection, appraised) = connection.attest(true, NOW).await.unwrap();
    let mut payload = payload(world, &fake);
    payload.measurement = appraised.measurement();
    let receipt = issue_with(&payload, &fake, |data| quote(&data, &payload.policy));
    let answer = (200, media::RECEIPT, receipt);
    fake.state()
        .canned
        .insert("GET /v1/runs/1/receipt".into(), answer);
    let kept = KeptReceipt::at(world.file("run.receipt"));
    connection
        .store_receipt(1, kept.path(), &world.ledger(), NOW)
        .await
        .unwrap();
    kept
}

/// Ten years later.
const TODAY: i64 = 3650;

/// The verdict then, at the date that was signed or at another one.
fn judge(world: &World, kept: &KeptReceipt, at: Option<Timestamp>) -> Result<Verification, Error> {
    let receipt = kept.read()?;
    let dated = kept.dated(&receipt, &world.policy)?.unwrap();
    let (at, clock) = at.map_or_else(|| JudgedBy::dated(&dated), |at| (at, Clock::Here));
    let by = JudgedBy {
        at,
        clock,
        collateral: &kept.recorded(&dated)?,
        today: after(TODAY),
    };
    verify_kept(&receipt, &world.policy, &[], &[], by)
}

#[tokio::test]
async fn years_later_a_receipt_holds_at_its_signed_date_and_it_is_said_whose_clock_that_was() {
    let world = world();
    let kept = kept(&world).await;
    let verification = judge(&world, &kept, None).unwrap();
    assert_eq!(verification.at, NOW);
    assert_eq!(verification.clock, Clock::Participant("acme".into()));
    let refused = verification.refused_today.clone().unwrap();
    assert!(refused.contains("valid"), "{refused}");
    let proved = verification.proved().join("\n");
    assert!(
        proved.contains("acme signed that it verified this receipt at"),
        "{proved}"
    );
    let not_proved = verification.not_proved().join("\n");
    assert!(
        not_proved.contains("would be accepted today"),
        "{not_proved}"
    );
    assert!(not_proved.contains("acme's clock"), "{not_proved}");
}

#[tokio::test]
async fn judged_by_todays_clock_the_same_receipt_is_refused() {
    let world = world();
    let kept = kept(&world).await;
    let error = judge(&world, &kept, Some(after(TODAY))).unwrap_err();
    assert!(matches!(error, Error::ReceiptRefused(_)), "{error:?}");
    assert_eq!(error.code(), "VC-0615");
}

#[tokio::test]
async fn collateral_that_was_taken_away_or_added_is_noticed_by_the_signature() {
    let world = world();
    let kept = kept(&world).await;
    let store = kept.collateral();
    let file = store.files().unwrap().remove(0);
    let other = certificate("Another", TestKey::p384(21).spki(), true);
    let added = store.add(&other).unwrap();
    assert!(matches!(
        judge(&world, &kept, None),
        Err(Error::ReceiptUnfit { .. })
    ));
    fs::remove_file(&added.path).unwrap();
    judge(&world, &kept, None).unwrap();
    fs::remove_file(&file.path).unwrap();
    assert!(matches!(
        judge(&world, &kept, None),
        Err(Error::ReceiptUnfit { .. })
    ));
}

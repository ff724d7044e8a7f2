//! Credential activation against TPMs of somebody else: `swtpm`, with certificates by its own
//! authority, driven by tpm2-tools. Nothing of this project's code runs on the machine's side.
//!
//! Skipped, with the reason on the screen, where Debian's packages `swtpm`, `swtpm-tools` and
//! `tpm2-tools` are not installed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "in a test a panic is the report of a failure"
)]
#![allow(
    clippy::disallowed_types,
    reason = "`swtpm_localca` dates its certificates by this machine's clock"
)]

#[path = "support/swtpm.rs"]
mod machines;

use std::time::{SystemTime, UNIX_EPOCH};

use machines::{Machine, Maker, missing_tools};
use veracruz_appraisal::tpm::{Challenge, Pending};
use veracruz_appraisal::{AppraisalError, Judgement, Technology, tpm};
use veracruz_evidence::tpm::{TpmContent, credential_answer};
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{KeyDigest, PolicyHash, Sha256, Timestamp, TpmIsolate};

const EXPECTED: ReportData = ReportData::from_bytes([5; 64]);
const SECRET: u8 = 7;

fn policy() -> PolicyHash {
    PolicyHash::from_bytes([2; 32])
}

/// The certificates were made a moment ago.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap())
}

fn begin(
    content: &TpmContent,
    maker: &Maker,
    ek_roots: Vec<KeyDigest>,
) -> Result<Judgement, AppraisalError> {
    let reference = TpmIsolate {
        // Without firmware nothing was measured.
        pcrs: [(0, vec![Sha256::from_bytes([0; 32])])].into(),
        aks: Vec::new(),
        ak_roots: Vec::new(),
        ek_roots,
    };
    let evidence = Evidence::new(Technology::Tpm, content.encode());
    let collateral = maker.collateral();
    tpm::begin(
        &evidence,
        &collateral,
        &reference,
        &policy(),
        &EXPECTED,
        now(),
    )
}

fn challenge(content: &TpmContent, maker: &Maker) -> Challenge {
    match begin(content, maker, vec![maker.root()]) {
        Ok(Judgement::Pending(pending)) => {
            pending.challenge(&[SECRET; Pending::RANDOM_BYTES]).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

macro_rules! machines {
    ($maker:ident, $($machine:ident),+) => {
        if let Some(missing) = missing_tools() {
            println!("skipped: {missing} is not installed");
            return;
        }
        let $maker = Maker::new();
        $(let $machine = Machine::start(&$maker, &EXPECTED, &policy());)+
    };
}

#[test]
fn a_tpm_opens_our_credential_for_its_key_and_the_key_is_taken() {
    machines!(maker, machine);
    let challenge = challenge(&machine.content(), &maker);
    let opened = machine.activate("ak.ctx", challenge.credential()).unwrap();
    assert_eq!(opened, [SECRET; 32]);
    let appraised = challenge
        .finish(&credential_answer(&opened, &EXPECTED))
        .unwrap();
    assert!(appraised.words().contains("as it showed"));
    // The authority below the root, named instead of it, will do as well.
    let verdict = begin(&machine.content(), &maker, vec![maker.authority()]);
    assert!(matches!(verdict, Ok(Judgement::Pending(_))));
}

#[test]
fn a_maker_whom_the_policy_does_not_name_is_refused() {
    machines!(maker, machine);
    let other = Maker::new();
    let verdict = begin(&machine.content(), &maker, vec![other.root()]);
    assert!(
        matches!(
            &verdict,
            Err(AppraisalError::UntrustedRoot {
                part: "EK certificate",
                ..
            })
        ),
        "{verdict:?}"
    );
}

#[test]
fn a_machine_with_the_certificate_of_another_tpm_is_refused() {
    machines!(maker, machine, other);
    let mut content = machine.content();
    let endorsement = content.endorsement.as_mut().unwrap();
    endorsement.certificates = other.content().endorsement.unwrap().certificates;
    let verdict = begin(&content, &maker, vec![maker.root()]);
    assert!(
        matches!(
            &verdict,
            Err(AppraisalError::AttesterMismatch {
                part: "EK certificate",
                ..
            })
        ),
        "{verdict:?}"
    );
}

#[test]
fn no_tpm_opens_a_credential_for_a_key_of_another() {
    machines!(maker, certified, elsewhere);
    // The quote is by a key of one TPM, the certificate is of another, as it stands there.
    let content = TpmContent {
        endorsement: certified.content().endorsement,
        ..elsewhere.content()
    };
    let challenge = challenge(&content, &maker);
    let credential = challenge.credential();
    assert_eq!(elsewhere.activate("ak.ctx", credential), None);
    assert_eq!(certified.activate("ak.ctx", credential), None);
    // The public half of the key can be loaded, attributes and all; that is not the key.
    certified.load_public(&content.public, "loaded.ctx");
    assert_eq!(certified.activate("loaded.ctx", credential), None);
    let verdict = challenge.finish(&[0; 64]);
    assert!(matches!(
        verdict,
        Err(AppraisalError::CredentialMismatch { .. })
    ));
}

#[test]
fn a_changed_or_cut_credential_is_not_opened() {
    machines!(maker, machine);
    let challenge = challenge(&machine.content(), &maker);
    let good = challenge.credential();
    for index in [0, 5, 34, 40, good.blob.len() - 1] {
        let mut changed = good.clone();
        changed.blob[index] ^= 1;
        assert_eq!(machine.activate("ak.ctx", &changed), None, "byte {index}");
    }
    let mut changed = good.clone();
    changed.secret[100] ^= 1;
    assert_eq!(machine.activate("ak.ctx", &changed), None);
    let mut cut = good.clone();
    cut.blob.truncate(40);
    assert_eq!(machine.activate("ak.ctx", &cut), None);
    assert!(machine.activate("ak.ctx", good).is_some());
}

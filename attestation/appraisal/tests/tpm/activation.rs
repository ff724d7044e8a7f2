//! Credential activation, with a TPM of a few lines that opens credentials as the specification
//! says.

use std::sync::OnceLock;

use proptest::prelude::*;
use veracruz_appraisal::tpm::{Activation, Challenge, Pending};
use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Judgement, Technology, tpm};
use veracruz_evidence::tpm::{Credential, Endorsement, TpmContent, credential_answer};
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{KeyDigest, PolicyHash, Sha256, Timestamp, TpmIsolate};

use crate::forge::{Ak, NULL, RESTRICTED_SIGNING, SHA256};
use crate::mutations::mutations;
use crate::opener::{STORAGE, activate, area};
use crate::support::{NOW, expected, policy, session};
use crate::x509::{
    CertificateForm, Extension, ListForm, TestKey, basic_constraints, key_usage, oid, sequence,
};
use crate::{ak, form, malformed, reference};

const DAY: i64 = 86_400;

/// A maker of TPMs, one of them, and what is said of it.
struct Maker {
    root: TestKey,
    ek: Ak,
    certificate: CertificateForm,
    area: Vec<u8>,
    lists: Vec<Vec<u8>>,
}

fn purpose(id: &str) -> Extension {
    ("2.5.29.37", false, sequence(&[oid(id)]))
}

impl Maker {
    fn of(ek: Ak) -> Self {
        let keys = if matches!(ek, Ak::Rsa(_)) { 0x20 } else { 0x08 };
        Self {
            root: TestKey::p384(21),
            certificate: CertificateForm {
                serial: 5,
                issuer: "Maker".into(),
                subject: String::new(),
                from: Timestamp::from_seconds(NOW.seconds() - DAY),
                until: Timestamp::from_seconds(NOW.seconds() + DAY),
                spki: ek.spki(),
                extensions: vec![
                    basic_constraints(false, None),
                    key_usage(keys),
                    purpose("2.23.133.8.1"),
                ],
            },
            area: area(&ek, STORAGE),
            lists: Vec::new(),
            ek,
        }
    }

    fn new() -> Self {
        Self::of(Ak::p256(9))
    }

    fn endorsement(&self) -> Endorsement {
        Endorsement {
            public: self.area.clone(),
            certificates: vec![self.certificate.sign(&self.root)],
        }
    }

    /// What the caller has of the maker.
    fn collateral(&self) -> Collateral {
        let root = CertificateForm {
            serial: 1,
            issuer: "Maker".into(),
            subject: "Maker".into(),
            spki: self.root.spki(),
            extensions: vec![basic_constraints(true, None), key_usage(0x06)],
            ..self.certificate.clone()
        };
        let mut collateral = Collateral::none();
        for item in [root.sign(&self.root)].iter().chain(&self.lists) {
            collateral.add(item).unwrap();
        }
        collateral
    }

    /// A good quote by `ak` on a machine with this TPM.
    fn content(&self, ak: &Ak) -> TpmContent {
        let mut form = form(ak);
        form.endorsement = Some(self.endorsement());
        form.content(ak)
    }

    fn begin(&self, content: &TpmContent) -> Result<Judgement, AppraisalError> {
        begin(
            content,
            &self.collateral(),
            &by_maker(),
            &policy(),
            &expected(),
        )
    }

    fn pending(&self, ak: &Ak) -> Pending {
        match self.begin(&self.content(ak)) {
            Ok(Judgement::Pending(pending)) => pending,
            other => panic!("{other:?}"),
        }
    }

    /// Refused before there is anything to ask.
    fn refused(change: impl FnOnce(&mut Self)) -> AppraisalError {
        let mut maker = Self::new();
        change(&mut maker);
        maker.begin(&maker.content(&ak())).unwrap_err()
    }

    /// What this TPM does with a credential, where it holds `ak`.
    fn open(&self, credential: &Credential, ak: &Ak) -> Option<Vec<u8>> {
        activate(&self.ek, &name(ak), credential)
    }
}

/// The maker's root alone is trusted.
fn by_maker() -> TpmIsolate {
    static ROOT: OnceLock<KeyDigest> = OnceLock::new();
    TpmIsolate {
        aks: Vec::new(),
        ek_roots: vec![*ROOT.get_or_init(|| KeyDigest::of_spki(&TestKey::p384(21).spki()))],
        ..reference()
    }
}

fn begin(
    content: &TpmContent,
    collateral: &Collateral,
    reference: &TpmIsolate,
    policy: &PolicyHash,
    expected: &ReportData,
) -> Result<Judgement, AppraisalError> {
    let evidence = Evidence::new(Technology::Tpm, content.encode());
    tpm::begin(&evidence, collateral, reference, policy, expected, NOW)
}

fn name(ak: &Ak) -> Vec<u8> {
    let area = ak.public(RESTRICTED_SIGNING, ak.scheme());
    [&SHA256.to_be_bytes()[..], Sha256::of(&area).as_bytes()].concat()
}

fn random(seed: u8) -> [u8; Pending::RANDOM_BYTES] {
    [seed; Pending::RANDOM_BYTES]
}

fn secret(seed: u8) -> [u8; 32] {
    [seed; 32]
}

fn challenge(maker: &Maker, seed: u8) -> Challenge {
    maker.pending(&ak()).challenge(&random(seed)).unwrap()
}

fn mismatch(verdict: Result<Appraised, AppraisalError>) -> bool {
    matches!(verdict, Err(AppraisalError::CredentialMismatch { .. }))
}

#[test]
fn takes_a_key_once_the_tpm_of_a_certified_endorsement_key_has_opened_a_secret_for_it() {
    for ek in [Ak::p256(9), Ak::p384(9), Ak::rsa()] {
        let maker = Maker::of(ek);
        let pending = maker.pending(&ak());
        assert_eq!(pending.endorsement_key(), maker.ek.digest());
        let challenge = pending.challenge(&random(7)).unwrap();
        let opened = maker.open(challenge.credential(), &ak()).unwrap();
        assert_eq!(opened, secret(7));
        let appraised = challenge
            .finish(&credential_answer(&opened, &expected()))
            .unwrap();
        assert_eq!(appraised.attester(), Some(ak().digest()));
        let words = appraised.words();
        assert!(words.contains("as it showed"), "{words}");
        assert!(words.contains("protects nobody from the host"), "{words}");
        assert!(!appraised.protects_from_host());
        let shown = appraised.activation().map(Activation::endorsement_key);
        assert_eq!(shown, Some(maker.ek.digest()));
    }
}

#[test]
fn evidence_alone_never_shows_in_which_tpm_its_key_is() {
    let maker = Maker::new();
    let content = maker.content(&ak());
    let needed = AppraisalError::ActivationNeeded {
        ek: maker.ek.digest(),
    };
    let evidence = Evidence::new(Technology::Tpm, content.encode());
    let collateral = maker.collateral();
    let verified = tpm::verify(
        &evidence,
        &collateral,
        &by_maker(),
        &policy(),
        &expected(),
        NOW,
    );
    assert_eq!(verified.unwrap_err(), needed);
    let examined = tpm::examine(evidence.content(), &collateral, Some(&by_maker()), NOW);
    assert_eq!(examined.unwrap_err(), needed);
    assert_eq!(needed.code(), "VC-0227");
    assert!(needed.to_string().contains("no file, receipt"), "{needed}");
}

#[test]
fn a_wrong_secret_and_an_answer_to_another_question_show_nothing() {
    let maker = Maker::new();
    let good = credential_answer(&secret(7), &expected());
    let other_connection = session(&policy(), b"server", b"client", 2, 3);
    let answers = [
        // A secret that was guessed; what a TPM opened before; the secret itself.
        credential_answer(&secret(8), &expected()).to_vec(),
        credential_answer(&secret(7), &other_connection).to_vec(),
        secret(7).to_vec(),
        good[..63].to_vec(),
        [&good[..], &[0]].concat(),
        Vec::new(),
    ];
    for answer in answers {
        assert!(mismatch(challenge(&maker, 7).finish(&answer)), "{answer:?}");
    }
    for bit in 0..512 {
        let mut answer = good;
        answer[bit / 8] ^= 1 << (bit % 8);
        assert!(mismatch(challenge(&maker, 7).finish(&answer)), "bit {bit}");
    }
    assert!(challenge(&maker, 7).finish(&good).is_ok());
}

#[test]
fn a_tpm_opens_nothing_that_was_made_for_another_key_or_another_tpm() {
    let maker = Maker::new();
    let challenge = challenge(&maker, 7);
    let credential = challenge.credential();
    assert!(maker.open(credential, &ak()).is_some());
    assert_eq!(maker.open(credential, &Ak::p256(2)), None);
    // The same key with other attributes has another name.
    let lax = ak().public(RESTRICTED_SIGNING & !0x20, ak().scheme());
    let lax = [&SHA256.to_be_bytes()[..], Sha256::of(&lax).as_bytes()].concat();
    assert_eq!(activate(&maker.ek, &lax, credential), None);
    assert_eq!(activate(&Ak::p256(8), &name(&ak()), credential), None);
}

#[test]
fn each_credential_is_another_one() {
    let maker = Maker::new();
    let [one, two] = [1, 2].map(|seed| challenge(&maker, seed));
    assert_ne!(one.credential(), two.credential());
    // The answer to the first one, played again to the second.
    let opened = maker.open(one.credential(), &ak()).unwrap();
    assert!(mismatch(
        two.finish(&credential_answer(&opened, &expected()))
    ));
}

#[test]
fn refuses_endorsement_keys_that_the_root_does_not_certify() {
    let root = Maker::refused(|maker| maker.root = TestKey::p384(22));
    assert!(
        matches!(&root, AppraisalError::UntrustedRoot { part, .. } if *part == "EK certificate"),
        "{root:?}"
    );
    let other = Maker::refused(|maker| maker.certificate.spki = Ak::p256(8).spki());
    assert!(
        matches!(&other, AppraisalError::AttesterMismatch { part, .. } if *part == "EK certificate"),
        "{other:?}"
    );
    let signed = Maker::refused(|maker| {
        maker.certificate.issuer = "Somebody".into();
    });
    assert!(
        matches!(&signed, AppraisalError::MissingCollateral { .. }),
        "{signed:?}"
    );
    let expired = Maker::refused(|maker| {
        maker.certificate.until = Timestamp::from_seconds(NOW.seconds() - 1);
    });
    assert!(matches!(expired, AppraisalError::Expired { part, .. } if part == "EK certificate"));
    let revoked = Maker::refused(|maker| {
        let list = ListForm {
            issuer: "Maker".into(),
            this_update: maker.certificate.from,
            next_update: maker.certificate.until,
            serials: vec![5],
        };
        maker.lists.push(list.sign(&maker.root));
    });
    assert!(matches!(revoked, AppraisalError::Revoked { part } if part == "EK certificate"));
}

#[test]
fn refuses_certificates_of_other_keys_of_the_same_maker() {
    let extensions: [Vec<Extension>; 5] = [
        // An attestation key, one without a purpose, one that signs, an authority.
        vec![key_usage(0x08), purpose("2.23.133.8.3")],
        vec![key_usage(0x08)],
        vec![key_usage(0x80), purpose("2.23.133.8.1")],
        vec![basic_constraints(true, None), purpose("2.23.133.8.1")],
        vec![("2.5.29.37", false, vec![0x30, 1])],
    ];
    for extensions in extensions {
        let refused = Maker::refused(|maker| maker.certificate.extensions = extensions.clone());
        assert!(
            matches!(&refused, AppraisalError::BadChain { part, .. } if *part == "EK certificate"),
            "{refused:?}"
        );
    }
}

#[test]
fn refuses_endorsement_keys_that_open_what_they_are_given() {
    // Each bit that must be set is clear, and `sign` is set.
    for bit in [1, 4, 5, 16, 17, 18] {
        let refused = Maker::refused(|maker| maker.area = area(&maker.ek, STORAGE ^ (1 << bit)));
        let AppraisalError::ConfigurationNotAllowed { claim, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(claim, "EK attributes");
    }
    let weak = Maker::refused(|maker| maker.area.splice(2..4, [0, 4]).for_each(drop));
    assert!(matches!(
        weak,
        AppraisalError::WeakDigest { part: "EK", .. }
    ));
    for (place, bytes) in [(10, [0, 3]), (12, [0, 192]), (14, [0, 0x42])] {
        let refused =
            Maker::refused(|maker| maker.area.splice(place..place + 2, bytes).for_each(drop));
        assert!(
            matches!(&refused, AppraisalError::BadAlgorithm { part: "EK", .. }),
            "{refused:?}"
        );
    }
    let no_cipher = Maker::refused(|maker| maker.area = maker.ek.public(STORAGE, (NULL, 0)));
    assert!(matches!(
        no_cipher,
        AppraisalError::BadAlgorithm { part: "EK", .. }
    ));
}

#[test]
fn refuses_attestation_keys_that_somebody_outside_may_know() {
    let maker = Maker::new();
    // fixedParent, sensitiveDataOrigin: enough where a policy names the key itself.
    for bit in [4, 5] {
        let mut form = form(&ak());
        form.endorsement = Some(maker.endorsement());
        form.attributes = RESTRICTED_SIGNING ^ (1 << bit);
        let refused = maker.begin(&form.content(&ak())).unwrap_err();
        let AppraisalError::ConfigurationNotAllowed { claim, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(claim, "AK attributes");
    }
    // Without attributes it has no name.
    let mut form = form(&ak());
    form.endorsement = Some(maker.endorsement());
    form.public = Some(ak().spki());
    let refused = maker.begin(&form.content(&ak())).unwrap_err();
    assert!(
        matches!(refused, AppraisalError::MissingCollateral { part, .. } if part.contains("AK"))
    );
}

#[test]
fn a_machine_without_a_certified_tpm_is_refused() {
    let maker = Maker::new();
    let refused = maker.begin(&form(&ak()).content(&ak())).unwrap_err();
    let AppraisalError::MissingCollateral { part, .. } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(part, "EK certificate");
    // Certified or not: this policy trusts no maker.
    let refused = begin(
        &maker.content(&Ak::p256(3)),
        &maker.collateral(),
        &reference(),
        &policy(),
        &expected(),
    );
    assert!(matches!(
        refused,
        Err(AppraisalError::UntrustedAttester { part: "AK", .. })
    ));
}

#[test]
fn nothing_is_asked_for_evidence_that_is_not_good_otherwise() {
    let maker = Maker::new();
    let content = maker.content(&ak());
    let collateral = maker.collateral();
    let verdict = |policy: &PolicyHash, expected: &ReportData, reference: &TpmIsolate| {
        begin(&content, &collateral, reference, policy, expected).unwrap_err()
    };
    let other = session(&policy(), b"server", b"client", 2, 3);
    assert!(matches!(
        verdict(&policy(), &other, &by_maker()),
        AppraisalError::BindingMismatch { .. }
    ));
    let other = PolicyHash::from_bytes([3; 32]);
    assert!(matches!(
        verdict(&other, &expected(), &by_maker()),
        AppraisalError::LaunchPolicyMismatch { .. }
    ));
    let mut other = by_maker();
    other.pcrs.insert(4, vec![Sha256::of(b"another kernel")]);
    assert!(matches!(
        verdict(&policy(), &expected(), &other),
        AppraisalError::MeasurementMismatch { .. }
    ));
}

#[test]
fn a_key_that_the_policy_names_is_not_asked() {
    let maker = Maker::new();
    let reference = TpmIsolate {
        ek_roots: by_maker().ek_roots,
        ..reference()
    };
    let content = maker.content(&ak());
    let judgement = begin(
        &content,
        &maker.collateral(),
        &reference,
        &policy(),
        &expected(),
    );
    assert!(matches!(judgement, Ok(Judgement::Appraised(_))));
}

#[test]
fn what_was_shown_holds_for_later_evidence_by_the_same_key_in_the_same_tpm() {
    let maker = Maker::new();
    let answer = credential_answer(&secret(7), &expected());
    let appraised = challenge(&maker, 7).finish(&answer).unwrap();
    let shown = appraised.activation().unwrap();
    let later = |maker: &Maker, ak: &Ak| {
        let judgement = maker.begin(&maker.content(ak)).unwrap();
        judgement.activated(Some(shown))
    };
    assert_eq!(later(&maker, &ak()).unwrap().activation(), Some(shown));
    let needed = |verdict| matches!(verdict, Err(AppraisalError::ActivationNeeded { .. }));
    assert!(needed(later(&maker, &Ak::p256(2))));
    assert!(needed(later(&Maker::of(Ak::p256(8)), &ak())));
    let judgement = maker.begin(&maker.content(&ak())).unwrap();
    assert!(needed(judgement.activated(None)));
}

#[test]
fn an_ending_or_changed_endorsement_key_never_leads_to_a_challenge_that_a_stranger_answers() {
    let maker = Maker::new();
    let mut content = maker.content(&ak());
    let good = maker.area.clone();
    let collateral = maker.collateral();
    for changed in mutations(&good, true) {
        let endorsement = content.endorsement.as_mut().unwrap();
        endorsement.public.clone_from(&changed);
        match begin(&content, &collateral, &by_maker(), &policy(), &expected()) {
            Err(error) => {
                if changed.len() < good.len() {
                    malformed(&error, "EK");
                }
            }
            // What is not signed may change: how the key is used otherwise. It is the same key.
            Ok(Judgement::Pending(pending)) => {
                assert_eq!(pending.endorsement_key(), maker.ek.digest());
            }
            Ok(Judgement::Appraised(_)) => panic!("accepted"),
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_for_an_endorsement_key_panic_or_pass(bytes: Vec<u8>, certificate: Vec<u8>) {
        let mut form = form(&ak());
        form.endorsement = Some(Endorsement { public: bytes, certificates: vec![certificate] });
        let content = form.content(&ak());
        let none = Collateral::none();
        prop_assert!(begin(&content, &none, &by_maker(), &policy(), &expected()).is_err());
    }
}

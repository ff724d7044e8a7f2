//! Every check of TPM quotes: by recorded ones, and by forgeries that pass all others.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report of a failure"
)]

use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Examined, Technology, tpm};
use veracruz_evidence::tpm::TpmContent;
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{KeyDigest, PolicyHash, PublicKey, Sha256, Timestamp, TpmIsolate};

#[path = "support/cost.rs"]
#[allow(dead_code, reason = "the test that measures is not always run")]
mod cost;
#[path = "support/tpm.rs"]
mod forge;
#[path = "support/mutations.rs"]
mod mutations;
mod support;
#[path = "support/vectors.rs"]
mod vectors;
#[path = "support/x509.rs"]
mod x509;

use forge::{
    Ak, ECDSA, NULL, QuoteForm, RESTRICTED_SIGNING, RSAPSS, RSASSA, SHA1, SHA256, SHA384, events,
    launch_register, log, replayed,
};
use mutations::mutations;
use support::{NOW, expected, policy, session};
use vectors::vector;
use x509::{CertificateForm, ListForm, TestKey, basic_constraints, key_usage};

const BAD: AppraisalError = AppraisalError::BadSignature { part: "quote" };

fn ak() -> Ak {
    Ak::p256(1)
}

fn form(ak: &Ak) -> QuoteForm {
    let extra_data = Sha256::of(expected().as_bytes());
    QuoteForm::new(ak, extra_data.as_bytes(), &policy())
}

fn reference() -> TpmIsolate {
    let events = events();
    TpmIsolate {
        pcrs: [0, 4, 7]
            .map(|index| (index, vec![Sha256::of(b"other"), replayed(&events, index)]))
            .into(),
        aks: vec![ak().digest(), Ak::p384(2).digest()],
        ak_roots: Vec::new(),
    }
}

fn verify_for(
    content: &TpmContent,
    reference: &TpmIsolate,
    policy: &PolicyHash,
    expected: &ReportData,
) -> Result<Appraised, AppraisalError> {
    let evidence = Evidence::new(Technology::Tpm, content.encode());
    let none = Collateral::none();
    tpm::verify(&evidence, &none, reference, policy, expected, NOW)
}

fn verify(content: &TpmContent) -> Result<Appraised, AppraisalError> {
    verify_for(content, &reference(), &policy(), &expected())
}

/// The verdict on a good quote in which one thing was changed before it was signed.
fn resigned(change: impl FnOnce(&mut QuoteForm)) -> AppraisalError {
    let ak = ak();
    let mut form = form(&ak);
    change(&mut form);
    verify(&form.content(&ak)).unwrap_err()
}

fn examine(content: &[u8], collateral: &Collateral) -> Result<Examined, AppraisalError> {
    tpm::examine(content, collateral, None, NOW)
}

/// The AK, as a caller gives it who judges genuineness alone.
fn given(spki: &[u8]) -> Collateral {
    let mut collateral = Collateral::none();
    collateral.add(spki).unwrap();
    collateral
}

fn fact<'e>(examined: &'e Examined, name: &str) -> &'e str {
    let facts = examined.facts();
    &facts.iter().find(|fact| fact.name == name).unwrap().value
}

fn malformed(error: &AppraisalError, expected: &str) -> String {
    match error {
        AppraisalError::Malformed { part, reason } if *part == expected => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn takes_every_kind_of_key_and_scheme() {
    for (ak, schemes) in [
        (ak(), &[(ECDSA, SHA256)][..]),
        (Ak::p384(2), &[(ECDSA, SHA384)]),
        (
            Ak::rsa(),
            &[
                (RSASSA, SHA256),
                (RSAPSS, SHA256),
                (RSASSA, SHA384),
                (RSAPSS, SHA384),
            ],
        ),
    ] {
        let mut reference = reference();
        reference.aks.push(ak.digest());
        for scheme in schemes {
            let mut form = form(&ak);
            form.scheme = *scheme;
            let area = ak.public(RESTRICTED_SIGNING, *scheme);
            let sized = [&u16::try_from(area.len()).unwrap().to_be_bytes(), &*area].concat();
            let unfixed = ak.public(RESTRICTED_SIGNING, (NULL, 0));
            for public in [area, sized, unfixed, ak.spki()] {
                form.public = Some(public);
                let content = form.content(&ak);
                let appraised = verify_for(&content, &reference, &policy(), &expected()).unwrap();
                assert_eq!(appraised.technology(), Technology::Tpm);
                assert_eq!(appraised.attester(), Some(ak.digest()));
                assert_eq!(appraised.report_data(), expected());
                let digest = content.attest.last_chunk::<32>().unwrap();
                assert!(appraised.measurement().as_bytes().ends_with(digest));
                assert!(!appraised.protects_from_host());
            }
        }
    }
}

#[test]
fn says_what_is_in_a_quote_and_by_whose_key() {
    let ak = ak();
    let examined = examine(&form(&ak).content(&ak).encode(), &given(&ak.spki())).unwrap();
    assert!(!examined.compared());
    assert_eq!(
        examined.bound_to(),
        Sha256::of(expected().as_bytes()).as_bytes()
    );
    for (name, value) in [
        ("AK", ak.digest().to_string()),
        ("AK vouched for by", "a key that the caller gave".into()),
        ("signature scheme", "ECDSA with SHA-256".into()),
        ("resetCount", "7".into()),
        ("PCR 15", launch_register(&policy()).to_string()),
    ] {
        assert_eq!(fact(&examined, name), value);
    }
    assert!(fact(&examined, "event log").starts_with("11 events"));
}

#[test]
fn refuses_a_quote_for_another_connection_or_policy() {
    let ak = ak();
    let content = form(&ak).content(&ak);
    let found = Sha256::of(expected().as_bytes()).as_bytes().to_vec();
    for other in [
        session(&policy(), b"other", b"client", 1, 3),
        session(&policy(), b"server", b"client", 2, 3),
        session(&policy(), b"server", b"client", 1, 4),
    ] {
        assert_eq!(
            verify_for(&content, &reference(), &policy(), &other),
            Err(AppraisalError::BindingMismatch {
                expected: Sha256::of(other.as_bytes()).as_bytes().to_vec(),
                found: found.clone(),
            })
        );
    }
    let other = PolicyHash::from_bytes([3; 32]);
    assert_eq!(
        verify_for(&content, &reference(), &other, &expected()),
        Err(AppraisalError::LaunchPolicyMismatch {
            field: "PCR 15",
            expected: launch_register(&other).as_bytes().to_vec(),
            found: launch_register(&policy()).as_bytes().to_vec(),
        })
    );
    // Extended twice is another policy too.
    let twice = [*launch_register(&policy()).as_bytes(), *policy().as_bytes()].concat();
    let error = resigned(|form| {
        form.registers.insert(15, Sha256::of(&twice));
    });
    assert!(matches!(error, AppraisalError::LaunchPolicyMismatch { .. }));
}

#[test]
fn refuses_a_quote_without_a_place_for_binding() {
    let error = resigned(|form| form.extra_data.clear());
    assert_eq!(error, AppraisalError::BindingMissing { field: "extraData" });
    let without = |form: &mut QuoteForm| {
        form.registers.remove(&15);
        form.selection = vec![(SHA256, (0..10).collect())];
    };
    assert_eq!(
        resigned(without),
        AppraisalError::MeasurementMissing { claim: "PCR 15" }
    );
    // Genuine it is.
    let ak = ak();
    let mut form = form(&ak);
    without(&mut form);
    let examined = examine(&form.content(&ak).encode(), &given(&ak.spki())).unwrap();
    assert_eq!(examined.check_launch_policy(&policy()), Ok(()));
}

#[test]
fn refuses_the_quote_of_another_machine() {
    // Another key signed than the evidence has.
    let (mine, other) = (ak(), Ak::p256(7));
    let mut content = form(&mine).content(&mine);
    content.signature = form(&other).content(&other).signature;
    assert_eq!(verify(&content).unwrap_err(), BAD);
    // A key that nobody names.
    assert_eq!(
        verify(&form(&other).content(&other)).unwrap_err(),
        AppraisalError::UntrustedAttester {
            part: "AK",
            expected: reference().aks,
            found: other.digest(),
        }
    );
    // A key of the caller's does not count where a reference names some.
    let content = form(&other).content(&other).encode();
    let verdict = tpm::examine(&content, &given(&other.spki()), Some(&reference()), NOW);
    assert!(matches!(
        verdict,
        Err(AppraisalError::UntrustedAttester { .. })
    ));
    assert!(matches!(
        examine(&content, &Collateral::none()),
        Err(AppraisalError::MissingCollateral { part: "AK", .. })
    ));
    assert!(matches!(
        examine(&content, &given(&mine.spki())),
        Err(AppraisalError::UntrustedAttester { .. })
    ));
}

#[test]
fn refuses_what_is_no_quote() {
    let reason = malformed(&resigned(|form| form.magic = 0xff54_4346), "quote");
    assert!(reason.starts_with("magic 0xff544346"), "{reason}");
    for kind in [0x8014, 0x8015, 0x8016, 0x8017, 0x8019, 0x801a] {
        let reason = malformed(&resigned(|form| form.kind = kind), "quote");
        assert!(
            reason.starts_with(&format!("type 0x{kind:04x}")),
            "{reason}"
        );
    }
    let ak = ak();
    let mut content = form(&ak).content(&ak);
    content.attest.push(0);
    content.signature = ak.sign((ECDSA, SHA256), &content.attest);
    malformed(&verify(&content).unwrap_err(), "quote");
}

#[test]
fn refuses_registers_that_were_not_signed() {
    let ak = ak();
    let good = form(&ak).content(&ak);
    let mut changed = good.clone();
    changed.registers.insert(4, Sha256::of(b"another loader"));
    assert!(matches!(
        verify(&changed),
        Err(AppraisalError::MeasurementMismatch {
            claim: "digest of the PCRs",
            ..
        })
    ));
    for (index, change) in [(10, Some(Sha256::of(b"more"))), (4, None)] {
        let mut changed = good.clone();
        match change {
            Some(value) => drop(changed.registers.insert(index, value)),
            None => drop(changed.registers.remove(&index)),
        }
        malformed(&verify(&changed).unwrap_err(), "registers of the quote");
    }
    let error = resigned(|form| form.digest = Some(vec![0; 32]));
    assert!(matches!(
        error,
        AppraisalError::MeasurementMismatch {
            claim: "digest of the PCRs",
            ..
        }
    ));
    malformed(&resigned(|form| form.digest = Some(vec![0; 20])), "quote");
}

#[test]
fn refuses_registers_that_the_policy_does_not_name() {
    let mut needed = reference();
    needed.pcrs.insert(14, vec![Sha256::of(b"shim")]);
    let ak = ak();
    let content = form(&ak).content(&ak);
    assert_eq!(
        verify_for(&content, &needed, &policy(), &expected()),
        Err(AppraisalError::MeasurementMissing { claim: "PCR 14" })
    );
    let mut flipped = *replayed(&events(), 4).as_bytes();
    flipped[0] ^= 1;
    let mut other = reference();
    other.pcrs.insert(4, vec![Sha256::from_bytes(flipped)]);
    assert_eq!(
        verify_for(&content, &other, &policy(), &expected()),
        Err(AppraisalError::MeasurementMismatch {
            claim: "PCR 4",
            expected: vec![Sha256::from_bytes(flipped).into()],
            found: replayed(&events(), 4).into(),
        })
    );
}

#[test]
fn refuses_weak_digests_and_other_banks() {
    let all: Vec<u8> = (0..10).collect();
    for selection in [
        vec![(SHA1, all.clone())],
        vec![(SHA256, all.clone()), (SHA1, all.clone())],
    ] {
        let error = resigned(|form| form.selection = selection);
        assert!(matches!(
            error,
            AppraisalError::WeakDigest {
                part: "bank of the PCRs in the quote",
                ..
            }
        ));
    }
    for selection in [
        vec![(SHA384, all.clone())],
        vec![(SHA256, all.clone()), (SHA256, all)],
        vec![(SHA256, Vec::new())],
        Vec::new(),
    ] {
        malformed(&resigned(|form| form.selection = selection), "quote");
    }
    // An empty bank of SHA-1 beside the other is no selection.
    let ak = ak();
    let mut form = form(&ak);
    form.selection.push((SHA1, Vec::new()));
    verify(&form.content(&ak)).unwrap();
    // A signature over SHA-1.
    let mut content = form.content(&ak);
    content.public = ak.spki();
    content.signature[2..4].copy_from_slice(&SHA1.to_be_bytes());
    assert!(matches!(
        verify(&content),
        Err(AppraisalError::WeakDigest {
            part: "signature of the quote",
            ..
        })
    ));
}

#[test]
fn refuses_signatures_of_another_kind_than_the_key() {
    let ak = ak();
    let mut content = form(&ak).content(&ak);
    for algorithm in [RSASSA, RSAPSS] {
        // The public area says ECDSA; a bare key says nothing, and cannot verify it.
        content.public = ak.public(RESTRICTED_SIGNING, (ECDSA, SHA256));
        content.signature = [algorithm, SHA256, 2, 1]
            .into_iter()
            .flat_map(u16::to_be_bytes)
            .collect();
        for public in [content.public.clone(), ak.spki()] {
            content.public = public;
            assert!(matches!(
                verify(&content),
                Err(AppraisalError::BadAlgorithm { part: "quote", .. })
            ));
        }
    }
    content.signature[..2].copy_from_slice(&[0, 0x1a]); // ECDAA
    assert!(matches!(
        verify(&content),
        Err(AppraisalError::BadAlgorithm { part: "quote", .. })
    ));
}

#[test]
fn refuses_keys_that_sign_what_no_tpm_made() {
    for attributes in [
        RESTRICTED_SIGNING & !(1 << 16), // not restricted
        RESTRICTED_SIGNING & !(1 << 18), // not for signatures
        RESTRICTED_SIGNING & !(1 << 1),  // may leave its TPM
        RESTRICTED_SIGNING | 1 << 17,    // decrypts as well
    ] {
        let error = resigned(|form| form.attributes = attributes);
        assert_eq!(
            error,
            AppraisalError::ConfigurationNotAllowed {
                claim: "AK attributes",
                expected: "fixedTPM, restricted and sign, and not decrypt".into(),
                found: format!("0x{attributes:08x}"),
            }
        );
    }
}

#[test]
fn refuses_logs_that_do_not_lead_to_the_registers() {
    let good = events();
    let differs = |events: &[forge::Event]| {
        let error = resigned(|form| form.log = log(events));
        assert!(
            matches!(error, AppraisalError::EventLogMismatch { .. }),
            "{error:?}"
        );
    };
    // Each event left out, and each two after each other exchanged.
    for index in 0..good.len() {
        let mut events = good.clone();
        events.remove(index);
        differs(&events);
    }
    let mut events = good.clone();
    events.swap(5, 10); // both of PCR 4
    differs(&events);
    // Events more: one that is measured, and ones that are not.
    for more in [
        (4, 13, b"more".as_slice(), b"".as_slice()),
        (9, 13, b"more", b""),
        (14, 3, b"", b"anything"),
        (0, 3, b"", b"StartupLocality\0\x03"),
    ] {
        let mut events = good.clone();
        events.push(more);
        differs(&events);
    }
    // The digests of another bank.
    let mut other = log(&good);
    let place = other
        .windows(4)
        .position(|w| w == [0x0b, 0, 32, 0])
        .unwrap();
    other[place] = 0x0c;
    let error = resigned(|form| form.log = other);
    malformed(&error, "event log");
    // No log is no lie; a register that no event led to is not zero.
    let ak = ak();
    let mut form = form(&ak);
    form.log = Vec::new();
    verify(&form.content(&ak)).unwrap();
    let old = [
        &[0, 0, 0, 0, 8, 0, 0, 0][..],
        &[0; 20],
        &[4, 0, 0, 0],
        b"data",
    ]
    .concat();
    let error = resigned(|form| form.log = old);
    assert!(matches!(
        error,
        AppraisalError::WeakDigest {
            part: "event log",
            ..
        }
    ));
}

#[test]
fn refuses_evidence_of_another_technology_and_other_content() {
    let ak = ak();
    let evidence = Evidence::new(Technology::AzureVtpm, form(&ak).content(&ak).encode());
    let none = Collateral::none();
    assert_eq!(
        tpm::verify(&evidence, &none, &reference(), &policy(), &expected(), NOW),
        Err(AppraisalError::WrongTechnology {
            expected: "tpm".into(),
            found: "azure-vtpm".into(),
        })
    );
    for content in [&b""[..], b"\xa0", b"\xa1\x01\x40", &[0x81; 20_000]] {
        malformed(&examine(content, &none).unwrap_err(), "TPM evidence");
    }
}

#[test]
fn no_change_of_evidence_passes() {
    let ak = ak();
    let mut form = form(&ak);
    let collateral = given(&ak.spki());
    // What events say of themselves is confirmed by nothing, so nothing is left of that here.
    form.log = Vec::new();
    let good = form.content(&ak);
    let encoded = good.encode();
    examine(&encoded, &collateral).unwrap();
    let area = good.public.clone();
    for (number, changed) in mutations(&encoded, true).enumerate() {
        if examine(&changed, &collateral).is_ok() {
            // Attributes and the name's algorithm are not signed: who named the key knew them.
            let content = veracruz_evidence::tpm::parse(&changed).unwrap();
            assert_eq!(content.public[12..], area[12..], "change {number}");
            assert_eq!(content.public[..2], area[..2], "change {number}");
            let restored = TpmContent {
                public: area.clone(),
                ..content
            };
            assert_eq!(restored, good, "change {number}");
        }
    }
}

/// Names, keys and dates of a chain from a root through one authority to the AK.
struct Chain {
    root: TestKey,
    authority: TestKey,
    forms: [CertificateForm; 3],
    lists: Vec<Vec<u8>>,
}

impl Chain {
    fn new(ak: &Ak) -> Self {
        let (root, authority) = (TestKey::p384(11), TestKey::p384(12));
        let day = 86_400;
        let form = |serial, issuer: &str, subject: &str, spki, extensions| CertificateForm {
            serial,
            issuer: issuer.into(),
            subject: subject.into(),
            from: Timestamp::from_seconds(NOW.seconds() - day),
            until: Timestamp::from_seconds(NOW.seconds() + day),
            spki,
            extensions,
        };
        let ca = |length| vec![basic_constraints(true, length), key_usage(0x06)];
        let leaf = vec![basic_constraints(false, None), key_usage(0x80)];
        let forms = [
            form(3, "Authority", "AK", ak.spki(), leaf),
            form(2, "Root", "Authority", authority.spki(), ca(Some(0))),
            form(1, "Root", "Root", root.spki(), ca(None)),
        ];
        Self {
            root,
            authority,
            forms,
            lists: Vec::new(),
        }
    }

    fn certificates(&self) -> Vec<Vec<u8>> {
        let [leaf, authority, root] = &self.forms;
        vec![
            leaf.sign(&self.authority),
            authority.sign(&self.root),
            root.sign(&self.root),
        ]
    }

    /// The verdict on a good quote with this chain, where `given` of its certificates are in the
    /// evidence and the others in the collateral.
    fn verdict(&self, ak: &Ak, given: usize) -> Result<Appraised, AppraisalError> {
        let mut certificates = self.certificates();
        let mut collateral = Collateral::none();
        for certificate in certificates.drain(given..) {
            collateral.add(&certificate).unwrap();
        }
        for list in &self.lists {
            collateral.add(list).unwrap();
        }
        let reference = TpmIsolate {
            aks: Vec::new(),
            ak_roots: vec![KeyDigest::of_spki(&TestKey::p384(11).spki())],
            ..reference()
        };
        let mut form = form(ak);
        form.certificates = certificates;
        let evidence = Evidence::new(Technology::Tpm, form.content(ak).encode());
        tpm::verify(
            &evidence,
            &collateral,
            &reference,
            &policy(),
            &expected(),
            NOW,
        )
    }

    fn changed(change: impl FnOnce(&mut Self)) -> AppraisalError {
        let ak = ak();
        let mut chain = Self::new(&ak);
        change(&mut chain);
        chain.verdict(&ak, 3).unwrap_err()
    }
}

#[test]
fn takes_a_key_that_a_named_authority_certifies() {
    for ak in [ak(), Ak::rsa()] {
        for given in 1..=3 {
            let appraised = Chain::new(&ak).verdict(&ak, given).unwrap();
            assert_eq!(appraised.attester(), Some(ak.digest()));
        }
        // Nobody certified it.
        assert!(matches!(
            Chain::new(&ak).verdict(&ak, 0),
            Err(AppraisalError::UntrustedAttester { part: "AK", .. })
        ));
    }
}

#[test]
fn without_a_reference_an_authority_is_what_the_caller_gave() {
    let ak = ak();
    let chain = Chain::new(&ak);
    let mut form = form(&ak);
    form.certificates = chain.certificates();
    let content = form.content(&ak).encode();
    let examined = examine(&content, &given(&chain.root.spki())).unwrap();
    assert_eq!(fact(&examined, "AK vouched for by"), "its certificates");
    // Certificates in the evidence, or in a folder, are nobody's word.
    for collateral in [Collateral::none(), given(&chain.certificates()[2])] {
        assert!(matches!(
            examine(&content, &collateral),
            Err(AppraisalError::UntrustedRoot {
                part: "AK certificate",
                ..
            })
        ));
    }
}

#[test]
fn an_alternative_name_may_be_critical_and_nothing_unknown() {
    let ak = ak();
    let mut chain = Chain::new(&ak);
    let name = x509::sequence(&[x509::tlv(0x82, b"vtpm")]);
    chain.forms[0].extensions.push(("2.5.29.17", true, name));
    chain.verdict(&ak, 3).unwrap();
    let error = Chain::changed(|chain| {
        chain.forms[0]
            .extensions
            .push(("1.2.3.4", true, x509::octets(b"")));
    });
    assert!(
        matches!(error, AppraisalError::BadChain { .. }),
        "{error:?}"
    );
}

#[test]
fn refuses_chains_that_lead_elsewhere() {
    // An attacker's chain of the same shape.
    let error = Chain::changed(|chain| {
        chain.root = TestKey::p384(13);
        chain.forms[2].spki = chain.root.spki();
    });
    assert!(matches!(
        error,
        AppraisalError::UntrustedRoot {
            part: "AK certificate",
            ..
        }
    ));
    // The right root, which did not sign.
    let error = Chain::changed(|chain| chain.root = TestKey::p384(13));
    assert!(
        matches!(error, AppraisalError::BadSignature { .. }),
        "{error:?}"
    );
    let error = Chain::changed(|chain| chain.authority = TestKey::p384(13));
    assert!(matches!(
        error,
        AppraisalError::BadSignature {
            part: "AK certificate"
        }
    ));
    // Nobody gave the authority.
    let error = Chain::changed(|chain| chain.forms[0].issuer = "Other".into());
    assert!(matches!(error, AppraisalError::MissingCollateral { .. }));
    // The certificate of another key.
    let error = Chain::changed(|chain| chain.forms[0].spki = Ak::p256(9).spki());
    assert!(matches!(
        error,
        AppraisalError::AttesterMismatch {
            part: "AK certificate",
            ..
        }
    ));
}

#[test]
fn refuses_authorities_that_are_none() {
    let not_ca = vec![basic_constraints(false, None), key_usage(0x06)];
    let no_usage = vec![basic_constraints(true, None), key_usage(0x80)];
    for extensions in [not_ca, no_usage, Vec::new()] {
        let error = Chain::changed(|chain| chain.forms[1].extensions = extensions);
        assert!(
            matches!(error, AppraisalError::BadChain { .. }),
            "{error:?}"
        );
    }
    let error =
        Chain::changed(|chain| chain.forms[2].extensions[0] = basic_constraints(true, Some(0)));
    assert!(
        matches!(error, AppraisalError::BadChain { .. }),
        "{error:?}"
    );
    let error = Chain::changed(|chain| {
        chain.forms[0].extensions = vec![basic_constraints(true, None), key_usage(0x84)];
    });
    assert!(matches!(
        error,
        AppraisalError::BadChain {
            part: "AK certificate",
            ..
        }
    ));
}

#[test]
fn refuses_certificates_that_are_over_not_yet_valid_or_revoked() {
    for index in 0..3 {
        let error = Chain::changed(|chain| {
            chain.forms[index].until = Timestamp::from_seconds(NOW.seconds() - 1);
        });
        assert!(matches!(error, AppraisalError::Expired { .. }), "{error:?}");
        let error = Chain::changed(|chain| {
            chain.forms[index].from = Timestamp::from_seconds(NOW.seconds() + 1);
        });
        assert!(
            matches!(error, AppraisalError::NotYetValid { .. }),
            "{error:?}"
        );
    }
    let list = |serials: Vec<u64>| ListForm {
        issuer: "Authority".into(),
        this_update: Timestamp::from_seconds(NOW.seconds() - 10),
        next_update: Timestamp::from_seconds(NOW.seconds() + 10),
        serials,
    };
    let ak = ak();
    let mut chain = Chain::new(&ak);
    chain.lists = vec![list(vec![4]).sign(&chain.authority)];
    chain.verdict(&ak, 3).unwrap();
    chain.lists = vec![list(vec![4, 3]).sign(&chain.authority)];
    assert_eq!(
        chain.verdict(&ak, 3),
        Err(AppraisalError::Revoked {
            part: "AK certificate"
        })
    );
}

#[test]
fn imports_what_it_wrote_and_nothing_else() {
    let ak = ak();
    let content = form(&ak).content(&ak).encode();
    let mut none = Collateral::none();
    assert_eq!(tpm::import(&content, &mut none), Ok(content.clone()));
    let hex = data_encoding::HEXLOWER.encode(&content);
    assert_eq!(tpm::import(hex.as_bytes(), &mut none), Ok(content));
    for file in [&b""[..], b"{}", b"\x0a\x05abc", b"\x0a\x03abc", b"?"] {
        assert!(matches!(
            tpm::import(file, &mut none),
            Err(AppraisalError::Malformed { .. })
        ));
    }
}

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

/// Prints what an appraisal costs: `cargo test --release … -- --ignored --nocapture`.
#[test]
#[ignore = "measures, and says nothing of a debug build"]
#[allow(clippy::print_stdout, reason = "the number is what it is for")]
fn cost() {
    for ak in [ak(), Ak::rsa()] {
        let chain = Chain::new(&ak);
        let time = cost::per_call(|| drop(chain.verdict(&ak, 3).unwrap()));
        println!("tpm with a chain of three, its making included: {time:?} of CPU time");
        let content = form(&ak).content(&ak);
        let mut reference = reference();
        reference.aks.push(ak.digest());
        let time = cost::per_call(|| {
            drop(verify_for(&content, &reference, &policy(), &expected()).unwrap());
        });
        println!("tpm, key named: {time:?} of CPU time");
    }
}

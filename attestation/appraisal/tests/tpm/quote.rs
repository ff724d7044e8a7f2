//! The quote itself: its key, its signature, its registers, what it is bound to.

use veracruz_appraisal::{AppraisalError, Collateral, Technology, tpm};
use veracruz_evidence::Evidence;
use veracruz_evidence::tpm::TpmContent;
use veracruz_policy::{PolicyHash, Sha256};

use crate::forge::{
    Ak, ECDSA, NULL, QuoteForm, RESTRICTED_SIGNING, RSAPSS, RSASSA, SHA1, SHA256, SHA384, events,
    launch_register, replayed,
};
use crate::mutations::mutations;
use crate::support::{NOW, expected, policy, session};
use crate::{ak, examine, fact, form, given, malformed, reference, resigned, verify, verify_for};

const BAD: AppraisalError = AppraisalError::BadSignature { part: "quote" };

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

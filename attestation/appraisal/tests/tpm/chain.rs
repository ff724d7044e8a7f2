//! Certificates of attestation keys.

use std::sync::OnceLock;

use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Technology, tpm};
use veracruz_evidence::Evidence;
use veracruz_policy::{KeyDigest, Timestamp, TpmIsolate};

use crate::forge::Ak;
use crate::support::{NOW, expected, policy};
use crate::x509::{self, CertificateForm, ListForm, TestKey, basic_constraints, key_usage};
use crate::{ak, examine, fact, form, given, reference};

/// Names, keys and dates of a chain from a root through one authority to the AK.
pub(crate) struct Chain {
    root: TestKey,
    authority: TestKey,
    forms: [CertificateForm; 3],
    lists: Vec<Vec<u8>>,
}

impl Chain {
    pub(crate) fn new(ak: &Ak) -> Self {
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

    /// A good quote with `given` of the certificates, and collateral with the others.
    pub(crate) fn evidence(&self, ak: &Ak, given: usize) -> (Evidence, Collateral) {
        let mut certificates = self.certificates();
        let mut collateral = Collateral::none();
        for certificate in certificates.drain(given..) {
            collateral.add(&certificate).unwrap();
        }
        for list in &self.lists {
            collateral.add(list).unwrap();
        }
        let mut form = form(ak);
        form.certificates = certificates;
        let evidence = Evidence::new(Technology::Tpm, form.content(ak).encode());
        (evidence, collateral)
    }

    /// The verdict on that, where the root is named.
    fn verdict(&self, ak: &Ak, given: usize) -> Result<Appraised, AppraisalError> {
        let (evidence, collateral) = self.evidence(ak, given);
        verify_under_root(&evidence, &collateral)
    }

    fn changed(change: impl FnOnce(&mut Self)) -> AppraisalError {
        let ak = ak();
        let mut chain = Self::new(&ak);
        change(&mut chain);
        chain.verdict(&ak, 3).unwrap_err()
    }
}

/// The verdict where the policy names the right root, and no AK.
pub(crate) fn verify_under_root(
    evidence: &Evidence,
    collateral: &Collateral,
) -> Result<Appraised, AppraisalError> {
    // Made once: making keys takes longer than an appraisal.
    static REFERENCE: OnceLock<TpmIsolate> = OnceLock::new();
    let reference = REFERENCE.get_or_init(|| TpmIsolate {
        aks: Vec::new(),
        ak_roots: vec![KeyDigest::of_spki(&TestKey::p384(11).spki())],
        ..reference()
    });
    tpm::verify(evidence, collateral, reference, &policy(), &expected(), NOW)
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

//! Which certificates an isolate shows, and which not.
#![allow(
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use veracruz_policy::PolicyHash;
use veracruz_session::{CertificateRefused, Identity, Presented, server_name};

const NOW: u64 = 1_795_161_600;

fn policy() -> PolicyHash {
    PolicyHash::from_bytes([7; 32])
}

/// A verifier's authority.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("veracruz.internal".into())],
            excluded_subtrees: vec![],
        });
        let key = KeyPair::generate().unwrap();
        Self { params, key }
    }

    fn der(&self) -> Vec<u8> {
        self.params.self_signed(&self.key).unwrap().der().to_vec()
    }

    /// A certificate as a verifier issues it, after `edit`.
    fn issue(&self, identity: &Identity, edit: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::new(vec![server_name(&policy(), None)]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        let at =
            |seconds| rcgen::date_time_ymd(1970, 1, 1) + core::time::Duration::from_secs(seconds);
        params.not_before = at(NOW - 60);
        params.not_after = at(NOW + 3540);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        edit(&mut params);
        let issuer = Issuer::from_params(&self.params, &self.key);
        let key = SpkiKey(identity.spki().get(26..).unwrap().to_vec());
        params.signed_by(&key, &issuer).unwrap().der().to_vec()
    }
}

/// The point of a P-256 key.
struct SpkiKey(Vec<u8>);

impl rcgen::PublicKeyData for SpkiKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

#[test]
fn shows_what_the_policys_authority_issued_for_its_key_and_name() {
    let identity = Identity::generate("isolate").unwrap();
    let authority = Authority::new();
    let presented = Presented::new(&identity);
    let certificate = authority.issue(&identity, |_| {});
    for _renewal in 0..2 {
        presented
            .install(&certificate, &policy(), &authority.der(), NOW)
            .unwrap();
    }
}

#[test]
fn refuses_a_certificate_for_another_key() {
    let (identity, other) = (
        Identity::generate("isolate").unwrap(),
        Identity::generate("other").unwrap(),
    );
    let authority = Authority::new();
    let certificate = authority.issue(&other, |_| {});
    let refused = Presented::new(&identity).install(&certificate, &policy(), &authority.der(), NOW);
    assert!(matches!(
        refused,
        Err(CertificateRefused::OtherKey { expected, found })
            if expected == identity.key() && found == other.key()
    ));
}

#[test]
fn refuses_a_certificate_by_another_authority_or_of_another_time() {
    let identity = Identity::generate("isolate").unwrap();
    let (authority, other) = (Authority::new(), Authority::new());
    let presented = Presented::new(&identity);
    let certificate = authority.issue(&identity, |_| {});
    for (ca, now) in [
        (other.der(), NOW),
        (authority.der(), NOW + 3541),
        (authority.der(), NOW - 61),
    ] {
        assert!(matches!(
            presented.install(&certificate, &policy(), &ca, now),
            Err(CertificateRefused::NotByAuthority(_))
        ));
    }
    // For clients alone.
    let certificate = authority.issue(&identity, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    assert!(matches!(
        presented.install(&certificate, &policy(), &authority.der(), NOW),
        Err(CertificateRefused::NotByAuthority(_))
    ));
}

#[test]
fn refuses_a_certificate_for_another_name() {
    let identity = Identity::generate("isolate").unwrap();
    let authority = Authority::new();
    let presented = Presented::new(&identity);
    let other = PolicyHash::from_bytes([8; 32]);
    let certificate = authority.issue(&identity, |params| {
        params.subject_alt_names = CertificateParams::new(vec![server_name(&other, None)])
            .unwrap()
            .subject_alt_names;
    });
    assert!(matches!(
        presented.install(&certificate, &policy(), &authority.der(), NOW),
        Err(CertificateRefused::OtherName { expected, .. })
            if expected == server_name(&policy(), None)
    ));
    // Outside the authority's constraint.
    let certificate = authority.issue(&identity, |params| {
        params.subject_alt_names = CertificateParams::new(vec!["bank.example".to_owned()])
            .unwrap()
            .subject_alt_names;
    });
    assert!(matches!(
        presented.install(&certificate, &policy(), &authority.der(), NOW),
        Err(CertificateRefused::NotByAuthority(_))
    ));
}

#[test]
fn refuses_bytes_that_are_no_certificate() {
    let identity = Identity::generate("isolate").unwrap();
    let authority = Authority::new();
    let presented = Presented::new(&identity);
    for bytes in [b"".as_slice(), b"\x30\x00", &[0xff; 100]] {
        assert!(matches!(
            presented.install(bytes, &policy(), &authority.der(), NOW),
            Err(CertificateRefused::Malformed(_))
        ));
    }
    let certificate = authority.issue(&identity, |_| {});
    assert!(matches!(
        presented.install(&certificate, &policy(), b"", NOW),
        Err(CertificateRefused::Authority(_))
    ));
}

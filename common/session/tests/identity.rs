//! Identities as files carry them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use proptest::prelude::*;
use veracruz_policy::KeyDigest;
use veracruz_session::{Identity, IdentityError, Validity};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

#[test]
fn an_identity_is_read_as_it_was_written() {
    let identity = Identity::generate("acme").unwrap();
    let read = Identity::from_pem(identity.to_pem().unwrap().as_bytes()).unwrap();
    assert_eq!(read.key(), identity.key());
    assert_eq!(read.certificate(), identity.certificate());
}

#[test]
fn another_reader_sees_the_same_key_in_the_certificate() {
    let identity = Identity::generate("acme").unwrap();
    let certificate = Certificate::from_der(identity.certificate()).unwrap();
    let tbs = certificate.tbs_certificate();
    assert_eq!(
        tbs.subject_public_key_info().to_der().unwrap(),
        identity.spki()
    );
    assert_eq!(tbs.subject().to_string(), "CN=acme");
    assert_eq!(KeyDigest::of_spki(identity.spki()), identity.key());
}

#[test]
fn a_certificate_carries_the_dates_that_it_was_given() {
    let validity = Validity {
        not_before: 1_700_000_000,
        not_after: 1_800_000_000,
    };
    let identity = Identity::generate_valid("acme", validity).unwrap();
    let certificate = Certificate::from_der(identity.certificate()).unwrap();
    let dates = certificate.tbs_certificate().validity();
    assert_eq!(
        dates.not_before.to_unix_duration().as_secs(),
        validity.not_before
    );
    assert_eq!(
        dates.not_after.to_unix_duration().as_secs(),
        validity.not_after
    );
}

#[test]
fn refuses_a_date_that_no_certificate_can_have() {
    let validity = Validity {
        not_before: 0,
        not_after: u64::MAX,
    };
    let error = Identity::generate_valid("acme", validity).unwrap_err();
    assert!(matches!(error, IdentityError::Name { .. }));
}

#[test]
fn signatures_verify_under_the_public_key() {
    let identity = Identity::generate("acme").unwrap();
    let signature = identity.sign_es256(b"statement").unwrap();
    let point = identity.spki().get(26..).unwrap();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(b"statement", &signature).unwrap();
    key.verify(b"Statement", &signature).unwrap_err();
}

#[test]
fn refuses_a_certificate_of_another_key() {
    let acme = Identity::generate("acme").unwrap();
    let globex = Identity::generate("globex").unwrap();
    let key = acme.to_pem().unwrap();
    let key = key
        .split_inclusive("-----END PRIVATE KEY-----\n")
        .next()
        .unwrap();
    let mixed = format!("{key}{}", globex.certificate_pem().unwrap());
    let Err(IdentityError::OtherKey { expected, found }) = Identity::from_pem(mixed.as_bytes())
    else {
        panic!("accepted")
    };
    assert_eq!((expected, found), (acme.key(), globex.key()));
}

#[test]
fn refuses_missing_and_doubled_blocks() {
    let acme = Identity::generate("acme").unwrap();
    let certificate = acme.certificate_pem().unwrap();
    let both = acme.to_pem().unwrap();
    let pem = |text: &str| Identity::from_pem(text.as_bytes());
    let found = |result: Result<Identity, IdentityError>| match result {
        Err(IdentityError::Pem { expected, found }) => (expected, found),
        other => panic!("{other:?}"),
    };
    assert_eq!(found(pem("")), ("PRIVATE KEY", "none".to_owned()));
    assert_eq!(found(pem(&certificate)), ("PRIVATE KEY", "none".to_owned()));
    assert_eq!(
        found(pem(&format!("{}{certificate}", *both))),
        ("CERTIFICATE", "several".to_owned())
    );
    assert_eq!(
        found(pem(&both.repeat(2))),
        ("PRIVATE KEY", "several".to_owned())
    );
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let pem = Identity::generate("acme").unwrap().to_pem().unwrap();
    let whole = pem.trim_end().len();
    for length in 0..whole {
        assert!(
            Identity::from_pem(&pem.as_bytes()[..length]).is_err(),
            "{length}"
        );
    }
}

proptest! {
    #[test]
    fn damaged_files_never_panic(position in 0_usize..800, byte: u8) {
        let mut pem = TEXT.with(Clone::clone);
        if let Some(target) = pem.get_mut(position) {
            *target = byte;
        }
        let _ = Identity::from_pem(&pem);
    }

    #[test]
    fn random_files_never_panic(bytes: Vec<u8>) {
        prop_assert!(Identity::from_pem(&bytes).is_err());
    }
}

thread_local! {
    static TEXT: Vec<u8> = Identity::generate("acme").unwrap().to_pem().unwrap().as_bytes().to_vec();
}

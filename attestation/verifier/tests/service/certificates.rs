//! Certificates for isolates.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use serde_json::json;
use veracruz_appraisal::ear::{CWT_MEDIA_TYPE, Ear, Expected};
use veracruz_evidence::cbor::Reader;
use veracruz_evidence::{Nonce, report_data};
use veracruz_policy::{KeyDigest, Policy};
use veracruz_session::server_name;
use veracruz_verifier::{CERTIFICATE_SECONDS, CMW_EXTENSION};
use x509_cert::Certificate;
use x509_cert::der::asn1::OctetString;
use x509_cert::der::{Decode as _, Encode as _};

use crate::client::Answer;
use crate::world::{Backend, World, block_on, csr, nonce, now, runtime, spki_of};

/// Asks for a certificate for the isolate's key as an isolate does.
async fn ask(world: &World, policy: &Policy) -> (Answer, Nonce) {
    let (path, session) = world.open().await;
    let nonce = nonce(&session);
    let bound = world.key_data(policy, &nonce);
    let evidence = world.evidence(policy, bound);
    let answer = world
        .certify(&path, policy, &csr(&world.isolate), &evidence)
        .await;
    (answer, nonce)
}

fn der(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.status, 201, "{answer:?}");
    let text = answer.json()["certificate"].as_str().unwrap().to_owned();
    BASE64.decode(text.as_bytes()).unwrap()
}

pub(crate) fn a_certificate_names_the_policy_and_nothing_else(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let (answer, nonce) = ask(&world, &policy).await;
        let der = der(&answer);
        let name = server_name(&policy.hash(), None);

        // As a client's TLS library sees it.
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(world.authority.as_bytes()).unwrap())
            .unwrap();
        let chain = CertificateDer::from(der.clone());
        let parsed = ParsedCertificate::try_from(&chain).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        rustls::client::verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &roots,
            &[],
            UnixTime::now(),
            provider.signature_verification_algorithms.all,
        )
        .unwrap();
        rustls::client::verify_server_name(&parsed, &name.as_str().try_into().unwrap()).unwrap();

        let certificate = Certificate::from_der(&der).unwrap();
        let body = certificate.tbs_certificate();
        assert!(body.subject().is_empty());
        assert_eq!(
            body.subject_public_key_info().to_der().unwrap(),
            spki_of(&world.isolate)
        );
        let validity = body.validity();
        let seconds =
            validity.not_after.to_unix_duration() - validity.not_before.to_unix_duration();
        assert_eq!(seconds.as_secs(), CERTIFICATE_SECONDS);
        let extension = |id: &str| {
            let all = body.extensions().unwrap();
            let mut found = all.iter().filter(|one| one.extn_id.to_string() == id);
            let one = found.next().unwrap();
            assert!(found.next().is_none());
            (one.critical, one.extn_value.as_bytes().to_vec())
        };
        // subjectAltName: critical, one DNS name.
        let (critical, names) = extension("2.5.29.17");
        assert!(critical);
        let length = u8::try_from(name.len()).unwrap();
        assert_eq!(
            names,
            [&[0x30, length + 2, 0x82, length], name.as_bytes()].concat()
        );
        // extKeyUsage serverAuth; not an authority.
        let (_, usage) = extension("2.5.29.37");
        assert_eq!(usage, b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01");
        let (critical, constraints) = extension("2.5.29.19");
        assert!(critical);
        assert_eq!(constraints, b"\x30\x00");

        // Platform and measurement, as a result in its wrapper.
        let (critical, wrapper) = extension(CMW_EXTENSION);
        assert!(!critical);
        let wrapper = OctetString::from_der(&wrapper).unwrap();
        let mut reader = Reader::new(wrapper.as_bytes()).unwrap();
        reader.tuple(3).unwrap();
        assert_eq!(reader.text(200).unwrap(), CWT_MEDIA_TYPE);
        let token = reader.bytes(4096).unwrap();
        assert_eq!(reader.unsigned().unwrap(), 8);
        let isolate = KeyDigest::of_spki(&spki_of(&world.isolate));
        let expected = Expected {
            verifier: "verifier.example",
            key: &world.ear_key,
            report_data: world.key_data(&policy, &nonce),
            policy: policy.hash(),
            isolate: Some(isolate),
            now: now(),
        };
        let ear = Ear::read(token, &expected).unwrap();
        let submod = &ear.submods["sw-rot"];
        assert_eq!(submod.claims.measurement, runtime().to_string());
    });
}

pub(crate) fn serial_numbers_are_random(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let mut serials = BTreeSet::new();
        for _ in 0..8 {
            let der = der(&ask(&world, &policy).await.0);
            let certificate = Certificate::from_der(&der).unwrap();
            let serial = certificate.tbs_certificate().serial_number().clone();
            assert_eq!(serial.as_bytes().len(), 16);
            assert!(serials.insert(serial.as_bytes().to_vec()));
        }
    });
}

pub(crate) fn a_certificate_needs_a_policy_that_names_this_verifier(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let other = KeyPair::generate().unwrap();
        let other_key = other.public_key_pem();
        let ca = veracruz_verifier::Authority::create("other", &other.serialize_pem()).unwrap();
        let edits: [(&str, &str); 3] = [
            ("name", "other.example"),
            ("ear_key", &other_key),
            ("ca", &ca),
        ];
        for (field, value) in edits {
            let policy = world.policy_with(|document| {
                document["verifiers"][0][field] = json!(value);
            });
            let (answer, _) = ask(&world, &policy).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (403, "VC-0253"),
                "{field}"
            );
        }
        let expired = world.policy_with(|document| {
            document["expires"] = json!("2020-01-01T00:00:00Z");
        });
        let (answer, _) = ask(&world, &expired).await;
        assert_eq!(answer.code(), "VC-0314");
    });
}

pub(crate) fn a_certificate_needs_evidence_for_this_key_verifier_and_nonce(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let stranger = spki_of(&KeyPair::generate().unwrap());
        let isolate = spki_of(&world.isolate);
        let ear_key = world.ear_key.spki();
        let hash = policy.hash();
        for what in ["key", "verifier", "nonce", "purpose"] {
            let (path, session) = world.open().await;
            let nonce = nonce(&session);
            let bound = match what {
                "key" => report_data::key(&hash, &stranger, ear_key, &nonce),
                "verifier" => report_data::key(&hash, &isolate, &stranger, &nonce),
                "nonce" => report_data::key(&hash, &isolate, ear_key, &Nonce::from_bytes([1; 32])),
                _ => report_data::session(&hash, &isolate, ear_key, &[0; 32], &nonce),
            };
            let evidence = world.evidence(&policy, bound);
            let answer = world
                .certify(&path, &policy, &csr(&world.isolate), &evidence)
                .await;
            assert_eq!(answer.code(), "VC-0252", "{what}");
            assert!(answer.detail().contains("bound to"), "{what}: {answer:?}");
        }
    });
}

pub(crate) fn a_request_that_asks_for_names_gets_none(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let mut named = CertificateParams::new(vec!["bank.example".to_owned()]).unwrap();
        named.distinguished_name = DistinguishedName::new();
        let named = named.serialize_request(&world.isolate).unwrap();
        for csr in [named.der().as_ref(), b"", b"\x30\x00"] {
            let (path, session) = world.open().await;
            let bound = world.key_data(&policy, &nonce(&session));
            let evidence = world.evidence(&policy, bound);
            let answer = world.certify(&path, &policy, csr, &evidence).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (400, "VC-0255")
            );
        }
    });
}

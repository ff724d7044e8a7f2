//! A generator of tokens: right ones, and forgeries that are signed anew.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

use p256::ecdsa::SigningKey;
use veracruz_evidence::cbor::Writer;
use veracruz_evidence::cose::{SPKI_HEADER, sign1};
use veracruz_evidence::{Evidence, Nonce, ReportData, Technology, report_data, spki};
use veracruz_policy::{KeyDigest, PolicyHash, ProcessIsolate, Sha256, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_161_600);

/// The attester that the reference values name.
pub(crate) fn attester() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

pub(crate) fn digest(key: &SigningKey) -> KeyDigest {
    KeyDigest::of_spki(&spki::of_p256(key.verifying_key()))
}

pub(crate) fn runtime() -> Sha256 {
    Sha256::of(b"runtime")
}

pub(crate) fn reference() -> ProcessIsolate {
    ProcessIsolate::new(vec![runtime()], vec![digest(&attester())])
}

pub(crate) fn policy() -> PolicyHash {
    PolicyHash::from_bytes([2; 32])
}

/// What the verifier in these tests expects.
pub(crate) fn expected() -> ReportData {
    session(&policy(), b"server", b"client", 1, 3)
}

pub(crate) fn session(
    policy: &PolicyHash,
    server: &[u8],
    client: &[u8],
    exporter: u8,
    nonce: u8,
) -> ReportData {
    report_data::session(
        policy,
        server,
        client,
        &[exporter; 32],
        &Nonce::from_bytes([nonce; 32]),
    )
}

/// Everything that stands in a token; change a field and sign.
pub(crate) struct Forgery {
    pub signer: SigningKey,
    pub header_spki: Vec<u8>,
    pub nonce: Vec<u8>,
    pub instance_id: Vec<u8>,
    pub profile: String,
    pub client_id: i64,
    pub lifecycle: u64,
    pub implementation: Vec<u8>,
    /// Type, value, description of each software component.
    pub components: Vec<(String, Vec<u8>, String)>,
    pub launch_policy: Vec<u8>,
    /// A claim that the profile does not have.
    pub extra_claim: Option<i64>,
    /// A protected header that the profile does not have.
    pub extra_header: Option<i64>,
}

impl Forgery {
    /// A good token, signed by `signer`.
    pub(crate) fn by(signer: SigningKey) -> Self {
        let digest = digest(&signer);
        Self {
            header_spki: spki::of_p256(signer.verifying_key()).into(),
            signer,
            nonce: expected().as_bytes().to_vec(),
            instance_id: [&[1], digest.as_bytes().as_slice()].concat(),
            profile: "tag:veracruz.internal,2026:sw-rot#1".into(),
            client_id: -1,
            lifecycle: 0,
            implementation: b"veracruz software root of trust1".to_vec(),
            components: vec![(
                "runtime".into(),
                runtime().as_bytes().to_vec(),
                "sha-256".into(),
            )],
            launch_policy: policy().as_bytes().to_vec(),
            extra_claim: None,
            extra_header: None,
        }
    }

    pub(crate) fn payload(&self) -> Vec<u8> {
        Writer::encode(|w| {
            w.map(|m| {
                m.int(10, |w| w.bytes(&self.nonce));
                m.int(256, |w| w.bytes(&self.instance_id));
                m.int(265, |w| w.text(&self.profile));
                m.int(2394, |w| w.integer(self.client_id));
                m.int(2395, |w| w.unsigned(self.lifecycle));
                m.int(2396, |w| w.bytes(&self.implementation));
                m.int(2399, |w| {
                    w.array(self.components.len());
                    for (kind, value, description) in &self.components {
                        w.map(|m| {
                            m.int(1, |w| w.text(kind));
                            m.int(2, |w| w.bytes(value));
                            m.int(6, |w| w.text(description));
                        });
                    }
                });
                m.int(-70000, |w| w.bytes(&self.launch_policy));
                if let Some(label) = self.extra_claim {
                    m.int(label, Writer::null);
                }
            });
        })
    }

    /// The token with `payload`, whatever that is.
    pub(crate) fn sign_payload(&self, payload: &[u8]) -> Evidence {
        let token = sign1(
            |headers| {
                headers.int(SPKI_HEADER, |w| w.bytes(&self.header_spki));
                if let Some(label) = self.extra_header {
                    headers.int(label, Writer::null);
                }
            },
            payload,
            &self.signer,
        );
        Evidence::new(Technology::SoftwareRootOfTrust, token)
    }

    pub(crate) fn sign(&self) -> Evidence {
        self.sign_payload(&self.payload())
    }
}

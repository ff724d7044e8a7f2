//! A generator of CCA and PSA tokens with keys of its own: right ones, and forgeries signed anew.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use veracruz_appraisal::{Collateral, Examined};
use veracruz_evidence::cbor::Writer;
use veracruz_policy::{PublicKey, Sha256, Sha384};

/// A key that signs tokens.
#[derive(Clone)]
pub(crate) enum Signer {
    Es256(p256::ecdsa::SigningKey),
    Es384(p384::ecdsa::SigningKey),
}

impl Signer {
    pub(crate) fn es256(seed: u8) -> Self {
        Self::Es256(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub(crate) fn es384(seed: u8) -> Self {
        Self::Es384(p384::ecdsa::SigningKey::from_slice(&[seed; 48]).unwrap())
    }

    pub(crate) fn algorithm(&self) -> i64 {
        match self {
            Self::Es256(_) => -7,
            Self::Es384(_) => -35,
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_spki(match self {
            Self::Es256(key) => key.verifying_key().to_public_key_der().unwrap().into_vec(),
            Self::Es384(key) => key.verifying_key().to_public_key_der().unwrap().into_vec(),
        })
    }

    /// Collateral with the public key, as a caller has it in a file.
    pub(crate) fn given(&self) -> Collateral {
        let pem = match self {
            Self::Es256(key) => key.verifying_key().to_public_key_pem(LineEnding::LF),
            Self::Es384(key) => key.verifying_key().to_public_key_pem(LineEnding::LF),
        };
        let mut collateral = Collateral::none();
        collateral.add(pem.unwrap().as_bytes()).unwrap();
        collateral
    }

    /// The point, uncompressed.
    pub(crate) fn point(&self) -> Vec<u8> {
        match self {
            Self::Es256(key) => key.verifying_key().to_sec1_point(false).as_bytes().into(),
            Self::Es384(key) => key.verifying_key().to_sec1_point(false).as_bytes().into(),
        }
    }

    /// The key as COSE_Key.
    pub(crate) fn cose_key(&self) -> Vec<u8> {
        let point = self.point();
        let (x, y) = point[1..].split_at(point.len() / 2);
        let curve = match self {
            Self::Es256(_) => 1,
            Self::Es384(_) => 2,
        };
        Writer::encode(|w| {
            w.map(|m| {
                m.int(1, |w| w.integer(2));
                m.int(-1, |w| w.integer(curve));
                m.int(-2, |w| w.bytes(x));
                m.int(-3, |w| w.bytes(y));
            });
        })
    }

    /// r ‖ s over the message, with the digest that goes with the curve.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Es384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
        }
    }

    /// A COSE_Sign1 that names this algorithm, signed by this key.
    pub(crate) fn cose(&self, algorithm: i64, payload: &[u8]) -> Vec<u8> {
        let protected = Writer::encode(|w| w.map(|m| m.int(1, |w| w.integer(algorithm))));
        let to_be_signed = Writer::encode(|w| {
            w.array(4);
            w.text("Signature1");
            w.bytes(&protected);
            w.bytes(&[]);
            w.bytes(payload);
        });
        Writer::encode(|w| {
            w.tag(18);
            w.array(4);
            w.bytes(&protected);
            w.map(|_| {});
            w.bytes(payload);
            w.bytes(&self.sign(&to_be_signed));
        })
    }
}

/// Claims in the order in which they are written, which is that of real tokens: any.
#[derive(Clone, Default)]
pub(crate) struct Claims(pub(crate) Vec<(i64, Vec<u8>)>);

impl Claims {
    /// Sets a claim, in its place or at the end.
    pub(crate) fn set(&mut self, label: i64, write: impl FnOnce(&mut Writer)) {
        let value = Writer::encode(write);
        match self.0.iter_mut().find(|(found, _)| *found == label) {
            Some(claim) => claim.1 = value,
            None => self.0.push((label, value)),
        }
    }

    pub(crate) fn bytes(&mut self, label: i64, value: &[u8]) {
        self.set(label, |w| w.bytes(value));
    }

    pub(crate) fn text(&mut self, label: i64, value: &str) {
        self.set(label, |w| w.text(value));
    }

    pub(crate) fn remove(&mut self, label: i64) {
        self.0.retain(|(found, _)| *found != label);
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let count = u8::try_from(self.0.len()).unwrap();
        assert!(count < 24);
        let mut bytes = vec![0xa0 | count];
        for (label, value) in &self.0 {
            bytes.extend(Writer::encode(|w| w.integer(*label)));
            bytes.extend(value);
        }
        bytes
    }
}

/// Software components: type, digest.
pub(crate) fn components(w: &mut Writer, components: &[(&str, &[u8])]) {
    w.array(components.len());
    for (kind, measurement) in components {
        w.map(|m| {
            m.int(1, |w| w.text(kind));
            m.int(2, |w| w.bytes(measurement));
            m.int(4, |w| w.text("1.0.0"));
            m.int(5, |w| w.bytes(Sha256::of(b"signer").as_bytes()));
            m.int(6, |w| w.text("sha-256"));
        });
    }
}

pub(crate) fn implementation_id() -> Sha256 {
    Sha256::of(b"implementation")
}

pub(crate) fn instance_id() -> Vec<u8> {
    [&[1], Sha256::of(b"instance").as_bytes().as_slice()].concat()
}

pub(crate) fn firmware() -> [Sha256; 2] {
    [Sha256::of(b"BL"), Sha256::of(b"RMM")]
}

/// A CCA token in parts.
#[derive(Clone)]
pub(crate) struct CcaToken {
    pub(crate) cpak: Signer,
    pub(crate) rak: Signer,
    pub(crate) platform: Claims,
    pub(crate) realm: Claims,
    /// The tag of the collection: 399, or 907 with media types.
    pub(crate) tag: u64,
}

impl CcaToken {
    /// A good token of RMM 1.0 with this challenge and personalization value.
    pub(crate) fn new(challenge: &[u8; 64], personalization: &[u8; 64]) -> Self {
        let mut token = Self::legacy(challenge, personalization);
        token.realm.text(265, "tag:arm.com,2023:realm#1.0.0");
        token
            .platform
            .text(265, "tag:arm.com,2023:cca_platform#1.0.0");
        token.set_rak(Signer::es384(2));
        token
    }

    /// A good token of before RMM 1.0.
    pub(crate) fn legacy(challenge: &[u8; 64], personalization: &[u8; 64]) -> Self {
        let mut platform = Claims::default();
        platform.text(265, "http://arm.com/CCA-SSD/1.0.0");
        platform.bytes(10, &[0; 32]);
        platform.bytes(2396, implementation_id().as_bytes());
        platform.bytes(256, &instance_id());
        platform.bytes(2401, &[0xcf; 4]);
        platform.set(2395, |w| w.unsigned(0x3003));
        platform.text(2402, "sha-256");
        platform.text(2400, "https://example.org");
        let [first, second] = firmware();
        platform.set(2399, |w| {
            components(w, &[("BL", first.as_bytes()), ("RMM", second.as_bytes())]);
        });
        let mut realm = Claims::default();
        realm.bytes(10, challenge);
        realm.bytes(44235, personalization);
        realm.text(44236, "sha-384");
        realm.text(44240, "sha-256");
        realm.bytes(44237, &[]);
        realm.bytes(44238, Sha384::of(b"realm").as_bytes());
        realm.set(44239, |w| {
            w.array(4);
            w.bytes(Sha384::of(b"rem 0").as_bytes());
            w.bytes(&[0; 48]);
            w.bytes(&[0; 48]);
            w.bytes(&[0; 48]);
        });
        let rak = Signer::es384(2);
        let mut token = Self {
            cpak: Signer::es384(1),
            rak: rak.clone(),
            platform,
            realm,
            tag: 399,
        };
        token.set_rak(rak);
        token
    }

    /// Puts a key into the realm token, as its profile wants it, and its digest into the other.
    pub(crate) fn set_rak(&mut self, rak: Signer) {
        let has_profile = self.realm.0.iter().any(|(label, _)| *label == 265);
        let public = if has_profile {
            rak.cose_key()
        } else {
            rak.point()
        };
        self.realm.bytes(44237, &public);
        self.platform.bytes(10, Sha256::of(&public).as_bytes());
        self.rak = rak;
    }

    pub(crate) fn collection(&self, platform: &[u8], realm: &[u8]) -> Vec<u8> {
        let with_types = self.tag == 907;
        let entry = |w: &mut Writer, token: &[u8]| {
            if with_types {
                w.array(2);
                w.unsigned(263); // application/eat+cwt
            }
            w.bytes(token);
        };
        Writer::encode(|w| {
            w.tag(self.tag);
            w.map(|m| {
                m.int(44234, |w| entry(w, platform));
                m.int(44241, |w| entry(w, realm));
            });
        })
    }

    pub(crate) fn sign(&self) -> Vec<u8> {
        let platform = self
            .cpak
            .cose(self.cpak.algorithm(), &self.platform.encode());
        let realm = self.rak.cose(self.rak.algorithm(), &self.realm.encode());
        self.collection(&platform, &realm)
    }
}

/// The claims of a PSA token of RFC 9783.
pub(crate) fn psa_claims(nonce: &[u8]) -> Claims {
    let mut claims = Claims::default();
    claims.text(265, "tag:psacertified.org,2023:psa#tfm");
    claims.set(2394, |w| w.integer(3002));
    claims.set(2395, |w| w.unsigned(0x3000));
    claims.bytes(2396, implementation_id().as_bytes());
    claims.bytes(2397, &[0xa0; 32]);
    claims.text(2398, "0604565272829-10010");
    let [first, second] = firmware();
    claims.set(2399, |w| {
        components(w, &[("BL", first.as_bytes()), ("RMM", second.as_bytes())]);
    });
    claims.bytes(10, nonce);
    claims.bytes(256, &instance_id());
    claims.text(2400, "https://example.org");
    claims
}

/// The same under the labels of profile 1.
pub(crate) fn psa_claims_of_profile_1(nonce: &[u8]) -> Claims {
    let labels = [
        (265, -75000),
        (2394, -75001),
        (2395, -75002),
        (2396, -75003),
        (2397, -75004),
        (2398, -75005),
        (2399, -75006),
        (10, -75008),
        (256, -75009),
        (2400, -75010),
    ];
    let mut claims = psa_claims(nonce);
    for (label, _) in &mut claims.0 {
        let new = *label;
        *label = labels.iter().find(|(found, _)| *found == new).unwrap().1;
    }
    claims.text(-75000, "PSA_IOT_PROFILE_1");
    claims
}

/// What a fact says.
pub(crate) fn fact<'e>(examined: &'e Examined, name: &str) -> &'e str {
    let facts = examined.facts();
    &facts.iter().find(|fact| fact.name == name).unwrap().value
}

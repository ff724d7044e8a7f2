//! Certificates and revocation lists with own keys, written as DER by hand so that every part of
//! them can be wrong.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in a test a panic is the report of a failure"
)]

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA384};
use p384::ecdsa::signature::Signer as _;
use p384::pkcs8::EncodePublicKey as _;
use veracruz_policy::Timestamp;

/// One TLV.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = vec![tag];
    match length {
        0..=127 => der.push(u8::try_from(length).unwrap()),
        _ => {
            let bytes = u32::try_from(length).unwrap().to_be_bytes();
            let used: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            der.push(0x80 | u8::try_from(used.len()).unwrap());
            der.extend(used);
        }
    }
    der.extend_from_slice(content);
    der
}

pub(crate) fn sequence(items: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &items.concat())
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

pub(crate) fn integer(value: u64) -> Vec<u8> {
    let bytes = [&[0], value.to_be_bytes().as_slice()].concat();
    let zeros = bytes
        .windows(2)
        .take_while(|pair| pair[0] == 0 && pair[1] < 0x80)
        .count();
    tlv(0x02, &bytes[zeros..])
}

fn boolean(value: bool) -> Vec<u8> {
    tlv(0x01, &[if value { 0xff } else { 0 }])
}

fn bits(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

/// An object identifier from its text.
pub(crate) fn oid(text: &str) -> Vec<u8> {
    let arcs: Vec<u64> = text.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = vec![u8::try_from(arcs[0] * 40 + arcs[1]).unwrap()];
    for arc in &arcs[2..] {
        let mut groups = vec![u8::try_from(arc & 0x7f).unwrap()];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
            rest >>= 7;
        }
        content.extend(groups.iter().rev());
    }
    tlv(0x06, &content)
}

/// A name with a common name alone.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    let attribute = sequence(&[oid("2.5.4.3"), tlv(0x0c, common_name.as_bytes())]);
    sequence(&[tlv(0x31, &attribute)])
}

/// UTCTime, as RFC 5280 wants it before 2050.
fn time(at: Timestamp) -> Vec<u8> {
    let text = at.to_string();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    tlv(0x17, format!("{}Z", &digits[2..]).as_bytes())
}

/// RSA signatures made so far, by public key and message.
static MADE: Mutex<BTreeMap<Made, Vec<u8>>> = Mutex::new(BTreeMap::new());
type Made = (Vec<u8>, Vec<u8>);

/// A key that signs certificates or evidence.
pub(crate) enum TestKey {
    Rsa(RsaKeyPair),
    P384(p384::ecdsa::SigningKey),
}

impl TestKey {
    /// One of a few RSA keys, which are made once: that takes long.
    pub(crate) fn rsa(index: usize) -> &'static Self {
        static KEYS: [OnceLock<TestKey>; 4] = [const { OnceLock::new() }; 4];
        KEYS[index].get_or_init(|| Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }

    /// A key on P-384, always the same for one seed.
    pub(crate) fn p384(seed: u8) -> Self {
        Self::P384(p384::ecdsa::SigningKey::from_slice(&[seed; 48]).unwrap())
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => sequence(&[
                sequence(&[oid("1.2.840.113549.1.1.1"), tlv(0x05, &[])]),
                bits(key.public_key().as_ref()),
            ]),
            Self::P384(key) => key.verifying_key().to_public_key_der().unwrap().into_vec(),
        }
    }

    /// The AlgorithmIdentifier of what [`sign`](Self::sign) makes.
    pub(crate) fn algorithm(&self) -> Vec<u8> {
        let sha384 = sequence(&[oid("2.16.840.1.101.3.4.2.2"), tlv(0x05, &[])]);
        match self {
            Self::Rsa(_) => sequence(&[
                oid("1.2.840.113549.1.1.10"),
                sequence(&[
                    tlv(0xa0, &sha384),
                    tlv(0xa1, &sequence(&[oid("1.2.840.113549.1.1.8"), sha384])),
                    tlv(0xa2, &integer(48)),
                ]),
            ]),
            Self::P384(_) => sequence(&[oid("1.2.840.10045.4.3.3")]),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                // PSS is randomised: the same certificate is to have the same digest each time.
                let id = (key.public_key().as_ref().to_vec(), message.to_vec());
                let mut made = MADE.lock().unwrap();
                let signature = made.entry(id).or_insert_with(|| {
                    let mut signature = vec![0; key.public_modulus_len()];
                    key.sign(
                        &RSA_PSS_SHA384,
                        &SystemRandom::new(),
                        message,
                        &mut signature,
                    )
                    .unwrap();
                    signature
                });
                signature.clone()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
        }
    }

    /// RSASSA-PKCS1-v1_5, as TPMs sign.
    pub(crate) fn sign_pkcs1_sha256(&self, message: &[u8]) -> Vec<u8> {
        let Self::Rsa(key) = self else {
            unreachable!("ECDSA is not RSA")
        };
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )
        .unwrap();
        signature
    }

    /// The modulus of an RSA key.
    pub(crate) fn modulus(&self) -> Vec<u8> {
        let Self::Rsa(key) = self else {
            unreachable!("ECDSA is not RSA")
        };
        // RSAPublicKey: a SEQUENCE of an INTEGER of 257 bytes, whose first is zero, and another.
        key.public_key().as_ref()[9..9 + 256].to_vec()
    }

    /// r ‖ s, big-endian.
    pub(crate) fn sign_fixed(&self, message: &[u8]) -> Vec<u8> {
        let Self::P384(key) = self else {
            unreachable!("RSA has no r and s")
        };
        let signature: p384::ecdsa::Signature = key.sign(message);
        signature.to_bytes().to_vec()
    }
}

/// An extension: object identifier, whether it is critical, content.
pub(crate) type Extension = (&'static str, bool, Vec<u8>);

pub(crate) fn basic_constraints(ca: bool, path_length: Option<u64>) -> Extension {
    let mut items = Vec::new();
    if ca {
        items.push(boolean(true));
    }
    items.extend(path_length.map(integer));
    ("2.5.29.19", true, sequence(&items))
}

/// Bits from the first: digitalSignature is 0x80, keyCertSign 0x04, cRLSign 0x02.
pub(crate) fn key_usage(usage: u8) -> Extension {
    let unused = u8::try_from(usage.trailing_zeros()).unwrap();
    ("2.5.29.15", true, tlv(0x03, &[unused, usage]))
}

/// What stands in a certificate.
#[derive(Clone)]
pub(crate) struct CertificateForm {
    pub serial: u64,
    pub issuer: String,
    pub subject: String,
    pub from: Timestamp,
    pub until: Timestamp,
    pub spki: Vec<u8>,
    pub extensions: Vec<Extension>,
}

impl CertificateForm {
    /// The certificate, signed by `issuer`.
    pub(crate) fn sign(&self, issuer: &TestKey) -> Vec<u8> {
        let extensions: Vec<Vec<u8>> = self
            .extensions
            .iter()
            .map(|(id, critical, content)| {
                let mut items = vec![oid(id)];
                if *critical {
                    items.push(boolean(true));
                }
                items.push(octets(content));
                sequence(&items)
            })
            .collect();
        let signed = sequence(&[
            tlv(0xa0, &integer(2)),
            integer(self.serial),
            issuer.algorithm(),
            name(&self.issuer),
            sequence(&[time(self.from), time(self.until)]),
            name(&self.subject),
            self.spki.clone(),
            tlv(0xa3, &sequence(&extensions)),
        ]);
        let signature = bits(&issuer.sign(&signed));
        sequence(&[signed, issuer.algorithm(), signature])
    }
}

/// A revocation list.
pub(crate) struct ListForm {
    pub issuer: String,
    pub this_update: Timestamp,
    pub next_update: Timestamp,
    pub serials: Vec<u64>,
}

impl ListForm {
    /// The list, signed by `issuer`.
    pub(crate) fn sign(&self, issuer: &TestKey) -> Vec<u8> {
        let mut items = vec![
            integer(1),
            issuer.algorithm(),
            name(&self.issuer),
            time(self.this_update),
            time(self.next_update),
        ];
        let entries: Vec<Vec<u8>> = self
            .serials
            .iter()
            .map(|serial| sequence(&[integer(*serial), time(self.this_update)]))
            .collect();
        if !entries.is_empty() {
            items.push(sequence(&entries));
        }
        let signed = sequence(&items);
        let signature = bits(&issuer.sign(&signed));
        sequence(&[signed, issuer.algorithm(), signature])
    }
}

/// PEM of a certificate.
pub(crate) fn pem(der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

//! A generator of quotes, keys and event logs, as a TPM and firmware write them.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self as aws, KeyPair as _, RsaEncoding};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::EncodePublicKey as _;
use veracruz_evidence::tpm::{Endorsement, TpmContent};
use veracruz_policy::{KeyDigest, PolicyHash, Sha256, Sha384};
use x509_cert::der::{Decode as _, Encode as _};

pub(crate) const SHA1: u16 = 0x0004;
pub(crate) const SHA256: u16 = 0x000b;
pub(crate) const SHA384: u16 = 0x000c;
pub(crate) const NULL: u16 = 0x0010;
pub(crate) const RSASSA: u16 = 0x0014;
pub(crate) const RSAPSS: u16 = 0x0016;
pub(crate) const ECDSA: u16 = 0x0018;

/// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign.
pub(crate) const RESTRICTED_SIGNING: u32 = 0x0005_0072;

/// An attestation key.
pub(crate) enum Ak {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Rsa(&'static RsaKeyPair),
}

impl Ak {
    pub(crate) fn p256(seed: u8) -> Self {
        Self::P256(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub(crate) fn p384(seed: u8) -> Self {
        Self::P384(p384::ecdsa::SigningKey::from_slice(&[seed; 48]).unwrap())
    }

    /// Made once: that takes long.
    pub(crate) fn rsa() -> Self {
        static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
        Self::Rsa(KEY.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }

    /// The DER SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> Vec<u8> {
        use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
        match self {
            Self::P256(key) => key.verifying_key().to_public_key_der().unwrap().into_vec(),
            Self::P384(key) => key.verifying_key().to_public_key_der().unwrap().into_vec(),
            Self::Rsa(key) => {
                let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
                der.as_ref().to_vec()
            }
        }
    }

    pub(crate) fn digest(&self) -> KeyDigest {
        KeyDigest::of_spki(&self.spki())
    }

    /// The scheme with which it signs where nothing else is said.
    pub(crate) fn scheme(&self) -> (u16, u16) {
        match self {
            Self::P256(_) => (ECDSA, SHA256),
            Self::P384(_) => (ECDSA, SHA384),
            Self::Rsa(_) => (RSASSA, SHA256),
        }
    }

    /// `TPMT_PUBLIC`.
    pub(crate) fn public(&self, attributes: u32, scheme: (u16, u16)) -> Vec<u8> {
        let kind: u16 = if matches!(self, Self::Rsa(_)) {
            1
        } else {
            0x23
        };
        let mut area = Vec::new();
        numbers(&mut area, &[kind, SHA256]);
        area.extend(attributes.to_be_bytes());
        sized(&mut area, b"");
        numbers(&mut area, &[NULL, scheme.0]);
        if scheme.0 != NULL {
            numbers(&mut area, &[scheme.1]);
        }
        let point = |area: &mut Vec<u8>, curve: u16, point: &[u8]| {
            numbers(area, &[curve, NULL]);
            let (x, y) = point[1..].split_at(point.len() / 2);
            sized(area, x);
            sized(area, y);
        };
        match self {
            Self::P256(key) => {
                point(
                    &mut area,
                    3,
                    key.verifying_key().to_sec1_point(false).as_bytes(),
                );
            }
            Self::P384(key) => {
                point(
                    &mut area,
                    4,
                    key.verifying_key().to_sec1_point(false).as_bytes(),
                );
            }
            Self::Rsa(key) => {
                numbers(&mut area, &[2048, 0, 0]); // exponent 0: 65537
                sized(&mut area, &modulus(key));
            }
        }
        area
    }

    /// `TPMT_SIGNATURE` over a message.
    pub(crate) fn sign(&self, scheme: (u16, u16), message: &[u8]) -> Vec<u8> {
        let mut signature = Vec::new();
        numbers(&mut signature, &[scheme.0, scheme.1]);
        let mut two = |bytes: &[u8]| {
            let (r, s) = bytes.split_at(bytes.len() / 2);
            // A TPM may leave out zeros at the beginning.
            for number in [r, s] {
                let zeros = number.iter().take_while(|byte| **byte == 0).count();
                sized(&mut signature, &number[zeros..]);
            }
        };
        match self {
            Self::P256(key) => {
                let made: p256::ecdsa::Signature = key.sign(message);
                two(&made.to_bytes());
            }
            Self::P384(key) => {
                let made: p384::ecdsa::Signature = key.sign(message);
                two(&made.to_bytes());
            }
            Self::Rsa(key) => {
                let padding: &dyn RsaEncoding = match scheme {
                    (RSAPSS, SHA384) => &aws::RSA_PSS_SHA384,
                    (RSAPSS, _) => &aws::RSA_PSS_SHA256,
                    (_, SHA384) => &aws::RSA_PKCS1_SHA384,
                    _ => &aws::RSA_PKCS1_SHA256,
                };
                let mut made = vec![0; key.public_modulus_len()];
                key.sign(padding, &SystemRandom::new(), message, &mut made)
                    .unwrap();
                sized(&mut signature, &made);
            }
        }
        signature
    }
}

/// The modulus of an RSA key, without the zero that DER puts before it.
fn modulus(key: &RsaKeyPair) -> Vec<u8> {
    let numbers = Vec::<x509_cert::der::asn1::Uint>::from_der(key.public_key().as_ref()).unwrap();
    let der = numbers[0].to_der().unwrap();
    der[der.len() - 256..].to_vec()
}

fn numbers(to: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        to.extend(number.to_be_bytes());
    }
}

fn sized(to: &mut Vec<u8>, bytes: &[u8]) {
    numbers(to, &[u16::try_from(bytes.len()).unwrap()]);
    to.extend(bytes);
}

/// Everything that stands in a quote; change a field and sign.
pub(crate) struct QuoteForm {
    pub(crate) magic: u32,
    pub(crate) kind: u16,
    pub(crate) extra_data: Vec<u8>,
    /// Bank and PCRs of the selection.
    pub(crate) selection: Vec<(u16, Vec<u8>)>,
    pub(crate) registers: BTreeMap<u8, Sha256>,
    /// The digest, where it is not that of the registers.
    pub(crate) digest: Option<Vec<u8>>,
    pub(crate) scheme: (u16, u16),
    pub(crate) attributes: u32,
    /// How the key comes: `TPMT_PUBLIC`, or something else.
    pub(crate) public: Option<Vec<u8>>,
    pub(crate) log: Vec<u8>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) endorsement: Option<Endorsement>,
}

/// What PCR 15 holds for a policy.
pub(crate) fn launch_register(policy: &PolicyHash) -> Sha256 {
    Sha256::of(&[[0; 32], *policy.as_bytes()].concat())
}

impl QuoteForm {
    /// A good quote over PCR 0 to 9 and 15, for this data and policy.
    pub(crate) fn new(ak: &Ak, extra_data: &[u8], policy: &PolicyHash) -> Self {
        let events = events();
        let mut registers: BTreeMap<u8, Sha256> = (0..10)
            .map(|index| (index, replayed(&events, index)))
            .collect();
        registers.insert(15, launch_register(policy));
        Self {
            magic: 0xff54_4347,
            kind: 0x8018,
            extra_data: extra_data.into(),
            selection: vec![(SHA256, registers.keys().copied().collect())],
            registers,
            digest: None,
            scheme: ak.scheme(),
            attributes: RESTRICTED_SIGNING,
            public: None,
            log: log(&events),
            certificates: Vec::new(),
            endorsement: None,
        }
    }

    /// `TPMS_ATTEST`.
    pub(crate) fn attest(&self) -> Vec<u8> {
        let mut attest = self.magic.to_be_bytes().to_vec();
        numbers(&mut attest, &[self.kind]);
        sized(&mut attest, &[0, 11, 1, 2, 3]);
        sized(&mut attest, &self.extra_data);
        attest.extend(12_345u64.to_be_bytes());
        attest.extend(7u32.to_be_bytes());
        attest.extend(1u32.to_be_bytes());
        attest.push(1);
        attest.extend(0x2022_0101_0000_0000_u64.to_be_bytes());
        attest.extend(u32::try_from(self.selection.len()).unwrap().to_be_bytes());
        for (bank, selected) in &self.selection {
            numbers(&mut attest, &[*bank]);
            let bits = selected.iter().fold(0u32, |bits, index| bits | 1 << index);
            attest.push(3);
            attest.extend(&bits.to_le_bytes()[..3]);
        }
        let content: Vec<u8> = self
            .registers
            .values()
            .flat_map(|value| *value.as_bytes())
            .collect();
        let digest = self.digest.clone().unwrap_or_else(|| match self.scheme.1 {
            SHA384 => Sha384::of(&content).as_bytes().to_vec(),
            _ => Sha256::of(&content).as_bytes().to_vec(),
        });
        sized(&mut attest, &digest);
        attest
    }

    pub(crate) fn content(&self, ak: &Ak) -> TpmContent {
        let attest = self.attest();
        let public = self.public.clone();
        TpmContent {
            signature: ak.sign(self.scheme, &attest),
            public: public.unwrap_or_else(|| ak.public(self.attributes, self.scheme)),
            registers: self.registers.clone(),
            log: self.log.clone(),
            certificates: self.certificates.clone(),
            endorsement: self.endorsement.clone(),
            attest,
        }
    }
}

/// An event: PCR, type, what was measured, what it says.
pub(crate) type Event = (u32, u32, &'static [u8], &'static [u8]);

/// What firmware and boot loader measure in these tests. PCR 9 has none.
pub(crate) fn events() -> Vec<Event> {
    vec![
        (0, 3, b"", b"StartupLocality\0\x03"),
        (0, 8, b"version", b"version"),
        (1, 0x8000_0009, b"tables", b""),
        (2, 4, b"\0\0\0\0", b"\0\0\0\0"),
        (3, 4, b"\0\0\0\0", b"\0\0\0\0"),
        (4, 0x8000_0003, b"loader", b"loader"),
        (5, 0x8000_0006, b"partitions", b""),
        (6, 4, b"\0\0\0\0", b"\0\0\0\0"),
        (7, 0x8000_0001, b"secure boot", b""),
        (8, 13, b"command line", b"command line"),
        (4, 0x8000_0003, b"kernel", b"kernel"),
    ]
}

/// A PCR as the events leave it.
pub(crate) fn replayed(events: &[Event], index: u8) -> Sha256 {
    let mut register = [0; 32];
    if index == 0 {
        register[31] = 3;
    }
    for (found, kind, measured, _) in events {
        if *found == u32::from(index) && *kind != 3 {
            let extended = [register, *Sha256::of(measured).as_bytes()].concat();
            register = *Sha256::of(&extended).as_bytes();
        }
    }
    Sha256::from_bytes(register)
}

/// The log of events in the banks of SHA-1 and SHA-256.
pub(crate) fn log(events: &[Event]) -> Vec<u8> {
    let mut log = [0u32.to_le_bytes(), 3u32.to_le_bytes()].concat();
    log.extend([0; 20]);
    let mut id = b"Spec ID Event03\0\0\0\0\0\0\x02\0\x02".to_vec();
    id.extend(2u32.to_le_bytes());
    for number in [SHA1, 20, SHA256, 32] {
        id.extend(number.to_le_bytes());
    }
    id.push(0);
    log.extend(u32::try_from(id.len()).unwrap().to_le_bytes());
    log.extend(id);
    for (register, kind, measured, data) in events {
        for number in [*register, *kind, 2] {
            log.extend(number.to_le_bytes());
        }
        let digest = match *kind {
            3 => [0; 32],
            _ => *Sha256::of(measured).as_bytes(),
        };
        log.extend(SHA1.to_le_bytes());
        log.extend(&digest[..20]); // nobody looks at this bank
        log.extend(SHA256.to_le_bytes());
        log.extend(digest);
        log.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        log.extend(*data);
    }
    log
}

//! Attestation documents with own keys: right ones, and forgeries that are signed anew.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use std::collections::BTreeMap;

use veracruz_appraisal::{Collateral, Root};
use veracruz_evidence::cbor::Writer;
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{NitroIsolate, PolicyHash, Sha384, Timestamp};

use super::x509::{CertificateForm, ListForm, TestKey, basic_constraints, key_usage};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_161_600);
const HOUR: i64 = 3600;

/// Everything that stands in a document; change a field and sign.
pub(crate) struct Enclave {
    pub module_id: Option<String>,
    pub digest: String,
    pub milliseconds: u64,
    pub pcrs: BTreeMap<i64, Vec<u8>>,
    /// Root, region, zone, instance, enclave: each with the key that it certifies.
    pub chain: Vec<(CertificateForm, TestKey)>,
    pub public_key: Option<Vec<u8>>,
    pub user_data: Option<Vec<u8>>,
    pub nonce: Option<Vec<u8>>,
    pub extra: Option<&'static str>,
    pub protected: Vec<u8>,
    pub unprotected: Vec<u8>,
    pub tag: bool,
}

impl Enclave {
    pub(crate) fn new() -> Self {
        let names = [
            "aws.nitro-enclaves",
            "region",
            "zone",
            "instance",
            "enclave",
        ];
        let chain = names.iter().enumerate().map(|(index, subject)| {
            let key = TestKey::p384(u8::try_from(index).unwrap() + 20);
            let extensions = match index {
                0 => vec![basic_constraints(true, None), key_usage(0x86)],
                4 => vec![basic_constraints(false, None), key_usage(0xc0)],
                _ => {
                    let below = u64::try_from(3 - index).unwrap();
                    vec![basic_constraints(true, Some(below)), key_usage(0x86)]
                }
            };
            let form = CertificateForm {
                serial: u64::try_from(index).unwrap() + 1,
                issuer: names[index.saturating_sub(1)].into(),
                subject: (*subject).into(),
                from: at(-HOUR),
                until: at(2 * HOUR),
                spki: key.spki(),
                extensions,
            };
            (form, key)
        });
        let mut pcrs: BTreeMap<i64, Vec<u8>> = (0..16).map(|index| (index, vec![0; 48])).collect();
        for index in [0, 1, 2, 3, 4, 8] {
            pcrs.insert(index, pcr(index).as_bytes().to_vec());
        }
        let launch = Sha384::of(&[&[0; 48], policy().as_bytes().as_slice()].concat());
        pcrs.insert(16, launch.as_bytes().to_vec());
        Self {
            module_id: Some("i-1-enc1".into()),
            digest: "SHA384".into(),
            milliseconds: u64::try_from(NOW.seconds()).unwrap() * 1000 - 60_000,
            pcrs,
            chain: chain.collect(),
            public_key: None,
            user_data: Some(expected().as_bytes().to_vec()),
            nonce: Some(b"nonce".to_vec()),
            extra: None,
            protected: b"\xa1\x01\x38\x22".to_vec(),
            unprotected: vec![0xa0],
            tag: false,
        }
    }

    /// The certificates, root first.
    pub(crate) fn certificates(&self) -> Vec<Vec<u8>> {
        let issuers = [0].into_iter().chain(0..);
        let signed = self.chain.iter().zip(issuers);
        signed
            .map(|((form, _), issuer)| form.sign(&self.chain[issuer].1))
            .collect()
    }

    /// The payload, with these certificates.
    pub(crate) fn payload(&self, certificates: &[Vec<u8>]) -> Vec<u8> {
        let (leaf, bundle) = certificates.split_last().unwrap();
        Writer::encode(|w| {
            w.map(|m| {
                if let Some(id) = &self.module_id {
                    m.text("module_id", |w| w.text(id));
                }
                m.text("digest", |w| w.text(&self.digest));
                m.text("timestamp", |w| w.unsigned(self.milliseconds));
                m.text("pcrs", |w| {
                    w.map(|m| {
                        for (index, value) in &self.pcrs {
                            m.int(*index, |w| w.bytes(value));
                        }
                    });
                });
                m.text("certificate", |w| w.bytes(leaf));
                m.text("cabundle", |w| {
                    w.array(bundle.len());
                    bundle.iter().for_each(|certificate| w.bytes(certificate));
                });
                for (name, value) in [
                    ("public_key", &self.public_key),
                    ("user_data", &self.user_data),
                    ("nonce", &self.nonce),
                ] {
                    m.text(name, |w| match value {
                        Some(value) => w.bytes(value),
                        None => w.null(),
                    });
                }
                if let Some(extra) = self.extra {
                    m.text(extra, Writer::null);
                }
            });
        })
    }

    /// The document, with `payload` whatever that is.
    pub(crate) fn sign_payload(&self, payload: &[u8]) -> Vec<u8> {
        let signed = Writer::encode(|w| {
            w.array(4);
            w.text("Signature1");
            w.bytes(&self.protected);
            w.bytes(&[]);
            w.bytes(payload);
        });
        let signature = self.chain.last().unwrap().1.sign_fixed(&signed);
        Writer::encode(|w| {
            if self.tag {
                w.tag(18);
            }
            w.array(4);
            w.bytes(&self.protected);
            w.item(&self.unprotected);
            w.bytes(payload);
            w.bytes(&signature);
        })
    }

    /// The document, signed.
    pub(crate) fn sign(&self) -> Vec<u8> {
        self.sign_payload(&self.payload(&self.certificates()))
    }

    /// The document as QEMU's machine `nitro-enclave` writes it (`hw/virtio/virtio-nsm.c`): algorithm
    /// -1, and zeros for certificate, bundle and signature.
    pub(crate) fn emulate(&self) -> Vec<u8> {
        let zeros = vec![0; 64];
        let payload = self.payload(&[zeros.clone(), zeros.clone()]);
        Writer::encode(|w| {
            w.array(4);
            w.bytes(b"\xa1\x01\x20");
            w.map(|_| {});
            w.bytes(&payload);
            w.bytes(&zeros);
        })
    }

    pub(crate) fn evidence(&self) -> Evidence {
        Evidence::new(Technology::Nitro, self.sign())
    }

    /// Collateral that takes this chain's root as Amazon's.
    pub(crate) fn collateral(&self) -> Collateral {
        Collateral::none().with_test_root(Root::AwsNitro, &self.certificates()[0])
    }

    /// A list of one of the authorities that revokes these.
    pub(crate) fn list(&self, authority: usize, serials: &[u64]) -> Vec<u8> {
        let (form, key) = &self.chain[authority];
        let list = ListForm {
            issuer: form.subject.clone(),
            this_update: at(-HOUR),
            next_update: at(HOUR),
            serials: serials.to_vec(),
        };
        list.sign(key)
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

pub(crate) fn pcr(index: i64) -> Sha384 {
    Sha384::of(&index.to_be_bytes())
}

pub(crate) fn policy() -> PolicyHash {
    PolicyHash::from_bytes([2; 32])
}

pub(crate) fn expected() -> ReportData {
    ReportData::from_bytes([5; 64])
}

pub(crate) fn reference() -> NitroIsolate {
    NitroIsolate {
        pcr0: vec![pcr(0)],
        pcr1: vec![pcr(1)],
        pcr2: vec![pcr(2)],
        pcr3: Vec::new(),
        pcr4: Vec::new(),
        pcr8: Vec::new(),
    }
}

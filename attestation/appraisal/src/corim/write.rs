//! Reference values as a CoRIM of our own profile.

use data_encoding::BASE64_MIME;
use veracruz_evidence::cbor::Writer;
use veracruz_policy::{IsolateKind, Isolates, Measurement, PublicKey};

use super::fields::{self, FieldValue};
use super::{PROFILE, tag};

/// The vendor of a class, so that nobody takes the model for somebody else's product.
const VENDOR: &str = "Veracruz";
/// Algorithms by their numbers in IANA's Named Information registry.
const SHA_256: u64 = 1;
const SHA_384: u64 = 7;
const SHA_512: u64 = 8;

/// Writes what `isolates` measure to as an unsigned CoRIM with the id `id`, in deterministic CBOR.
///
/// What a CoRIM has no place for is left out, and a policy must say it: any chip, patch levels,
/// exceptions.
#[must_use]
pub fn write(isolates: &Isolates, id: &str) -> Vec<u8> {
    let comids: Vec<_> = fields::of(isolates)
        .into_iter()
        .map(|(kind, fields)| comid(kind, &fields.into_values().collect::<Vec<_>>(), id))
        .collect();
    Writer::encode(|w| {
        w.tag(tag::CORIM);
        w.map(|corim| {
            corim.int(0, |w| w.text(id));
            corim.int(1, |w| {
                w.array(comids.len());
                for comid in &comids {
                    w.tag(tag::COMID);
                    w.bytes(comid);
                }
            });
            corim.int(3, |w| {
                w.tag(tag::URI);
                w.text(PROFILE);
            });
        });
    })
}

/// One kind's reference values and keys.
fn comid(kind: IsolateKind, fields: &[(String, FieldValue)], id: &str) -> Vec<u8> {
    let is_key =
        |value: &FieldValue| matches!(value, FieldValue::Key(_) | FieldValue::KeyDigest(_));
    let (keys, values): (Vec<_>, Vec<_>) = fields.iter().partition(|(_, value)| is_key(value));
    Writer::encode(|w| {
        w.map(|comid| {
            // tag-identity, with the id of the tag.
            comid.int(1, |w| {
                w.map(|identity| identity.int(0, |w| w.text(&format!("{id}/{}", kind.name()))));
            });
            comid.int(4, |w| {
                w.map(|triples| {
                    if !values.is_empty() {
                        triples.int(0, |w| reference_triple(w, kind, &values));
                    }
                    if !keys.is_empty() {
                        triples.int(3, |w| {
                            w.array(keys.len());
                            for (field, value) in &keys {
                                key_triple(w, kind, field, value);
                            }
                        });
                    }
                });
            });
        });
    })
}

fn reference_triple(w: &mut Writer, kind: IsolateKind, values: &[&(String, FieldValue)]) {
    w.array(1);
    w.array(2);
    environment(w, kind);
    w.array(values.len());
    for (field, value) in values {
        w.map(|measurement| {
            measurement.int(0, |w| w.text(field));
            measurement.int(1, |w| {
                w.map(|found| match value {
                    FieldValue::Digest(digest) => found.int(2, |w| {
                        w.array(1);
                        write_digest(w, digest);
                    }),
                    FieldValue::Id(id) => found.int(4, |w| {
                        w.tag(tag::BYTES);
                        w.bytes(id);
                    }),
                    // In the other triple.
                    FieldValue::Key(_) | FieldValue::KeyDigest(_) => {}
                });
            });
        });
    }
}

/// A key, with the policy's field as the key of the measurement that it is a condition of.
fn key_triple(w: &mut Writer, kind: IsolateKind, field: &str, value: &FieldValue) {
    w.array(3);
    environment(w, kind);
    w.array(1);
    match value {
        FieldValue::Key(key) => {
            w.tag(tag::PKIX_KEY);
            w.text(&pem(key));
        }
        FieldValue::KeyDigest(digest) => {
            w.tag(tag::THUMBPRINT);
            w.array(2);
            w.unsigned(SHA_256);
            w.bytes(digest.as_bytes());
        }
        FieldValue::Digest(_) | FieldValue::Id(_) => w.null(),
    }
    w.map(|conditions| conditions.int(0, |w| w.text(field)));
}

fn environment(w: &mut Writer, kind: IsolateKind) {
    w.map(|environment| {
        environment.int(0, |w| {
            w.map(|class| {
                class.int(1, |w| w.text(VENDOR));
                class.int(2, |w| w.text(kind.name()));
            });
        });
    });
}

fn write_digest(w: &mut Writer, digest: &Measurement) {
    w.array(2);
    w.unsigned(match digest {
        Measurement::Sha256(_) => SHA_256,
        Measurement::Sha384(_) => SHA_384,
        Measurement::Sha512(_) => SHA_512,
    });
    w.bytes(digest.as_bytes());
}

/// RFC 7468, section 13.
fn pem(key: &PublicKey) -> String {
    let body = BASE64_MIME.encode(key.spki()).replace("\r\n", "\n");
    let body = body.trim_end();
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

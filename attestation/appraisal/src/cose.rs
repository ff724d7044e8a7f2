//! COSE_Sign1 (RFC 9052 section 4.2) as others write it: Nitro documents, CCA and PSA tokens.
//!
//! Which algorithm is right follows from the key, never from the message: ES256 for a key on P-256,
//! ES384 for P-384, ES512 for P-521. The message must say the same in its protected header.
//! COSE_Mac0 is refused: who can check a MAC can make one.
//!
//! Less strict than [`veracruz_evidence::cose`] in three things, because real signers differ there:
//! the order of keys in maps ([`crate::cbor`]), tag 18 may be missing where the format has none
//! (Nitro), and a tag 61 (CWT, RFC 8392 section 6) may stand before it.

use veracruz_evidence::cbor::{CborError, Writer};

use crate::AppraisalError;
use crate::cbor::Value;
use crate::key::{Curve, Hash, Key, Scheme};

/// `COSE_Sign1_Tagged`, `COSE_Mac0_Tagged` and CWT.
const SIGN1: u64 = 18;
const MAC0: u64 = 17;
const CWT: u64 = 61;
/// Header labels `alg` and `crit`.
const ALG: i64 = 1;
const CRIT: i64 = 2;
/// The algorithms of RFC 9053 section 2.1.
const ES256: i64 = -7;
const ES384: i64 = -35;
const ES512: i64 = -36;

/// A parsed COSE_Sign1 whose signature was not checked yet.
#[derive(Clone, Debug)]
pub(crate) struct Sign1<'b> {
    /// What it is called in errors: `platform token`.
    part: &'static str,
    algorithm: i64,
    protected: &'b [u8],
    unprotected: Value<'b>,
    payload: &'b [u8],
    signature: &'b [u8],
}

impl<'b> Sign1<'b> {
    /// Reads a COSE_Sign1 with an attached payload. `part` is what errors call it.
    ///
    /// # Errors
    /// `Malformed`; `BadAlgorithm` where the protected header names no algorithm or the unprotected
    /// one does.
    pub(crate) fn parse(bytes: &'b [u8], part: &'static str) -> Result<Self, AppraisalError> {
        let malformed = |reason: &str| AppraisalError::Malformed {
            part,
            reason: reason.into(),
        };
        let value = Value::parse(bytes).map_err(|error| not_cbor(part, &error))?;
        let mut items = untagged(value, part)?
            .array()
            .ok_or_else(|| malformed("expected a COSE_Sign1, an array of four"))?;
        let four = (
            items.next(),
            items.next(),
            items.next(),
            items.next(),
            items.next(),
        );
        let (Some(protected), Some(unprotected), Some(payload), Some(signature), None) = four
        else {
            return Err(malformed("a COSE_Sign1 is an array of four"));
        };
        let protected = protected
            .bytes()
            .ok_or_else(|| malformed("the protected header is no byte string"))?;
        let payload = payload
            .bytes()
            .ok_or_else(|| malformed("the payload is no byte string: it must be attached"))?;
        let signature = signature
            .bytes()
            .ok_or_else(|| malformed("the signature is no byte string"))?;
        let algorithm = headers(protected, unprotected, part)?;
        Ok(Self {
            part,
            algorithm,
            protected,
            unprotected,
            payload,
            signature,
        })
    }

    /// The payload, before anyone knows whether its signature is right.
    pub(crate) const fn unverified_payload(&self) -> &'b [u8] {
        self.payload
    }

    /// The payload as CBOR, before anyone knows whether its signature is right.
    ///
    /// # Errors
    /// `Malformed` with `part`, which names the content.
    pub(crate) fn unverified_claims(
        &self,
        part: &'static str,
    ) -> Result<Value<'b>, AppraisalError> {
        Value::parse(self.payload).map_err(|error| not_cbor(part, &error))
    }

    /// The protected header, encoded.
    pub(crate) const fn protected(&self) -> &'b [u8] {
        self.protected
    }

    /// Whether nobody added unsigned headers.
    pub(crate) fn unprotected_is_empty(&self) -> bool {
        self.unprotected.encoded() == [0xa0]
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// `BadAlgorithm` where the message names another algorithm than the key is for,
    /// `BadSignature`.
    pub(crate) fn verify(&self, key: &Key) -> Result<(), AppraisalError> {
        let part = self.part;
        let (expected, name, hash) = match key {
            Key::Ec(Curve::P256, _) => (ES256, "ES256", Hash::Sha256),
            Key::Ec(Curve::P384, _) => (ES384, "ES384", Hash::Sha384),
            Key::Ec(Curve::P521, _) => (ES512, "ES512", Hash::Sha512),
            Key::Rsa(_) => {
                return Err(AppraisalError::BadAlgorithm {
                    part,
                    expected: "ES256, ES384 or ES512",
                    found: "an RSA key".into(),
                });
            }
        };
        if self.algorithm != expected {
            return Err(AppraisalError::BadAlgorithm {
                part,
                expected: name,
                found: algorithm_name(self.algorithm),
            });
        }
        let signed = to_be_signed(self.protected, self.payload);
        key.verify(Scheme::Ecdsa(hash), &signed, self.signature)
            .map_err(|_| AppraisalError::BadSignature { part })
    }
}

/// What is inside the tags.
fn untagged<'b>(value: Value<'b>, part: &'static str) -> Result<Value<'b>, AppraisalError> {
    let mut value = value;
    if let Some((CWT, inside)) = value.tag() {
        value = inside;
    }
    let reason = match value.tag() {
        None => return Ok(value),
        Some((SIGN1, inside)) => return Ok(inside),
        Some((MAC0, _)) => {
            "a COSE_Mac0 (tag 17), expected a COSE_Sign1 (tag 18): whoever checks a \
                            MAC can make one"
                .into()
        }
        Some((tag, _)) => format!("tag {tag}, expected 18 (COSE_Sign1)"),
    };
    Err(AppraisalError::Malformed { part, reason })
}

/// Checks both headers, and gives the algorithm.
fn headers(
    protected: &[u8],
    unprotected: Value<'_>,
    part: &'static str,
) -> Result<i64, AppraisalError> {
    let malformed = |reason: String| AppraisalError::Malformed { part, reason };
    let bad_algorithm = |found: String| AppraisalError::BadAlgorithm {
        part,
        expected: "ES256, ES384 or ES512, as the key is, in the protected header",
        found,
    };
    let unsigned = unprotected
        .map()
        .ok_or_else(|| malformed("the unprotected header is no map".into()))?;
    // An empty map may be written as an empty string (RFC 9052 section 3).
    if protected.is_empty() {
        return Err(bad_algorithm("none".into()));
    }
    let protected = Value::parse(protected).map_err(|error| not_cbor(part, &error))?;
    if protected.map().is_none() {
        return Err(malformed("the protected header is no map".into()));
    }
    for (label, _) in unsigned {
        if label.integer() == Some(ALG) {
            return Err(bad_algorithm("one in the unprotected header".into()));
        }
        if label.integer() == Some(CRIT) {
            return Err(malformed("crit in the unprotected header".into()));
        }
        let twice = protected
            .map()
            .into_iter()
            .flatten()
            .any(|(signed, _)| signed == label);
        if twice {
            return Err(malformed("a label that stands in both headers".into()));
        }
    }
    // No header is understood as critical (RFC 9052 section 3.1).
    if protected.get(CRIT).is_some() {
        return Err(malformed("critical headers, and none is understood".into()));
    }
    let algorithm = protected
        .get(ALG)
        .ok_or_else(|| bad_algorithm("none".into()))?;
    algorithm
        .integer()
        .ok_or_else(|| bad_algorithm("an algorithm that is no number".into()))
}

/// `Sig_structure` of RFC 9052 section 4.4, without external data.
fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    Writer::encode(|w| {
        w.array(4);
        w.text("Signature1");
        w.bytes(protected);
        w.bytes(&[]);
        w.bytes(payload);
    })
}

fn algorithm_name(algorithm: i64) -> String {
    match algorithm {
        ES256 => "ES256".into(),
        ES384 => "ES384".into(),
        ES512 => "ES512".into(),
        other => format!("COSE algorithm {other}"),
    }
}

/// A part that is no CBOR of the kind that is taken.
pub(crate) fn not_cbor(part: &'static str, error: &CborError) -> AppraisalError {
    AppraisalError::Malformed {
        part,
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::Signer as _;

    use super::*;

    /// A message in parts, so that a test can change one.
    struct Parts {
        tags: Vec<u64>,
        protected: Vec<u8>,
        unprotected: Vec<u8>,
        payload: Vec<u8>,
    }

    fn parts(algorithm: i64) -> Parts {
        Parts {
            tags: vec![18],
            protected: Writer::encode(|w| w.map(|m| m.int(1, |w| w.integer(algorithm)))),
            unprotected: vec![0xa0],
            payload: b"payload".to_vec(),
        }
    }

    impl Parts {
        fn message(&self, signature: &[u8]) -> Vec<u8> {
            Writer::encode(|w| {
                self.tags.iter().for_each(|tag| w.tag(*tag));
                w.array(4);
                w.bytes(&self.protected);
                w.item(&self.unprotected);
                w.bytes(&self.payload);
                w.bytes(signature);
            })
        }

        fn es256(&self) -> Vec<u8> {
            let signed = to_be_signed(&self.protected, &self.payload);
            let signature: p256::ecdsa::Signature = p256_key().sign(&signed);
            self.message(&signature.to_bytes())
        }
    }

    fn p256_key() -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap()
    }

    fn key() -> Key {
        Key::from_point(p256_key().verifying_key().to_sec1_point(false).as_bytes()).unwrap()
    }

    fn verify(message: &[u8]) -> Result<Vec<u8>, AppraisalError> {
        let message = Sign1::parse(message, "token")?;
        message.verify(&key())?;
        Ok(message.unverified_payload().into())
    }

    fn reason(message: &[u8]) -> String {
        match verify(message) {
            Err(AppraisalError::Malformed {
                part: "token",
                reason,
            }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn takes_a_message_with_and_without_tags() {
        for tags in [vec![], vec![18], vec![61, 18], vec![61]] {
            let message = Parts {
                tags,
                ..parts(ES256)
            }
            .es256();
            assert_eq!(verify(&message), Ok(b"payload".to_vec()));
        }
        // The writer of our own formats is another program.
        let ours = veracruz_evidence::cose::sign1(|_| {}, b"payload", &p256_key());
        assert_eq!(verify(&ours), Ok(b"payload".to_vec()));
    }

    #[test]
    fn refuses_a_mac_and_other_tags() {
        let mac = Parts {
            tags: vec![17],
            ..parts(ES256)
        }
        .es256();
        assert!(reason(&mac).starts_with("a COSE_Mac0"));
        for tags in [vec![98], vec![18, 18], vec![18, 61], vec![61, 17]] {
            let message = Parts {
                tags,
                ..parts(ES256)
            }
            .es256();
            assert!(matches!(
                verify(&message),
                Err(AppraisalError::Malformed { .. })
            ));
        }
    }

    #[test]
    fn the_key_says_which_algorithm_is_right() {
        let p384 = p384::ecdsa::SigningKey::from_slice(&[7; 48]).unwrap();
        let p384_key =
            Key::from_point(p384.verifying_key().to_sec1_point(false).as_bytes()).unwrap();
        let parts_384 = parts(ES384);
        let signed = to_be_signed(&parts_384.protected, &parts_384.payload);
        let signature: p384::ecdsa::Signature =
            p384::ecdsa::signature::Signer::sign(&p384, &signed);
        let es384 = parts_384.message(&signature.to_bytes());
        let es256 = parts(ES256).es256();
        assert_eq!(
            Sign1::parse(&es384, "token").unwrap().verify(&p384_key),
            Ok(())
        );
        let bad = |expected, found: &str| {
            Err(AppraisalError::BadAlgorithm {
                part: "token",
                expected,
                found: found.into(),
            })
        };
        let es256 = Sign1::parse(&es256, "token").unwrap();
        assert_eq!(es256.verify(&p384_key), bad("ES384", "ES256"));
        assert_eq!(
            Sign1::parse(&es384, "token").unwrap().verify(&key()),
            bad("ES256", "ES384")
        );
        for none in [0, -8, -37, -47] {
            let message = parts(none).es256();
            let found = format!("COSE algorithm {none}");
            assert_eq!(verify(&message), bad("ES256", &found).map(|()| vec![]));
        }
    }

    #[test]
    fn the_algorithm_must_be_signed() {
        let missing = Parts {
            protected: vec![],
            ..parts(ES256)
        }
        .es256();
        let empty = Parts {
            protected: vec![0xa0],
            ..parts(ES256)
        }
        .es256();
        let unprotected = Parts {
            unprotected: vec![0xa1, 1, 0x26],
            ..parts(ES256)
        }
        .es256();
        let only = Parts {
            protected: vec![],
            unprotected: vec![0xa1, 1, 0x26],
            ..parts(ES256)
        }
        .es256();
        for (message, expected) in [
            (missing, "none"),
            (empty, "none"),
            (unprotected, "one in the unprotected header"),
            (only, "none"),
        ] {
            match verify(&message) {
                Err(AppraisalError::BadAlgorithm { found, .. }) => assert_eq!(found, expected),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn refuses_critical_and_doubled_headers() {
        let protected = b"\xa2\x01\x26\x02\x81\x04".to_vec();
        assert!(
            reason(
                &Parts {
                    protected,
                    ..parts(ES256)
                }
                .es256()
            )
            .starts_with("critical")
        );
        let unprotected = b"\xa1\x02\x81\x04".to_vec();
        assert!(
            reason(
                &Parts {
                    unprotected,
                    ..parts(ES256)
                }
                .es256()
            )
            .starts_with("crit")
        );
        let twice = Parts {
            protected: b"\xa2\x01\x26\x04\x41\x01".to_vec(),
            unprotected: b"\xa1\x04\x41\x02".to_vec(),
            ..parts(ES256)
        };
        assert!(reason(&twice.es256()).contains("both headers"));
        let kid = Parts {
            unprotected: b"\xa1\x04\x41\x02".to_vec(),
            ..parts(ES256)
        }
        .es256();
        assert!(!Sign1::parse(&kid, "token").unwrap().unprotected_is_empty());
    }

    #[test]
    fn refuses_cbor_with_a_second_reading() {
        for protected in [
            &b"\xa2\x01\x26\x01\x26"[..],
            b"\xbf\x01\x26\xff",
            b"\xa1\x18\x01\x26",
        ] {
            let protected = protected.to_vec();
            reason(
                &Parts {
                    protected,
                    ..parts(ES256)
                }
                .es256(),
            );
        }
        let deep = [vec![0x81; 20_000], vec![0]].concat();
        reason(
            &Parts {
                unprotected: deep,
                ..parts(ES256)
            }
            .es256(),
        );
        // No payload.
        let detached = b"\xd2\x84\x43\xa1\x01\x26\xa0\xf6\x40";
        assert!(reason(detached).contains("attached"));
        reason(b"\x83\x40\xa0\x40");
        reason(b"\x85\x40\xa0\x40\x40\x40");
    }

    #[test]
    fn no_changed_byte_passes() {
        let message = parts(ES256).es256();
        for length in 0..message.len() {
            assert!(verify(&message[..length]).is_err());
        }
        for index in 0..message.len() {
            for bit in 0..8 {
                let mut changed = message.clone();
                changed[index] ^= 1 << bit;
                assert!(verify(&changed).is_err(), "byte {index}, bit {bit}");
            }
        }
        assert!(verify(&[&*message, &[0]].concat()).is_err());
    }
}

//! Public keys that a policy writes out.

use alloc::string::ToString as _;

use p256::pkcs8::ObjectIdentifier;
use x509_cert::{
    der::{Decode as _, Encode as _},
    spki::SubjectPublicKeyInfoOwned,
};

use crate::{
    Cause, PublicKey,
    pem::{Block, one_block},
};

/// id-ecPublicKey (RFC 5480, section 2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1 (RFC 5480, section 2.1.1.1).
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// secp384r1.
const P_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// secp521r1.
const P_521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Which keys will do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Curves {
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-256, P-384 or P-521: those of COSE (RFC 9053, section 2.1).
    Nist,
}

impl Curves {
    const fn words(self) -> &'static str {
        match self {
            Self::P256 => "an ECDSA key on P-256",
            Self::Nist => "an ECDSA key on P-256, P-384 or P-521",
        }
    }

    /// Bytes of an uncompressed point (SEC 1, section 2.3.3), where the curve will do.
    fn point(self, curve: ObjectIdentifier) -> Option<usize> {
        match (curve, self) {
            (P_256, _) => Some(65),
            (P_384, Self::Nist) => Some(97),
            (P_521, Self::Nist) => Some(133),
            _ => None,
        }
    }
}

/// Reads exactly one PEM block with a SubjectPublicKeyInfo.
pub(crate) fn parse(text: &str, curves: Curves) -> Result<PublicKey, Cause> {
    let der =
        one_block(text, Block::PublicKey).map_err(|reason| Cause::InvalidPublicKey { reason })?;
    let key = SubjectPublicKeyInfoOwned::from_der(&der)
        .ok()
        .filter(|key| key.to_der().is_ok_and(|again| again == der))
        .ok_or(Cause::InvalidPublicKey {
            reason: "the block is not a public key in DER's one encoding",
        })?;
    check(&key, curves)?;
    Ok(PublicKey::from_spki(der))
}

/// Refuses a key of another kind. Of P-256 that it is a point on the curve is looked at here; of
/// the others whoever verifies with them does.
pub(crate) fn check(key: &SubjectPublicKeyInfoOwned, curves: Curves) -> Result<(), Cause> {
    let expected = curves.words();
    let refused = |found: ObjectIdentifier| Cause::KeyNotSupported {
        expected,
        found: found.to_string(),
    };
    if key.algorithm.oid != EC_PUBLIC_KEY {
        return Err(refused(key.algorithm.oid));
    }
    let parameters = key.algorithm.parameters.as_ref();
    let curve = parameters
        .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
        .ok_or(Cause::InvalidKey)?;
    let length = curves.point(curve).ok_or_else(|| refused(curve))?;
    let point = key
        .subject_public_key
        .as_bytes()
        .filter(|point| point.len() == length && point.first() == Some(&4))
        .ok_or(Cause::InvalidKey)?;
    if curve == P_256 {
        p256::PublicKey::from_sec1_bytes(point).map_err(|_| Cause::InvalidKey)?;
    }
    Ok(())
}

//! Public keys of many kinds, and signatures by them.

use aws_lc_rs::signature::{self as aws, UnparsedPublicKey, VerificationAlgorithm};
use veracruz_policy::KeyDigest;
use x509_cert::der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// id-ecPublicKey, RFC 5480 section 2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// rsaEncryption, RFC 3279 section 2.3.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A public key that can verify: ECDSA on a curve of NIST, or RSA of 2048 to 8192 bits.
///
/// That a point is on its curve is looked at when it verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A point, uncompressed (SEC 1 section 2.3.3).
    Ec(Curve, Vec<u8>),
    /// An `RSAPublicKey` (RFC 8017, appendix A.1.1), DER.
    Rsa(Vec<u8>),
}

/// A curve of FIPS 186-5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// How a signature was made. There is no SHA-1 among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// ECDSA, the signature as r ‖ s, each as long as the curve's order (RFC 9053 section 2.1).
    Ecdsa(Hash),
    /// ECDSA, the signature as DER `Ecdsa-Sig-Value` (RFC 3279 section 2.2.3): certificates.
    EcdsaDer(Hash),
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Hash),
    /// RSASSA-PSS with MGF1 and a salt as long as the digest.
    RsaPss(Hash),
}

/// A digest algorithm that is strong enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The signature is not one by this key over these bytes, or not of a kind that this key makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadSignature;

impl Curve {
    /// Bytes of a coordinate, and of r and s.
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The name that NIST gave it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// namedCurve, RFC 5480 section 2.1.1.1.
    const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::P256 => ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
            Self::P384 => ObjectIdentifier::new_unwrap("1.3.132.0.34"),
            Self::P521 => ObjectIdentifier::new_unwrap("1.3.132.0.35"),
        }
    }
}

impl Key {
    /// The key in a DER SubjectPublicKeyInfo. A key is known by the digest of it, so every encoding
    /// but one is refused: compressed points, explicit parameters of curves, others for RSA.
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, String> {
        let spki = SubjectPublicKeyInfoRef::from_der(der)
            .map_err(|error| format!("no DER SubjectPublicKeyInfo: {error}"))?;
        let bits = spki.subject_public_key.as_bytes().unwrap_or_default();
        let key = match spki.algorithm.oid {
            EC_PUBLIC_KEY => Self::from_point(bits)?,
            RSA_ENCRYPTION => Self::Rsa(bits.into()),
            other => return Err(format!("a key of an unknown algorithm, {other}")),
        };
        if key.spki().as_deref() != Some(der) {
            return Err("a SubjectPublicKeyInfo that is not in its one form".into());
        }
        Ok(key)
    }

    /// The key with an uncompressed point; its length says on which curve.
    pub(crate) fn from_point(point: &[u8]) -> Result<Self, String> {
        let curve = Curve::ALL.into_iter().find(|curve| {
            point.first() == Some(&4)
                && point.len() == curve.width().saturating_mul(2).saturating_add(1)
        });
        let curve = curve.ok_or_else(|| {
            format!(
                "{} bytes that are no uncompressed point of P-256, P-384 or P-521",
                point.len()
            )
        })?;
        Ok(Self::Ec(curve, point.into()))
    }

    /// The key with these coordinates, which may lack leading zeros.
    pub(crate) fn from_coordinates(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, String> {
        let mut point = vec![4];
        for coordinate in [x, y] {
            let coordinate = padded(coordinate, curve.width())
                .ok_or_else(|| format!("a coordinate that is too long for {}", curve.name()))?;
            point.extend(coordinate);
        }
        Ok(Self::Ec(curve, point))
    }

    /// The RSA key with this modulus and exponent, big-endian.
    pub(crate) fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, String> {
        two_numbers(modulus, exponent)
            .map(Self::Rsa)
            .ok_or_else(|| "numbers that are no RSA key".into())
    }

    /// The DER SubjectPublicKeyInfo; `None` where the content is too large for one.
    pub(crate) fn spki(&self) -> Option<Vec<u8>> {
        let curve;
        let (oid, parameters, bits) = match self {
            Self::Ec(named, point) => {
                curve = named.oid();
                (EC_PUBLIC_KEY, AnyRef::from(&curve), point)
            }
            Self::Rsa(key) => (RSA_ENCRYPTION, AnyRef::NULL, key),
        };
        let spki = SubjectPublicKeyInfoRef {
            algorithm: AlgorithmIdentifierRef {
                oid,
                parameters: Some(parameters),
            },
            subject_public_key: BitStringRef::from_bytes(bits).ok()?,
        };
        spki.to_der().ok()
    }

    /// By what a policy names it.
    pub(crate) fn digest(&self) -> Option<KeyDigest> {
        self.spki().map(|spki| KeyDigest::of_spki(&spki))
    }

    /// Which kind of key it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Ec(curve, _) => curve.name(),
            Self::Rsa(_) => "RSA",
        }
    }

    /// Checks a signature over `message`.
    pub(crate) fn verify(
        &self,
        scheme: Scheme,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let (key, algorithm) = match (self, scheme) {
            (Self::Ec(curve, point), Scheme::Ecdsa(hash)) => {
                let signature = to_der(signature, curve.width()).ok_or(BadSignature)?;
                let key = UnparsedPublicKey::new(ecdsa(*curve, hash), point);
                return key.verify(message, &signature).map_err(|_| BadSignature);
            }
            (Self::Ec(curve, point), Scheme::EcdsaDer(hash)) => (point, ecdsa(*curve, hash)),
            (Self::Rsa(key), Scheme::RsaPkcs1(hash)) => (key, pkcs1(hash)),
            (Self::Rsa(key), Scheme::RsaPss(hash)) => (key, pss(hash)),
            _ => return Err(BadSignature),
        };
        let key = UnparsedPublicKey::new(algorithm, key);
        key.verify(message, signature).map_err(|_| BadSignature)
    }
}

impl Hash {
    /// The digest of `content`.
    pub(crate) fn digest(self, content: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &aws_lc_rs::digest::SHA256,
            Self::Sha384 => &aws_lc_rs::digest::SHA384,
            Self::Sha512 => &aws_lc_rs::digest::SHA512,
        };
        aws_lc_rs::digest::digest(algorithm, content)
            .as_ref()
            .to_vec()
    }
}

fn ecdsa(curve: Curve, hash: Hash) -> &'static dyn VerificationAlgorithm {
    match (curve, hash) {
        (Curve::P256, Hash::Sha256) => &aws::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &aws::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &aws::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &aws::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &aws::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &aws::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha256) => &aws::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &aws::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &aws::ECDSA_P521_SHA512_ASN1,
    }
}

fn pkcs1(hash: Hash) -> &'static dyn VerificationAlgorithm {
    match hash {
        Hash::Sha256 => &aws::RSA_PKCS1_2048_8192_SHA256,
        Hash::Sha384 => &aws::RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &aws::RSA_PKCS1_2048_8192_SHA512,
    }
}

fn pss(hash: Hash) -> &'static dyn VerificationAlgorithm {
    match hash {
        Hash::Sha256 => &aws::RSA_PSS_2048_8192_SHA256,
        Hash::Sha384 => &aws::RSA_PSS_2048_8192_SHA384,
        Hash::Sha512 => &aws::RSA_PSS_2048_8192_SHA512,
    }
}

/// r ‖ s as `Ecdsa-Sig-Value`; `None` where it does not have twice `width` bytes.
fn to_der(signature: &[u8], width: usize) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(width)?;
    if s.len() != width {
        return None;
    }
    two_numbers(r, s)
}

/// A DER sequence of two numbers, each big-endian: `Ecdsa-Sig-Value` and `RSAPublicKey` are such.
fn two_numbers(first: &[u8], second: &[u8]) -> Option<Vec<u8>> {
    [UintRef::new(first).ok()?, UintRef::new(second).ok()?]
        .to_der()
        .ok()
}

/// `bytes` with zeros before them, up to `width`; `None` where there are more.
pub(crate) fn padded(bytes: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut padded = vec![0; width.checked_sub(bytes.len())?];
    padded.extend_from_slice(bytes);
    Some(padded)
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::Signer as _;
    use p256::pkcs8::EncodePublicKey as _;

    use super::*;

    // Keys and signatures are made by another library than the one that verifies.
    fn p256_key() -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap()
    }

    fn p384_key() -> p384::ecdsa::SigningKey {
        p384::ecdsa::SigningKey::from_slice(&[7; 48]).unwrap()
    }

    #[test]
    fn verifies_what_another_library_signs() {
        let key = Key::from_spki(
            p256_key()
                .verifying_key()
                .to_public_key_der()
                .unwrap()
                .as_bytes(),
        );
        let signature: p256::ecdsa::Signature = p256_key().sign(b"message");
        let fixed = signature.to_bytes();
        let der = signature.to_der();
        let key = key.unwrap();
        let sha256 = Hash::Sha256;
        assert_eq!(
            key.verify(Scheme::Ecdsa(sha256), b"message", &fixed),
            Ok(())
        );
        assert_eq!(
            key.verify(Scheme::EcdsaDer(sha256), b"message", der.as_bytes()),
            Ok(())
        );
        for (scheme, message, signature) in [
            (Scheme::Ecdsa(sha256), &b"messagE"[..], &fixed[..]),
            (Scheme::Ecdsa(sha256), b"message", &fixed[1..]),
            (Scheme::Ecdsa(sha256), b"message", der.as_bytes()),
            (Scheme::Ecdsa(Hash::Sha384), b"message", &fixed),
            (Scheme::RsaPkcs1(sha256), b"message", &fixed),
            (Scheme::Ecdsa(sha256), b"message", &[0; 64]),
        ] {
            assert_eq!(
                key.verify(scheme, message, signature),
                Err(BadSignature),
                "{scheme:?}"
            );
        }
        let key = Key::from_spki(
            p384_key()
                .verifying_key()
                .to_public_key_der()
                .unwrap()
                .as_bytes(),
        );
        let signature: p384::ecdsa::Signature = p384_key().sign(b"message");
        let verdict = key.unwrap().verify(
            Scheme::Ecdsa(Hash::Sha384),
            b"message",
            &signature.to_bytes(),
        );
        assert_eq!(verdict, Ok(()));
    }

    #[test]
    fn a_key_has_one_encoding() {
        let der = p256_key()
            .verifying_key()
            .to_public_key_der()
            .unwrap()
            .into_vec();
        let key = Key::from_spki(&der).unwrap();
        assert_eq!(key.spki().as_deref(), Some(&*der));
        assert_eq!(key.digest(), Some(KeyDigest::of_spki(&der)));
        let point = &der[26..];
        assert_eq!(Key::from_point(point), Ok(key.clone()));
        assert_eq!(
            Key::from_coordinates(Curve::P256, &point[1..33], &point[33..]),
            Ok(key)
        );
        // The same key, compressed; and with a byte after its end.
        let compressed = p256_key().verifying_key().to_sec1_point(true);
        assert!(Key::from_point(compressed.as_bytes()).is_err());
        assert!(Key::from_spki(&[&*der, &[0]].concat()).is_err());
    }

    #[test]
    fn no_bytes_panic() {
        let der = p384_key()
            .verifying_key()
            .to_public_key_der()
            .unwrap()
            .into_vec();
        for length in 0..der.len() {
            assert!(Key::from_spki(&der[..length]).is_err());
        }
        for index in 0..der.len() {
            let mut changed = der.clone();
            changed[index] ^= 0x41;
            if let Ok(key) = Key::from_spki(&changed) {
                // Another point: whatever it is, it signed nothing of this.
                let signature: p384::ecdsa::Signature = p384_key().sign(b"message");
                let verdict = key.verify(
                    Scheme::Ecdsa(Hash::Sha384),
                    b"message",
                    &signature.to_bytes(),
                );
                assert_eq!(verdict, Err(BadSignature));
            }
        }
    }
}

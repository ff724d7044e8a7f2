//! Public keys as JSON Web Keys (RFC 7517, RFC 7518 section 6.2).

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use veracruz_policy::PublicKey;

use super::add::malformed;
use crate::AppraisalError;

/// An elliptic-curve key, and nothing else: no format here is signed with another kind of key that
/// comes as a JWK.
#[derive(Deserialize)]
pub(super) struct Jwk<'a> {
    kty: &'a str,
    #[serde(default)]
    crv: &'a str,
    #[serde(default)]
    x: &'a str,
    #[serde(default)]
    y: &'a str,
    /// Only in a private key.
    d: Option<&'a str>,
}

/// What comes before the point in a DER SubjectPublicKeyInfo (RFC 5480), and how long a coordinate
/// is.
const CURVES: &[(&str, &[u8], usize)] = &[
    (
        "P-256",
        &[
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
        ],
        32,
    ),
    (
        "P-384",
        &[
            0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
        ],
        48,
    ),
    (
        "P-521",
        &[
            0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
            0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00, 0x04,
        ],
        66,
    ),
];

impl Jwk<'_> {
    /// The key as SubjectPublicKeyInfo. Whether the point is on the curve is looked at by whoever
    /// verifies with it.
    pub(super) fn public_key(&self) -> Result<PublicKey, AppraisalError> {
        if self.d.is_some() {
            return Err(malformed(
                "a JWK with a private key: give the public part alone".into(),
            ));
        }
        let curve = CURVES
            .iter()
            .find(|(name, ..)| self.kty == "EC" && self.crv == *name);
        let Some((_, prefix, length)) = curve else {
            return Err(malformed(format!(
                "a JWK with kty {:?} and crv {:?}, expected EC and P-256, P-384 or P-521",
                self.kty, self.crv
            )));
        };
        let mut spki = prefix.to_vec();
        for coordinate in [self.x, self.y] {
            let bytes = BASE64URL_NOPAD
                .decode(coordinate.as_bytes())
                .map_err(|_| malformed("a JWK whose coordinate is not base64url".into()))?;
            if bytes.len() != *length {
                return Err(malformed(format!(
                    "a JWK with a coordinate of {} bytes, expected {length}",
                    bytes.len()
                )));
            }
            spki.extend(bytes);
        }
        Ok(PublicKey::from_spki(spki))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7517, appendix A.1.
    const JWK: &str = r#"{"kty":"EC","crv":"P-256",
        "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"}"#;

    #[test]
    fn the_key_of_the_rfc_is_a_point_on_its_curve() {
        let jwk: Jwk<'_> = serde_json::from_str(JWK).unwrap();
        let key = jwk.public_key().unwrap();
        let point = key.spki().get(26..).unwrap();
        assert!(p256::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok());
    }

    #[test]
    fn a_private_key_is_refused() {
        let json = JWK.replace("\"use\"", "\"d\":\"AA\",\"use\"");
        let jwk: Jwk<'_> = serde_json::from_str(&json).unwrap();
        assert!(jwk.public_key().is_err());
    }
}

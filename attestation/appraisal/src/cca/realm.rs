//! The token of the realm: what runs in it, and for whom it was asked.

use veracruz_policy::Measurement;

use super::REALM;
use crate::AppraisalError;
use crate::arm::Claims;
use crate::cbor::Value;
use crate::cose::{Sign1, not_cbor};
use crate::key::{Curve, Hash, Key};

/// The profile of RMM 1.0. Before it, realm tokens had none.
const PROFILE_1: &str = "tag:arm.com,2023:realm#1.0.0";

const PROFILE: i64 = 265;
const CHALLENGE: i64 = 10;
const PERSONALIZATION: i64 = 44235;
const HASH_ALGORITHM: i64 = 44236;
const PUBLIC_KEY: i64 = 44237;
const INITIAL_MEASUREMENT: i64 = 44238;
const EXTENSIBLE_MEASUREMENTS: i64 = 44239;
const PUBLIC_KEY_HASH_ALGORITHM: i64 = 44240;

/// COSE_Key parameters (RFC 9052 section 7, RFC 9053 section 7.1).
const KTY: i64 = 1;
const EC2: i64 = 2;
const CRV: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;

/// The claims of a realm token, as claimed.
#[derive(Clone, Debug)]
pub(super) struct RealmToken {
    pub(super) profile: &'static str,
    pub(super) challenge: [u8; 64],
    pub(super) personalization: [u8; 64],
    pub(super) hash_algorithm: &'static str,
    pub(super) initial_measurement: Measurement,
    pub(super) extensible_measurements: [Measurement; 4],
    /// The key that signs this token (RAK).
    pub(super) key: Key,
    key_digest: Vec<u8>,
}

impl RealmToken {
    /// Reads the claims of a token whose signature nobody has checked yet.
    ///
    /// # Errors
    /// `Malformed`, `UnknownProfile`.
    pub(super) fn parse(token: &Sign1<'_>) -> Result<Self, AppraisalError> {
        let claims = Claims::new(token.unverified_claims(REALM)?, REALM)?;
        let public_key = claims.get(PUBLIC_KEY).and_then(Value::bytes);
        let public_key =
            public_key.ok_or_else(|| claims.malformed("no public key (claim 44237)".into()))?;
        let profile = match claims.text(PROFILE, "profile")? {
            None => "none (before RMM 1.0)",
            Some(PROFILE_1) => PROFILE_1,
            Some(other) => {
                return Err(AppraisalError::UnknownProfile {
                    part: REALM,
                    expected: "tag:arm.com,2023:realm#1.0.0, or none",
                    found: other.into(),
                });
            }
        };
        // A bare point before RMM 1.0, a COSE_Key in it; drafts between have either with either
        // profile. No bytes are both.
        let key = match public_key.first() {
            Some(4) => Key::from_point(public_key).map_err(|reason| claims.malformed(reason))?,
            _ => cose_key(public_key)?,
        };
        let (hash_algorithm, hash) = digest_algorithm(&claims, HASH_ALGORITHM)?;
        let (_, key_hash) = digest_algorithm(&claims, PUBLIC_KEY_HASH_ALGORITHM)?;
        // Emulators fill all 64 bytes whatever the algorithm. A reference value has its width too,
        // so one of another width is never taken for it.
        let measurement = |value: Option<Value<'_>>, name: &str| {
            let found = value.and_then(Value::bytes).unwrap_or_default();
            let measurement = [length(hash), length(Hash::Sha512)]
                .contains(&found.len())
                .then(|| Measurement::from_slice(found))
                .flatten();
            measurement.ok_or_else(|| {
                claims.malformed(format!(
                    "the {name} has {} bytes, expected {} of {hash_algorithm}",
                    found.len(),
                    length(hash)
                ))
            })
        };
        let initial = claims.get(INITIAL_MEASUREMENT);
        let initial_measurement = measurement(initial, "initial measurement")?;
        let registers = claims.get(EXTENSIBLE_MEASUREMENTS).and_then(Value::array);
        let registers: Vec<Measurement> = registers
            .into_iter()
            .flatten()
            .map(|register| measurement(Some(register), "extensible measurement"))
            .collect::<Result<_, _>>()?;
        let extensible_measurements = <[Measurement; 4]>::try_from(registers)
            .map_err(|_| claims.malformed("expected four extensible measurements".into()))?;
        let wide = |label, name| {
            let bytes = claims.bytes(label, name, &[64])?;
            <[u8; 64]>::try_from(bytes)
                .map_err(|_| claims.malformed(format!("a {name} of another length")))
        };
        Ok(Self {
            profile,
            challenge: wide(CHALLENGE, "challenge")?,
            personalization: wide(PERSONALIZATION, "personalization value")?,
            hash_algorithm,
            initial_measurement,
            extensible_measurements,
            key_digest: key_hash.digest(public_key),
            key,
        })
    }

    /// The digest of the claim with the key, by the algorithm that the token names.
    pub(super) fn key_digest(&self) -> Vec<u8> {
        self.key_digest.clone()
    }
}

/// A digest algorithm by the name that RMM gives it.
fn digest_algorithm(
    claims: &Claims<'_>,
    label: i64,
) -> Result<(&'static str, Hash), AppraisalError> {
    match claims.text(label, "hash algorithm")? {
        Some("sha-256") => Ok(("sha-256", Hash::Sha256)),
        Some("sha-384") => Ok(("sha-384", Hash::Sha384)),
        Some("sha-512") => Ok(("sha-512", Hash::Sha512)),
        other => Err(claims.malformed(format!(
            "hash algorithm {:?} (claim {label}), expected sha-256, sha-384 or sha-512",
            other.unwrap_or("none")
        ))),
    }
}

const fn length(hash: Hash) -> usize {
    match hash {
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
    }
}

/// A key as COSE_Key: EC2 with both coordinates.
fn cose_key(bytes: &[u8]) -> Result<Key, AppraisalError> {
    const PART: &str = "realm public key";
    let malformed = |reason: String| AppraisalError::Malformed { part: PART, reason };
    let key = Value::parse(bytes).map_err(|error| not_cbor(PART, &error))?;
    let number = |label| key.get(label).and_then(Value::integer);
    if number(KTY) != Some(EC2) {
        return Err(malformed("a COSE_Key with kty other than 2 (EC2)".into()));
    }
    let curve = match number(CRV) {
        Some(1) => Curve::P256,
        Some(2) => Curve::P384,
        Some(3) => Curve::P521,
        other => return Err(malformed(format!("a COSE_Key with crv {other:?}"))),
    };
    let coordinate = |label| key.get(label).and_then(Value::bytes);
    let (Some(x), Some(y)) = (coordinate(X), coordinate(Y)) else {
        return Err(malformed("a COSE_Key without both coordinates".into()));
    };
    if x.len() != curve.width() || y.len() != curve.width() {
        return Err(malformed(
            "a COSE_Key with coordinates of another length".into(),
        ));
    }
    Key::from_coordinates(curve, x, y).map_err(malformed)
}

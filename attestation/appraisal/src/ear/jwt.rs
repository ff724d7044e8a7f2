//! The result as JWT: JWS in compact form (RFC 7515), claims as RFC 7519.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use veracruz_evidence::{ReportData, spki};
use veracruz_policy::{KeyDigest, PublicKey, Timestamp};

use super::{
    AttesterClaims, Ear, EarError, MAX_SUBMODS, PROFILE, Submod, Tier, TrustVector, VerifierId,
};

const ALGORITHM: &str = "ES256";
const TYPE: &str = "eat+jwt";

/// The only headers; anything that would bring a key of its own is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    eat_profile: String,
    iat: i64,
    exp: i64,
    ear_verifier_id: Verifier,
    eat_nonce: String,
    #[serde(deserialize_with = "once_each")]
    submods: BTreeMap<String, Appraisal>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verifier {
    developer: String,
    build: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Appraisal {
    ear_status: Tier,
    ear_trustworthiness_vector: TrustVector,
    ear_appraisal_policy_ids: Vec<String>,
    ear_attester_claims: Attester,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attester {
    veracruz_measurement: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    veracruz_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    veracruz_attester: Option<String>,
}

pub(super) fn sign(ear: &Ear, key: &SigningKey) -> String {
    let header = Header {
        alg: ALGORITHM.into(),
        typ: TYPE.into(),
        kid: KeyDigest::of_spki(&spki::of_p256(key.verifying_key())).to_string(),
    };
    let input = format!("{}.{}", encode(&header), encode(&Claims::from(ear)));
    let signature: Signature = key.sign(input.as_bytes());
    format!("{input}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
}

/// The content of a token that `key` signed.
pub(super) fn verify(token: &[u8], key: &PublicKey) -> Result<Ear, EarError> {
    let expected = key.digest();
    let token = std::str::from_utf8(token).map_err(|error| malformed("token", error))?;
    let parts = |text: &str| -> Option<(String, String, String)> {
        let (input, signature) = text.rsplit_once('.')?;
        let (header, payload) = input.split_once('.')?;
        Some((header.into(), payload.into(), signature.into()))
    };
    let (header, payload, signature) =
        parts(token).ok_or_else(|| malformed("token", "expected three parts"))?;
    let header_json: Header = decode(&header, "header")?;
    if header_json.alg != ALGORITHM {
        return Err(EarError::WrongAlgorithm {
            found: header_json.alg,
        });
    }
    if header_json.typ != TYPE {
        return Err(malformed("header", "expected the type eat+jwt"));
    }
    if header_json.kid != expected.to_string() {
        return Err(EarError::UntrustedKey {
            expected,
            found: header_json.kid,
        });
    }
    let verifying =
        spki::parse_p256(key.spki()).map_err(|_| EarError::UnusableKey { key: expected })?;
    let signature = bytes(&signature, "signature")?;
    let signature =
        Signature::from_slice(&signature).map_err(|_| EarError::BadSignature { expected })?;
    verifying
        .verify(format!("{header}.{payload}").as_bytes(), &signature)
        .map_err(|_| EarError::BadSignature { expected })?;
    // From here on these are the words of the verifier.
    Ear::try_from(decode::<Claims>(&payload, "claims")?)
}

impl From<&Ear> for Claims {
    fn from(ear: &Ear) -> Self {
        let submods = ear.submods.iter().map(|(name, submod)| {
            let appraisal = Appraisal {
                ear_status: submod.status,
                ear_trustworthiness_vector: submod.vector,
                ear_appraisal_policy_ids: submod.policies.clone(),
                ear_attester_claims: Attester {
                    veracruz_measurement: submod.claims.measurement.clone(),
                    veracruz_key: submod.claims.key.map(|key| key.to_string()),
                    veracruz_attester: submod.claims.attester.map(|key| key.to_string()),
                },
            };
            (name.clone(), appraisal)
        });
        Self {
            eat_profile: PROFILE.into(),
            iat: ear.issued.seconds(),
            exp: ear.expires.seconds(),
            ear_verifier_id: Verifier {
                developer: ear.verifier.name.clone(),
                build: ear.verifier.build.clone(),
            },
            eat_nonce: BASE64URL_NOPAD.encode(ear.report_data.as_bytes()),
            submods: submods.collect(),
        }
    }
}

impl TryFrom<Claims> for Ear {
    type Error = EarError;

    fn try_from(claims: Claims) -> Result<Self, EarError> {
        if claims.eat_profile != PROFILE {
            return Err(EarError::WrongProfile {
                found: claims.eat_profile,
            });
        }
        let nonce = bytes(&claims.eat_nonce, "eat_nonce")?;
        let report_data = <[u8; 64]>::try_from(nonce).map_err(|found| {
            malformed("eat_nonce", format!("{} bytes, expected 64", found.len()))
        })?;
        let mut submods = BTreeMap::new();
        for (name, appraisal) in claims.submods {
            let attester = appraisal.ear_attester_claims;
            let digest = |text: Option<String>| {
                text.map(|text| text.parse::<KeyDigest>())
                    .transpose()
                    .map_err(|error| malformed("ear_attester_claims", error))
            };
            let submod = Submod {
                status: appraisal.ear_status,
                vector: appraisal.ear_trustworthiness_vector,
                policies: appraisal.ear_appraisal_policy_ids,
                claims: AttesterClaims {
                    measurement: attester.veracruz_measurement,
                    key: digest(attester.veracruz_key)?,
                    attester: digest(attester.veracruz_attester)?,
                },
            };
            submods.insert(name, submod);
        }
        Ok(Self {
            verifier: VerifierId {
                name: claims.ear_verifier_id.developer,
                build: claims.ear_verifier_id.build,
            },
            issued: Timestamp::from_seconds(claims.iat),
            expires: Timestamp::from_seconds(claims.exp),
            report_data: ReportData::from_bytes(report_data),
            submods,
        })
    }
}

/// A map without the same name twice, and with no more names than a result has.
fn once_each<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Appraisal>, D::Error> {
    struct OnceEach;

    impl<'de> Visitor<'de> for OnceEach {
        type Value = BTreeMap<String, Appraisal>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an object with at most {MAX_SUBMODS} members")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((name, appraisal)) = access.next_entry()? {
                if map.len() == MAX_SUBMODS || map.insert(name, appraisal).is_some() {
                    return Err(A::Error::custom("a submodule twice, or too many"));
                }
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(OnceEach)
}

fn encode(value: &impl Serialize) -> String {
    // Strings and numbers under string keys: nothing in them cannot be written.
    BASE64URL_NOPAD.encode(&serde_json::to_vec(value).unwrap_or_default())
}

fn decode<T: for<'de> Deserialize<'de>>(text: &str, part: &'static str) -> Result<T, EarError> {
    serde_json::from_slice(&bytes(text, part)?).map_err(|error| malformed(part, error))
}

fn bytes(text: &str, part: &'static str) -> Result<Vec<u8>, EarError> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|error| malformed(part, error))
}

fn malformed(part: &'static str, reason: impl fmt::Display) -> EarError {
    EarError::Malformed {
        part,
        reason: reason.to_string(),
    }
}

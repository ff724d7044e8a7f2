//! The result as CWT: COSE_Sign1 (RFC 9052), claims as RFC 8392.

use std::collections::BTreeMap;

use p256::ecdsa::SigningKey;
use veracruz_evidence::cbor::{CborError, Reader, Writer};
use veracruz_evidence::cose::{CoseError, Sign1, sign1};
use veracruz_evidence::{ReportData, spki};
use veracruz_policy::{KeyDigest, PublicKey, Timestamp};

use super::{
    AttesterClaims, Ear, EarError, MAX_EAR_BYTES, MAX_SUBMODS, PROFILE, Submod, Tier, TrustVector,
    VerifierId,
};

/// RFC 9052, section 3.1.
const KID: i64 = 4;
/// RFC 8392, section 4.
const EXP: i64 = 4;
const IAT: i64 = 6;
/// RFC 9711, section 10.
const NONCE: i64 = 10;
const EAT_PROFILE: i64 = 265;
const SUBMODS: i64 = 266;
/// draft-ietf-rats-ear-04, section 3.
const STATUS: i64 = 1000;
const VECTOR: i64 = 1001;
const POLICIES: i64 = 1003;
const VERIFIER_ID: i64 = 1004;
const ATTESTER_CLAIMS: i64 = 1005;
const DEVELOPER: i64 = 0;
const BUILD: i64 = 1;
/// Our own, in the range for private use.
const MEASUREMENT: i64 = -70010;
const KEY: i64 = -70011;
const ATTESTER: i64 = -70012;

/// The most pairs of any map in a result.
const MAX_PAIRS: usize = 16;

pub(super) fn sign(ear: &Ear, key: &SigningKey) -> Vec<u8> {
    let kid = KeyDigest::of_spki(&spki::of_p256(key.verifying_key()));
    sign1(
        |headers| headers.int(KID, |w| w.bytes(kid.as_bytes())),
        &claims(ear),
        key,
    )
}

/// The content of a token that `key` signed.
pub(super) fn verify(token: &[u8], key: &PublicKey) -> Result<Ear, EarError> {
    let expected = key.digest();
    let message = Sign1::parse(token).map_err(EarError::Cose)?;
    if message.header_count() != 2 || !message.unprotected_is_empty() {
        return Err(malformed("header", "expected algorithm and key alone"));
    }
    let kid = message
        .unverified_header(KID)
        .and_then(|header| Reader::new(header).ok()?.byte_array::<32>().ok())
        .map(KeyDigest::from_bytes)
        .ok_or_else(|| malformed("header", "expected the digest of the signer's key"))?;
    if kid != expected {
        return Err(EarError::UntrustedKey {
            expected,
            found: kid.to_string(),
        });
    }
    let verifying =
        spki::parse_p256(key.spki()).map_err(|_| EarError::UnusableKey { key: expected })?;
    let payload = message.verify(&verifying).map_err(|error| match error {
        CoseError::BadSignature => EarError::BadSignature { expected },
        error => EarError::Cose(error),
    })?;
    // From here on these are the words of the verifier.
    read(payload)
}

fn claims(ear: &Ear) -> Vec<u8> {
    Writer::encode(|w| {
        w.map(|m| {
            m.int(EXP, |w| w.integer(ear.expires.seconds()));
            m.int(IAT, |w| w.integer(ear.issued.seconds()));
            m.int(NONCE, |w| w.bytes(ear.report_data.as_bytes()));
            m.int(EAT_PROFILE, |w| w.text(PROFILE));
            m.int(SUBMODS, |w| {
                w.map(|m| {
                    for (name, submod) in &ear.submods {
                        m.text(name, |w| write_submod(w, submod));
                    }
                });
            });
            m.int(VERIFIER_ID, |w| {
                w.map(|m| {
                    m.int(DEVELOPER, |w| w.text(&ear.verifier.name));
                    m.int(BUILD, |w| w.text(&ear.verifier.build));
                });
            });
        });
    })
}

fn write_submod(w: &mut Writer, submod: &Submod) {
    w.map(|m| {
        m.int(STATUS, |w| w.unsigned(submod.status.number()));
        m.int(VECTOR, |w| {
            w.map(|m| {
                for (number, claim) in submod.vector.claims() {
                    if let Some(claim) = claim {
                        m.int(number, |w| w.integer(claim.into()));
                    }
                }
            });
        });
        m.int(POLICIES, |w| {
            w.array(submod.policies.len());
            for policy in &submod.policies {
                w.text(policy);
            }
        });
        m.int(ATTESTER_CLAIMS, |w| {
            w.map(|m| {
                m.int(MEASUREMENT, |w| w.text(&submod.claims.measurement));
                if let Some(key) = submod.claims.key {
                    m.int(KEY, |w| w.bytes(key.as_bytes()));
                }
                if let Some(attester) = submod.claims.attester {
                    m.int(ATTESTER, |w| w.bytes(attester.as_bytes()));
                }
            });
        });
    });
}

/// Maps are sorted and hold no key twice, so fixed keys are read in their order.
fn read(payload: &[u8]) -> Result<Ear, EarError> {
    let mut r = Reader::new(payload).map_err(cbor)?;
    exactly(r.map(MAX_PAIRS), 6, "claims")?;
    r.key(EXP, "exp (4)").map_err(cbor)?;
    let expires = Timestamp::from_seconds(r.integer().map_err(cbor)?);
    r.key(IAT, "iat (6)").map_err(cbor)?;
    let issued = Timestamp::from_seconds(r.integer().map_err(cbor)?);
    r.key(NONCE, "eat_nonce (10)").map_err(cbor)?;
    let report_data = ReportData::from_bytes(r.byte_array().map_err(cbor)?);
    r.key(EAT_PROFILE, "eat_profile (265)").map_err(cbor)?;
    let profile = r.text(MAX_EAR_BYTES).map_err(cbor)?;
    if profile != PROFILE {
        return Err(EarError::WrongProfile {
            found: profile.into(),
        });
    }
    r.key(SUBMODS, "submods (266)").map_err(cbor)?;
    let mut submods = BTreeMap::new();
    for _ in 0..r.map(MAX_SUBMODS).map_err(cbor)? {
        let name = r.text(MAX_EAR_BYTES).map_err(cbor)?;
        submods.insert(name.to_owned(), read_submod(&mut r)?);
    }
    r.key(VERIFIER_ID, "ear_verifier_id (1004)").map_err(cbor)?;
    exactly(r.map(MAX_PAIRS), 2, "ear_verifier_id")?;
    r.key(DEVELOPER, "developer (0)").map_err(cbor)?;
    let name = r.text(MAX_EAR_BYTES).map_err(cbor)?.to_owned();
    r.key(BUILD, "build (1)").map_err(cbor)?;
    let build = r.text(MAX_EAR_BYTES).map_err(cbor)?.to_owned();
    Ok(Ear {
        verifier: VerifierId { name, build },
        issued,
        expires,
        report_data,
        submods,
    })
}

fn read_submod(r: &mut Reader<'_>) -> Result<Submod, EarError> {
    exactly(r.map(MAX_PAIRS), 4, "submods")?;
    r.key(STATUS, "ear_status (1000)").map_err(cbor)?;
    let status = Tier::from_number(r.unsigned().map_err(cbor)?)
        .ok_or_else(|| malformed("ear_status", "expected 0, 2, 32 or 96"))?;
    r.key(VECTOR, "ear_trustworthiness_vector (1001)")
        .map_err(cbor)?;
    let mut vector = TrustVector::default();
    for _ in 0..r.map(MAX_PAIRS).map_err(cbor)? {
        let number = r.integer().map_err(cbor)?;
        let claim = r.integer().map_err(cbor)?;
        let place = vector.claim_mut(number);
        let (Some(place), Ok(claim)) = (place, claim.try_into()) else {
            return Err(malformed("ear_trustworthiness_vector", "no such claim"));
        };
        *place = Some(claim);
    }
    r.key(POLICIES, "ear_appraisal_policy_ids (1003)")
        .map_err(cbor)?;
    let mut policies = Vec::new();
    for _ in 0..r.array(MAX_PAIRS).map_err(cbor)? {
        policies.push(r.text(MAX_EAR_BYTES).map_err(cbor)?.to_owned());
    }
    r.key(ATTESTER_CLAIMS, "ear_attester_claims (1005)")
        .map_err(cbor)?;
    let claims = read_claims(r)?;
    Ok(Submod {
        status,
        vector,
        policies,
        claims,
    })
}

fn read_claims(r: &mut Reader<'_>) -> Result<AttesterClaims, EarError> {
    let pairs = r.map(MAX_PAIRS).map_err(cbor)?;
    let (mut measurement, mut key, mut attester) = (None, None, None);
    for _ in 0..pairs {
        match r.integer().map_err(cbor)? {
            MEASUREMENT => measurement = Some(r.text(MAX_EAR_BYTES).map_err(cbor)?.to_owned()),
            KEY => key = Some(KeyDigest::from_bytes(r.byte_array().map_err(cbor)?)),
            ATTESTER => attester = Some(KeyDigest::from_bytes(r.byte_array().map_err(cbor)?)),
            _ => return Err(malformed("ear_attester_claims", "no such claim")),
        }
    }
    Ok(AttesterClaims {
        measurement: measurement
            .ok_or_else(|| malformed("ear_attester_claims", "no measurement"))?,
        key,
        attester,
    })
}

fn exactly(
    found: Result<usize, CborError>,
    expected: usize,
    part: &'static str,
) -> Result<(), EarError> {
    let found = found.map_err(cbor)?;
    if found == expected {
        return Ok(());
    }
    Err(malformed(
        part,
        &format!("expected {expected} claims, found {found}"),
    ))
}

fn cbor(error: CborError) -> EarError {
    EarError::Malformed {
        part: "claims",
        reason: error.to_string(),
    }
}

fn malformed(part: &'static str, reason: &str) -> EarError {
    EarError::Malformed {
        part,
        reason: reason.into(),
    }
}

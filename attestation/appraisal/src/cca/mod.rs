//! Arm CCA: the attestation token of a realm (RMM specification, DEN0137, A7.2;
//! draft-ffm-rats-cca-token).
//!
//! Two tokens in one: the platform's, signed by its key (CPAK), and the realm's, signed by a key
//! (RAK) that the platform token names by digest. Both profiles of either are taken, the one of
//! before 2023 and the one of RMM 1.0. There is no root of a vendor: the policy names the CPAKs.

mod collection;
mod import;
mod platform;
mod realm;

use data_encoding::HEXLOWER;
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{
    CcaIsolate, CcaRealmMeasurement, KeyDigest, Measurement, PolicyHash, Sha256, Timestamp,
};

pub use import::import;

use self::collection::Collection;
use self::platform::PlatformToken;
use self::realm::RealmToken;
use crate::arm::{Component, check_chip, check_secured};
use crate::examined::{Bound, LaunchField, LaunchForm};
use crate::{AppraisalError, Appraised, Collateral, Examined, Fact, anchors};

/// What errors call the two tokens.
const PLATFORM: &str = "platform token";
const REALM: &str = "realm token";

/// Verifies the token of a realm against reference values, the policy with which it must have been
/// started (its personalization value) and the report data that it must be bound to (its
/// challenge).
///
/// # Errors
/// `WrongTechnology`; what [`examine`] finds; `BindingMismatch`, `LaunchPolicyMismatch`.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &CcaIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    if evidence.technology() != Technology::Cca {
        return Err(AppraisalError::WrongTechnology {
            expected: Technology::Cca.name().into(),
            found: evidence.technology().name().into(),
        });
    }
    let (examined, cpak) = judge(evidence.content(), collateral, Some(reference), now)?;
    Appraised::conclude(examined, Some(cpak), launch_policy, expected)
}

/// Looks at a token without a connection to compare it with. Without `reference` it is judged by
/// the keys of `collateral`: genuine is what one of them signed.
///
/// # Errors
/// In this order: `Malformed`, `UnknownProfile`, `BadAlgorithm`; `MissingCollateral` without a key;
/// `BadSignature` of the platform token, of the realm token; `BindingMismatch` where the platform
/// token is about another realm's key; `LifecycleMismatch`; and with a reference
/// `MeasurementMismatch`, `ChipMismatch`.
pub fn examine(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&CcaIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    judge(content, collateral, reference, now).map(|(examined, _)| examined)
}

fn judge(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&CcaIsolate>,
    now: Timestamp,
) -> Result<(Examined, KeyDigest), AppraisalError> {
    let collection = Collection::parse(content)?;
    let platform = PlatformToken::parse(&collection.platform)?;
    let realm = RealmToken::parse(&collection.realm)?;

    let keys = reference.map(|reference| reference.platform_keys.as_slice());
    let keys = anchors::trusted(keys, collateral, "CPAK")?;
    let cpak = anchors::signed_by(&collection.platform, keys, "CPAK")?;
    collection.realm.verify(&realm.key)?;
    // Now both are genuine, each for itself. That they belong together is what the platform says.
    let rak = realm.key_digest();
    if rak != platform.challenge {
        return Err(AppraisalError::BindingMismatch {
            expected: rak,
            found: platform.challenge.to_vec(),
        });
    }
    check_secured(platform.lifecycle, PLATFORM)?;
    if let Some(reference) = reference {
        check_platform(&platform, reference)?;
        check_realm(&realm, reference)?;
    }
    let examined = Examined {
        technology: Technology::Cca,
        measurement: realm.initial_measurement,
        bound_to: Bound::Whole(realm.challenge),
        launch: Some(LaunchField {
            name: "realm personalization value",
            found: realm.personalization.to_vec(),
            form: LaunchForm::Padded,
        }),
        facts: facts(&platform, &realm, cpak, reference.is_some()),
        warnings: Vec::new(),
        emulated: false,
        compared: reference.is_some(),
        at: now,
    };
    Ok((examined, cpak))
}

fn check_platform(
    platform: &PlatformToken<'_>,
    reference: &CcaIsolate,
) -> Result<(), AppraisalError> {
    check_chip(platform.instance_id, &reference.chips)?;
    if !reference
        .implementation_ids
        .contains(&platform.implementation_id)
    {
        return Err(AppraisalError::MeasurementMismatch {
            claim: "implementation id",
            expected: measurements(&reference.implementation_ids),
            found: platform.implementation_id.into(),
        });
    }
    Component::check_all(
        &platform.components,
        &reference.platform_software,
        "measurement of a platform software component",
    )
}

fn check_realm(realm: &RealmToken, reference: &CcaIsolate) -> Result<(), AppraisalError> {
    check_one_of(
        "realm initial measurement",
        realm.initial_measurement,
        &reference.rim,
    )?;
    let registers = REGISTERS
        .iter()
        .zip(&realm.extensible_measurements)
        .zip(&reference.rem);
    for ((claim, found), accepted) in registers {
        // A register that the policy is silent about must be as it began.
        if !accepted.is_empty() {
            check_one_of(claim, *found, accepted)?;
        } else if found.as_bytes().iter().any(|byte| *byte != 0) {
            return Err(AppraisalError::MeasurementMismatch {
                claim,
                expected: zero_like(*found).into_iter().collect(),
                found: *found,
            });
        }
    }
    Ok(())
}

const REGISTERS: [&str; 4] = [
    "realm extensible measurement 0",
    "realm extensible measurement 1",
    "realm extensible measurement 2",
    "realm extensible measurement 3",
];

fn check_one_of(
    claim: &'static str,
    found: CcaRealmMeasurement,
    accepted: &[CcaRealmMeasurement],
) -> Result<(), AppraisalError> {
    if accepted.contains(&found) {
        return Ok(());
    }
    Err(AppraisalError::MeasurementMismatch {
        claim,
        expected: accepted.to_vec(),
        found,
    })
}

fn zero_like(measurement: Measurement) -> Option<Measurement> {
    Measurement::from_slice(&vec![0; measurement.as_bytes().len()])
}

fn measurements(digests: &[Sha256]) -> Vec<Measurement> {
    digests.iter().copied().map(Measurement::from).collect()
}

fn facts(
    platform: &PlatformToken<'_>,
    realm: &RealmToken,
    cpak: KeyDigest,
    compared: bool,
) -> Vec<Fact> {
    let fact = |name, value| Fact { name, value };
    let vouched = if compared {
        "a key that the reference names"
    } else {
        "a key that the caller gave"
    };
    let mut facts = vec![
        fact("platform profile", platform.profile.into()),
        fact("realm profile", realm.profile.into()),
        fact("CPAK", cpak.to_string()),
        fact("signed by", vouched.into()),
        fact(
            "lifecycle",
            format!("0x{:04x} (secured)", platform.lifecycle),
        ),
        fact("implementation id", platform.implementation_id.to_string()),
        fact("instance id", HEXLOWER.encode(platform.instance_id)),
        fact("platform config", HEXLOWER.encode(platform.config)),
        fact("platform hash algorithm", platform.hash_algorithm.into()),
    ];
    let components = platform.components.iter();
    facts
        .extend(components.map(|component| fact("platform software component", component.words())));
    if let Some(service) = platform.verification_service {
        facts.push(fact("verification service", service.into()));
    }
    facts.extend([
        fact("realm challenge", HEXLOWER.encode(&realm.challenge)),
        fact(
            "realm personalization value",
            HEXLOWER.encode(&realm.personalization),
        ),
        fact("realm hash algorithm", realm.hash_algorithm.into()),
        fact(
            "realm initial measurement",
            realm.initial_measurement.to_string(),
        ),
    ]);
    let registers = REGISTERS.iter().zip(&realm.extensible_measurements);
    facts.extend(registers.map(|(name, found)| fact(name, found.to_string())));
    facts
}

//! PSA attestation tokens (RFC 9783): devices with a PSA root of trust.
//!
//! One token, signed by the device's initial attestation key (IAK). There is no root of a vendor:
//! the policy names the keys. A device that authenticates with a MAC is refused, since whoever can
//! check a MAC can make one.

mod import;
mod token;

use data_encoding::HEXLOWER;
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{KeyDigest, PolicyHash, PsaIsolate, Timestamp};

pub use import::import;

use self::token::PsaToken;
use crate::arm::{Component, check_chip, check_secured};
use crate::cose::Sign1;
use crate::examined::Bound;
use crate::{AppraisalError, Appraised, Collateral, Examined, Fact, anchors};

/// What errors call the token.
const TOKEN: &str = "PSA token";

/// Verifies the token of a device against reference values and the report data that it must be
/// bound to (its nonce). The format has no field that is fixed at launch: the report data alone
/// binds the policy, whose hash is in it.
///
/// # Errors
/// `WrongTechnology`; what [`examine`] finds; `BindingMismatch`.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &PsaIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    if evidence.technology() != Technology::Psa {
        return Err(AppraisalError::WrongTechnology {
            expected: Technology::Psa.name().into(),
            found: evidence.technology().name().into(),
        });
    }
    let (examined, iak) = judge(evidence.content(), collateral, Some(reference), now)?;
    Appraised::conclude(examined, Some(iak), launch_policy, expected)
}

/// Looks at a token without a connection to compare it with. Without `reference` it is judged by
/// the keys of `collateral`: genuine is what one of them signed. The measurement is that of the
/// last software component in the token's list.
///
/// # Errors
/// In this order: `Malformed`, `BadAlgorithm`, `UnknownProfile`; `MissingCollateral` without a key;
/// `BadSignature`; `LifecycleMismatch`; and with a reference `ConfigurationNotAllowed` where the
/// normal world asked for the token, `ChipMismatch`, `MeasurementMismatch`.
pub fn examine(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&PsaIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    judge(content, collateral, reference, now).map(|(examined, _)| examined)
}

fn judge(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&PsaIsolate>,
    now: Timestamp,
) -> Result<(Examined, KeyDigest), AppraisalError> {
    let message = Sign1::parse(content, TOKEN)?;
    let token = PsaToken::parse(&message)?;
    let keys = reference.map(|reference| reference.keys.as_slice());
    let keys = anchors::trusted(keys, collateral, "IAK")?;
    let iak = anchors::signed_by(&message, keys, "IAK")?;
    check_secured(token.lifecycle, TOKEN)?;
    if let Some(reference) = reference {
        check(&token, reference)?;
    }
    let last = token.components.last();
    let last = last.ok_or(AppraisalError::MeasurementMissing {
        claim: "software component",
    })?;
    let examined = Examined {
        technology: Technology::Psa,
        measurement: last.measurement,
        bound_to: match <[u8; 64]>::try_from(token.nonce) {
            Ok(nonce) => Bound::Whole(nonce),
            Err(_) => Bound::Digest(token.nonce.to_vec()),
        },
        launch: None,
        facts: facts(&token, iak, reference.is_some()),
        warnings: Vec::new(),
        emulated: false,
        compared: reference.is_some(),
        at: now,
    };
    Ok((examined, iak))
}

fn check(token: &PsaToken<'_>, reference: &PsaIsolate) -> Result<(), AppraisalError> {
    // Programs of the normal world have ids below zero (RFC 9783 section 4.1.2). Whatever runs
    // there can ask for a token over any report data, and say that it is the isolate.
    if token.client_id <= 0 {
        return Err(AppraisalError::ConfigurationNotAllowed {
            claim: "client id",
            expected: "a number above 0: asked for by a secure partition".into(),
            found: token.client_id.to_string(),
        });
    }
    check_chip(token.instance_id, &reference.chips)?;
    let ids = &reference.implementation_ids;
    if !ids.contains(&token.implementation_id) {
        return Err(AppraisalError::MeasurementMismatch {
            claim: "implementation id",
            expected: ids.iter().copied().map(Into::into).collect(),
            found: token.implementation_id.into(),
        });
    }
    Component::check_all(
        &token.components,
        &reference.software,
        "measurement of a software component",
    )
}

fn facts(token: &PsaToken<'_>, iak: KeyDigest, compared: bool) -> Vec<Fact> {
    let fact = |name, value| Fact { name, value };
    let vouched = if compared {
        "a key that the reference names"
    } else {
        "a key that the caller gave"
    };
    let mut facts = vec![
        fact("profile", token.profile.into()),
        fact("IAK", iak.to_string()),
        fact("signed by", vouched.into()),
        fact("lifecycle", format!("0x{:04x} (secured)", token.lifecycle)),
        fact("client id", token.client_id.to_string()),
        fact("implementation id", token.implementation_id.to_string()),
        fact("instance id", HEXLOWER.encode(token.instance_id)),
        fact("nonce", HEXLOWER.encode(token.nonce)),
    ];
    let components = token.components.iter();
    facts.extend(components.map(|component| fact("software component", component.words())));
    if let Some(seed) = token.boot_seed {
        facts.push(fact("boot seed", HEXLOWER.encode(seed)));
    }
    if let Some(reference) = token.certification_reference {
        facts.push(fact("certification reference", reference.into()));
    }
    if let Some(service) = token.verification_service {
        facts.push(fact("verification service indicator", service.into()));
    }
    facts
}

//! The software root of trust: `veracruz-attester` started the isolate and says so.
//!
//! There is no chain: the trust anchor is the attester's key itself, which the policy names by the
//! SHA-256 of its SPKI. There is no expiry either: what keeps old evidence from being used again is
//! its report data alone, which holds a fresh nonce.
//!
//! What this proves hangs on the machine on which attester and isolate run: its administrator can
//! do whatever the attester can.

use veracruz_evidence::sw_rot::{LIFECYCLE_UNKNOWN, Token, parse};
use veracruz_evidence::{Evidence, ReportData, Technology, Unverified};
use veracruz_policy::{KeyDigest, PolicyHash, ProcessIsolate, Sha256, Timestamp};

use crate::examined::{Bound, LaunchField, LaunchForm};
use crate::{AppraisalError, Appraised, Examined, Fact};

/// Verifies a token of the software root of trust.
///
/// `reference` are the policy's runtimes and attesters, `launch_policy` the hash of the policy with
/// which the isolate must have been started, `expected` what the token must be bound to. `now` is
/// noted in the verdict; a token has no validity of its own to compare it with.
///
/// # Errors
/// In this order: `WrongTechnology`, `Token`, `UntrustedAttester`, `BadSignature`,
/// `AttesterMismatch`, `LifecycleMismatch`, `MeasurementMismatch`, `BindingMismatch`,
/// `LaunchPolicyMismatch`.
pub fn verify(
    evidence: &Evidence,
    reference: &ProcessIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    const TECHNOLOGY: Technology = Technology::SoftwareRootOfTrust;
    if evidence.technology() != TECHNOLOGY {
        return Err(AppraisalError::WrongTechnology {
            expected: TECHNOLOGY.name().into(),
            found: evidence.technology().name().into(),
        });
    }
    let examined = examine(evidence.content(), Some(reference), now)?;
    let attester = parse(evidence.content())?.peek().attester();
    Appraised::conclude(examined, Some(attester), launch_policy, expected)
}

/// Looks at a token without a connection to compare it with. Without `reference` it says only that
/// the key in the token signed it, which anyone can do: the key is among the facts.
///
/// # Errors
/// As [`verify`], up to `MeasurementMismatch`.
pub fn examine(
    token: &[u8],
    reference: Option<&ProcessIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    let token = parse(token)?;
    if let Some(reference) = reference {
        check_attester(&token, &reference.attesters)?;
    }
    let token = token.peek();
    token
        .verify_signature()
        .map_err(|_| AppraisalError::BadSignature { part: "token" })?;
    // From here on these are the words of the attester, whom the policy trusts where there is one.
    let attester = token.attester();
    if !token.names_its_attester() {
        return Err(AppraisalError::AttesterMismatch {
            part: "token's instance id",
            expected: attester.to_string(),
            found: "another key".into(),
        });
    }
    if token.lifecycle() != LIFECYCLE_UNKNOWN {
        return Err(AppraisalError::LifecycleMismatch {
            part: "token",
            expected: "0x0000 (unknown): software cannot claim more",
            found: token.lifecycle(),
        });
    }
    let claims = token.claims();
    if let Some(reference) = reference {
        check_runtime(claims.runtime, &reference.runtime)?;
    }
    let fact = |name, value| Fact { name, value };
    Ok(Examined {
        technology: Technology::SoftwareRootOfTrust,
        measurement: claims.runtime.into(),
        bound_to: Bound::Whole(*claims.report_data.as_bytes()),
        launch: Some(LaunchField {
            name: "launch policy",
            found: claims.launch_policy.as_bytes().to_vec(),
            form: LaunchForm::Padded,
        }),
        facts: vec![
            fact("attester", attester.to_string()),
            fact("runtime", claims.runtime.to_string()),
            fact("launch policy", claims.launch_policy.to_string()),
        ],
        warnings: Vec::new(),
        compared: reference.is_some(),
        at: now,
    })
}

/// An empty list trusts nobody: there is no default.
fn check_attester(
    token: &Unverified<Token<'_>>,
    attesters: &[KeyDigest],
) -> Result<(), AppraisalError> {
    let found = token.peek().attester();
    if attesters.contains(&found) {
        return Ok(());
    }
    Err(AppraisalError::UntrustedAttester {
        part: "attester's key",
        expected: attesters.to_vec(),
        found,
    })
}

fn check_runtime(found: Sha256, runtimes: &[Sha256]) -> Result<(), AppraisalError> {
    if runtimes.contains(&found) {
        return Ok(());
    }
    Err(AppraisalError::MeasurementMismatch {
        claim: "runtime",
        expected: runtimes.iter().copied().map(Into::into).collect(),
        found: found.into(),
    })
}

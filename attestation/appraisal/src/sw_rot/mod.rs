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

use crate::{AppraisalError, Appraised};

/// Verifies a token of the software root of trust.
///
/// `reference` are the policy's runtimes and attesters, `launch_policy` the hash of the policy with
/// which the isolate must have been started, `expected` what the token must be bound to. `now` is
/// noted in the verdict; a token has no validity of its own to compare it with.
///
/// # Errors
/// In this order: `WrongTechnology`, `Malformed`, `UntrustedAttester`, `BadSignature`,
/// `AttesterMismatch`, `LifecycleMismatch`, `BindingMismatch`, `MeasurementMismatch`,
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
    let token = parse(evidence.content())?;
    let attester = trusted_attester(&token, &reference.attesters)?;
    let token = token.peek();
    token
        .verify_signature()
        .map_err(|_| AppraisalError::BadSignature { attester })?;
    // From here on these are the words of an attester whom the policy trusts.
    if !token.names_its_attester() {
        return Err(AppraisalError::AttesterMismatch { attester });
    }
    if token.lifecycle() != LIFECYCLE_UNKNOWN {
        return Err(AppraisalError::LifecycleMismatch {
            found: token.lifecycle(),
        });
    }
    let claims = token.claims();
    if claims.report_data != *expected {
        return Err(AppraisalError::BindingMismatch {
            expected: Box::new(*expected),
            found: Box::new(claims.report_data),
        });
    }
    let measurement = accepted_runtime(claims.runtime, &reference.runtime)?;
    if claims.launch_policy != *launch_policy {
        return Err(AppraisalError::LaunchPolicyMismatch {
            expected: *launch_policy,
            found: claims.launch_policy,
        });
    }
    Ok(Appraised {
        technology: TECHNOLOGY,
        measurement,
        attester,
        policy: claims.launch_policy,
        report_data: claims.report_data,
        at: now,
    })
}

/// An empty list trusts nobody: there is no default.
fn trusted_attester(
    token: &Unverified<Token<'_>>,
    attesters: &[KeyDigest],
) -> Result<KeyDigest, AppraisalError> {
    let found = token.peek().attester();
    if attesters.contains(&found) {
        return Ok(found);
    }
    Err(AppraisalError::UntrustedAttester {
        expected: attesters.to_vec(),
        found,
    })
}

fn accepted_runtime(found: Sha256, runtimes: &[Sha256]) -> Result<Sha256, AppraisalError> {
    if runtimes.contains(&found) {
        return Ok(found);
    }
    Err(AppraisalError::MeasurementMismatch {
        expected: runtimes.to_vec(),
        found,
    })
}

//! The software root of trust: `veracruz-attester` started the isolate and says so.
//!
//! There is no chain: the trust anchor is the attester's key itself, which the policy names by the
//! SHA-256 of its SPKI. There is no expiry either: what keeps old evidence from being used again is
//! its report data alone, which holds a fresh nonce.
//!
//! What this proves hangs on the machine on which attester and isolate run: its administrator can
//! do whatever the attester can.

use veracruz_evidence::sw_rot::{LIFECYCLE_UNKNOWN, Measured, Token, parse};
use veracruz_evidence::{Evidence, ReportData, Technology, Unverified};
use veracruz_policy::{
    IsolateKind, Isolates, KeyDigest, MicrovmIsolate, PolicyHash, ProcessIsolate, Sha256, Timestamp,
};

use crate::examined::{Bound, LaunchField, LaunchForm};
use crate::{AppraisalError, Appraised, Examined, Fact};

/// What is acceptable of the two kinds that an attester vouches for. What is not named is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference<'p> {
    /// A sandboxed process.
    pub process: Option<&'p ProcessIsolate>,
    /// A virtual machine that nothing protects.
    pub microvm: Option<&'p MicrovmIsolate>,
}

impl<'p> From<&'p ProcessIsolate> for Reference<'p> {
    fn from(process: &'p ProcessIsolate) -> Self {
        Self {
            process: Some(process),
            microvm: None,
        }
    }
}

impl<'p> From<&'p MicrovmIsolate> for Reference<'p> {
    fn from(microvm: &'p MicrovmIsolate) -> Self {
        Self {
            process: None,
            microvm: Some(microvm),
        }
    }
}

impl<'p> Reference<'p> {
    /// Both kinds of `isolates`; `None` where it names neither.
    #[must_use]
    pub fn of(isolates: &'p Isolates) -> Option<Self> {
        let reference = Self {
            process: isolates.process.as_ref(),
            microvm: isolates.microvm.as_ref(),
        };
        (reference.process.is_some() || reference.microvm.is_some()).then_some(reference)
    }

    /// Digests and attesters for what was measured.
    fn for_kind(
        &self,
        measured: Measured,
    ) -> Result<(&'p [Sha256], &'p [KeyDigest]), AppraisalError> {
        let named = match measured {
            Measured::Runtime(_) => self
                .process
                .map(|one| (one.runtime.as_slice(), one.attesters.as_slice())),
            Measured::Machine(_) => self
                .microvm
                .map(|one| (one.image.as_slice(), one.attesters.as_slice())),
        };
        named.ok_or_else(|| AppraisalError::WrongTechnology {
            expected: self.named().join(" or "),
            found: kind(measured).name().into(),
        })
    }

    /// The kinds that are named.
    fn named(&self) -> Vec<&'static str> {
        let kinds = [
            self.process.map(|_| IsolateKind::Process),
            self.microvm.map(|_| IsolateKind::Microvm),
        ];
        kinds.into_iter().flatten().map(IsolateKind::name).collect()
    }
}

/// The kind of isolate that was measured.
const fn kind(measured: Measured) -> IsolateKind {
    match measured {
        Measured::Runtime(_) => IsolateKind::Process,
        Measured::Machine(_) => IsolateKind::Microvm,
    }
}

/// Verifies a token of the software root of trust.
///
/// `reference` are the policy's measurements and attesters, `launch_policy` the hash of the policy with
/// which the isolate must have been started, `expected` what the token must be bound to. `now` is
/// noted in the verdict; a token has no validity of its own to compare it with.
///
/// # Errors
/// In this order: `WrongTechnology` (also where the attester started another kind of isolate than
/// `reference` names), `Token`, `UntrustedAttester`, `BadSignature`,
/// `AttesterMismatch`, `LifecycleMismatch`, `MeasurementMismatch`, `BindingMismatch`,
/// `LaunchPolicyMismatch`.
pub fn verify<'p>(
    evidence: &Evidence,
    reference: impl Into<Reference<'p>>,
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
    let examined = examine(evidence.content(), Some(reference.into()), now)?;
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
    reference: Option<Reference<'_>>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    let token = parse(token)?;
    let accepted = reference
        .map(|reference| reference.for_kind(token.peek().claims().measured))
        .transpose()?;
    if let Some((_, attesters)) = accepted {
        check_attester(&token, attesters)?;
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
    if let Some((digests, _)) = accepted {
        check_measurement(claims.measured, digests)?;
    }
    let fact = |name, value| Fact { name, value };
    Ok(Examined {
        technology: Technology::SoftwareRootOfTrust,
        measurement: claims.measured.digest().into(),
        bound_to: Bound::Whole(*claims.report_data.as_bytes()),
        launch: Some(LaunchField {
            name: "launch policy",
            found: claims.launch_policy.as_bytes().to_vec(),
            form: LaunchForm::Padded,
        }),
        facts: vec![
            fact("attester", attester.to_string()),
            fact(claim(claims.measured), claims.measured.digest().to_string()),
            fact("launch policy", claims.launch_policy.to_string()),
        ],
        warnings: Vec::new(),
        emulated: false,
        compared: accepted.is_some(),
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

/// What was measured, in a word.
const fn claim(measured: Measured) -> &'static str {
    match measured {
        Measured::Runtime(_) => "runtime",
        Measured::Machine(_) => "image",
    }
}

fn check_measurement(measured: Measured, accepted: &[Sha256]) -> Result<(), AppraisalError> {
    let found = measured.digest();
    if accepted.contains(&found) {
        return Ok(());
    }
    Err(AppraisalError::MeasurementMismatch {
        claim: claim(measured),
        expected: accepted.iter().copied().map(Into::into).collect(),
        found: found.into(),
    })
}

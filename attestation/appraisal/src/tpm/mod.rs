//! TPM 2.0: a quote of PCRs, signed by an attestation key (AK), with the firmware's event log.
//!
//! There is no root of a vendor for all TPMs: the policy names AKs, or authorities that certify
//! them. A TPM says what was started. It does not keep whoever runs the machine out of its memory.

mod activation;
mod algorithm;
mod area;
mod attest;
mod chain;
mod credential;
mod endorsement;
pub(crate) mod event_log;
mod import;
mod protobuf;
mod public;
mod quote;
mod signature;
mod wire;

use veracruz_evidence::tpm::TpmContent;
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{KeyDigest, PolicyHash, PublicKey, Timestamp, TpmIsolate};

pub use activation::{Activation, Challenge, Pending};
pub use import::import;
pub(crate) use quote::{LAUNCH_REGISTER, Quote, register_name};

use self::endorsement::EndorsementKey;
use self::public::Public;
use crate::examined::Bound;
use crate::{AppraisalError, Appraised, Collateral, Examined, Fact, Judgement};

/// `EK/AK CA Root` of Google, which certifies the AKs of virtual machines: SHA-256 of its
/// SubjectPublicKeyInfo, from `server/ca-certs/gcp_ek_ak_ca_root.crt` of go-tpm-tools. Where a
/// policy is to be met, it counts only if the policy names it.
const GOOGLE_EK_AK_ROOT: &str = "56a613f57126a385dd6949294e93b0b566f96ab0573be0c2368e6f5ca779831f";

/// Verifies a quote against reference values, the policy with which the machine must have been
/// started (extended into PCR 15) and the report data that it must be bound to (its extraData).
///
/// # Errors
/// What [`begin`] finds; `ActivationNeeded` where the endorsement key alone vouches.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &TpmIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    begin(
        evidence,
        collateral,
        reference,
        launch_policy,
        expected,
        now,
    )?
    .without_questions()
}

/// As [`verify`], for a caller who is connected to the isolate and can ask it: where the policy
/// trusts the TPM by its endorsement key, that takes a [challenge](Pending::challenge) more.
///
/// # Errors
/// `WrongTechnology`; what [`examine`] finds; `BindingMissing`, `MeasurementMissing` where the quote
/// is not over PCR 15; `BindingMismatch`, `LaunchPolicyMismatch`.
pub fn begin(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &TpmIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Judgement, AppraisalError> {
    if evidence.technology() != Technology::Tpm {
        return Err(AppraisalError::WrongTechnology {
            expected: Technology::Tpm.name().into(),
            found: evidence.technology().name().into(),
        });
    }
    let judged = judge(evidence.content(), collateral, Some(reference), now)?;
    check_bindable(&judged.examined)?;
    let appraised = Appraised::conclude(judged.examined, Some(judged.ak), launch_policy, expected)?;
    Ok(match judged.open {
        None => Judgement::Appraised(appraised),
        Some((ek, name)) => Judgement::Pending(Pending::new(appraised, ek, name)),
    })
}

/// Refuses evidence that has no place for the caller's data or for the policy: plain TPMs and
/// Azure's have both in the quote.
///
/// # Errors
/// `BindingMissing`, `MeasurementMissing`.
pub(crate) fn check_bindable(examined: &Examined) -> Result<(), AppraisalError> {
    if examined.bound_to().is_empty() {
        return Err(AppraisalError::BindingMissing { field: "extraData" });
    }
    if examined.launch.is_none() {
        return Err(AppraisalError::MeasurementMissing {
            claim: register_name(LAUNCH_REGISTER),
        });
    }
    Ok(())
}

/// Looks at a quote without a connection to compare it with. Without `reference` the AK must be
/// among the keys of `collateral`, or certified by one of them or by Google.
///
/// # Errors
/// In this order: `Malformed`, `BadAlgorithm`, `ConfigurationNotAllowed` for an AK that is not
/// restricted to what its TPM makes; `UntrustedAttester`, `MissingCollateral`, or what is wrong with
/// its certificates or those of the endorsement key; `WeakDigest`, `BadSignature`;
/// `MeasurementMismatch` where the registers are not those that were signed; `EventLogMismatch`; and
/// with a reference `MeasurementMissing`, `MeasurementMismatch`; last `ActivationNeeded`, where all
/// is good and the endorsement key alone would vouch.
pub fn examine(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&TpmIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    let judged = judge(content, collateral, reference, now)?;
    match judged.open {
        None => Ok(judged.examined),
        Some((ek, _)) => Err(AppraisalError::ActivationNeeded { ek: ek.digest }),
    }
}

/// What a quote says, and what it leaves open.
struct Judged {
    examined: Examined,
    ak: KeyDigest,
    /// Whether the AK, by its name, is in the TPM with this key.
    open: Option<(EndorsementKey, Vec<u8>)>,
}

fn judge(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&TpmIsolate>,
    now: Timestamp,
) -> Result<Judged, AppraisalError> {
    let malformed = |part, reason| AppraisalError::Malformed { part, reason };
    let content = veracruz_evidence::tpm::parse(content)
        .map_err(|error| malformed("TPM evidence", error.to_string()))?;
    let public = Public::parse(&content.public)?;
    let ak = public.key.digest();
    let ak = ak.ok_or_else(|| malformed("AK", "a key that cannot be written".into()))?;
    let mut facts = facts(&public, ak);
    let (vouching, open) = match reference {
        None => (trust_given(&content, &public, ak, collateral, now)?, None),
        Some(reference) => trust(&content, &public, ak, collateral, reference, now)?,
    };
    facts.extend(vouching);
    public.check_scheme(&content.signature)?;
    let quote = Quote::verify(
        &content.attest,
        &content.signature,
        &public.key,
        &content.registers,
    )?;
    facts.extend_from_slice(quote.facts());
    if !content.log.is_empty() {
        facts.push(quote.check_log(&content.log)?);
    }
    if let Some(reference) = reference {
        quote.check(&reference.pcrs)?;
    }
    let examined = Examined {
        technology: Technology::Tpm,
        measurement: quote.pcr_digest,
        launch: quote.launch(),
        bound_to: Bound::Digest(quote.extra_data),
        facts,
        warnings: Vec::new(),
        emulated: false,
        compared: reference.is_some(),
        at: now,
    };
    Ok(Judged { examined, ak, open })
}

fn facts(public: &Public<'_>, ak: KeyDigest) -> Vec<Fact> {
    let attributes = public.area.as_ref().map_or_else(
        || "not given: the evidence has the bare key".into(),
        |area| format!("0x{:08x} (fixedTPM, restricted, sign)", area.attributes),
    );
    vec![
        fact("AK", ak.to_string()),
        fact("AK kind", public.key.kind().into()),
        fact("AK attributes", attributes),
    ]
}

/// Finds out who vouches for the AK: the reference itself, an authority that it names, or, once
/// that is shown, the maker of the TPM.
#[expect(
    clippy::type_complexity,
    reason = "what is left open is as `Judged` has it"
)]
fn trust(
    content: &TpmContent,
    public: &Public<'_>,
    ak: KeyDigest,
    collateral: &Collateral,
    reference: &TpmIsolate,
    now: Timestamp,
) -> Result<(Vec<Fact>, Option<(EndorsementKey, Vec<u8>)>), AppraisalError> {
    if reference.aks.contains(&ak) {
        let facts = vec![fact(VOUCHED, "a key that the reference names".into())];
        return Ok((facts, None));
    }
    let roots = &reference.ak_roots;
    let refusal = match certified(content, public, collateral, roots, now) {
        Some(Ok(facts)) => return Ok((facts, None)),
        Some(Err(refusal)) => refusal,
        None if reference.aks.is_empty() && roots.is_empty() => AppraisalError::MissingCollateral {
            part: "EK certificate",
            reason: "the evidence has none, and the policy trusts the TPM by its endorsement \
                         key"
            .into(),
        },
        None => AppraisalError::UntrustedAttester {
            part: "AK",
            expected: [reference.aks.as_slice(), roots].concat(),
            found: ak,
        },
    };
    let endorsement = content.endorsement.as_ref();
    let Some(endorsement) = endorsement.filter(|_| !reference.ek_roots.is_empty()) else {
        return Err(refusal);
    };
    let (ek, mut facts) = EndorsementKey::check(endorsement, collateral, &reference.ek_roots, now)?;
    facts.push(fact(
        VOUCHED,
        "its TPM, whose endorsement key is certified".into(),
    ));
    Ok((facts, Some((ek, public.name()?))))
}

/// The same where there is no reference: keys that the caller gave count, and Google.
fn trust_given(
    content: &TpmContent,
    public: &Public<'_>,
    ak: KeyDigest,
    collateral: &Collateral,
    now: Timestamp,
) -> Result<Vec<Fact>, AppraisalError> {
    let keys: Vec<KeyDigest> = collateral.keys().iter().map(PublicKey::digest).collect();
    if keys.contains(&ak) {
        return Ok(vec![fact(VOUCHED, "a key that the caller gave".into())]);
    }
    let roots = keys.iter().copied().chain(GOOGLE_EK_AK_ROOT.parse());
    let roots: Vec<KeyDigest> = roots.collect();
    if let Some(verdict) = certified(content, public, collateral, &roots, now) {
        return verdict;
    }
    // Without any anchor it is the caller's to give one.
    if keys.is_empty() {
        return Err(AppraisalError::MissingCollateral {
            part: "AK",
            reason: "the evidence has no certificate of it, so the key must be known".into(),
        });
    }
    Err(AppraisalError::UntrustedAttester {
        part: "AK",
        expected: [keys, roots].concat(),
        found: ak,
    })
}

/// Whether certificates of the AK lead to one of `roots`; `None` where there are none of either.
fn certified(
    content: &TpmContent,
    public: &Public<'_>,
    collateral: &Collateral,
    roots: &[KeyDigest],
    now: Timestamp,
) -> Option<Result<Vec<Fact>, AppraisalError>> {
    let certificates = &content.certificates;
    if certificates.is_empty() || roots.is_empty() {
        return None;
    }
    let chain = chain::check(
        &chain::AK,
        &public.key,
        certificates,
        collateral,
        roots,
        now,
    );
    Some(chain.map(|mut facts| {
        facts.push(fact(VOUCHED, "its certificates".into()));
        facts
    }))
}

/// The fact that says who vouches.
const VOUCHED: &str = "AK vouched for by";

const fn fact(name: &'static str, value: String) -> Fact {
    Fact { name, value }
}

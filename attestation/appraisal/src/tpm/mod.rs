//! TPM 2.0: a quote of PCRs, signed by an attestation key (AK), with the firmware's event log.
//!
//! There is no root of a vendor for all TPMs: the policy names AKs, or authorities that certify
//! them. A TPM says what was started. It does not keep whoever runs the machine out of its memory.

mod algorithm;
mod attest;
mod chain;
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

pub use import::import;
pub(crate) use quote::{LAUNCH_REGISTER, Quote, register_name};

use self::public::Public;
use crate::examined::Bound;
use crate::{AppraisalError, Appraised, Collateral, Examined, Fact};

/// `EK/AK CA Root` of Google, which certifies the AKs of virtual machines: SHA-256 of its
/// SubjectPublicKeyInfo, from `server/ca-certs/gcp_ek_ak_ca_root.crt` of go-tpm-tools. Where a
/// policy is to be met, it counts only if the policy names it.
const GOOGLE_EK_AK_ROOT: &str = "56a613f57126a385dd6949294e93b0b566f96ab0573be0c2368e6f5ca779831f";

/// Verifies a quote against reference values, the policy with which the machine must have been
/// started (extended into PCR 15) and the report data that it must be bound to (its extraData).
///
/// # Errors
/// `WrongTechnology`; what [`examine`] finds; `BindingMissing`, `MeasurementMissing` where the quote
/// is not over PCR 15; `BindingMismatch`, `LaunchPolicyMismatch`.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &TpmIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    if evidence.technology() != Technology::Tpm {
        return Err(AppraisalError::WrongTechnology {
            expected: Technology::Tpm.name().into(),
            found: evidence.technology().name().into(),
        });
    }
    let (examined, ak) = judge(evidence.content(), collateral, Some(reference), now)?;
    check_bindable(&examined)?;
    Appraised::conclude(examined, Some(ak), launch_policy, expected)
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
/// its certificates; `WeakDigest`, `BadSignature`; `MeasurementMismatch` where the registers are not
/// those that were signed; `EventLogMismatch`; and with a reference `MeasurementMissing`,
/// `MeasurementMismatch`.
pub fn examine(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&TpmIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    judge(content, collateral, reference, now).map(|(examined, _)| examined)
}

fn judge(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&TpmIsolate>,
    now: Timestamp,
) -> Result<(Examined, KeyDigest), AppraisalError> {
    let malformed = |part, reason| AppraisalError::Malformed { part, reason };
    let content = veracruz_evidence::tpm::parse(content)
        .map_err(|error| malformed("TPM evidence", error.to_string()))?;
    let public = Public::parse(&content.public)?;
    let ak = public.key.digest();
    let ak = ak.ok_or_else(|| malformed("AK", "a key that cannot be written".into()))?;
    let mut facts = trust(&content, &public, ak, collateral, reference, now)?;
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
    Ok((examined, ak))
}

/// Finds out who vouches for the AK.
fn trust(
    content: &TpmContent,
    public: &Public,
    ak: KeyDigest,
    collateral: &Collateral,
    reference: Option<&TpmIsolate>,
    now: Timestamp,
) -> Result<Vec<Fact>, AppraisalError> {
    let fact = |name, value| Fact { name, value };
    let attributes = public.attributes.map_or_else(
        || "not given: the evidence has the bare key".into(),
        |attributes| format!("0x{attributes:08x} (fixedTPM, restricted, sign)"),
    );
    let mut facts = vec![
        fact("AK", ak.to_string()),
        fact("AK kind", public.key.kind().into()),
        fact("AK attributes", attributes),
    ];
    let given: Vec<KeyDigest>;
    let (keys, roots, whose) = match reference {
        Some(reference) => (
            reference.aks.as_slice(),
            reference.ak_roots.clone(),
            "a key that the reference names",
        ),
        None => {
            given = collateral.keys().iter().map(PublicKey::digest).collect();
            let roots = given.iter().copied().chain(GOOGLE_EK_AK_ROOT.parse());
            let roots = roots.collect();
            (given.as_slice(), roots, "a key that the caller gave")
        }
    };
    if keys.contains(&ak) {
        facts.push(fact("AK vouched for by", whose.into()));
        return Ok(facts);
    }
    if content.certificates.is_empty() || roots.is_empty() {
        // Without any anchor it is the caller's to give one.
        if reference.is_none() && keys.is_empty() {
            return Err(AppraisalError::MissingCollateral {
                part: "AK",
                reason: "the evidence has no certificate of it, so the key must be known".into(),
            });
        }
        return Err(AppraisalError::UntrustedAttester {
            part: "AK",
            expected: [keys, &roots].concat(),
            found: ak,
        });
    }
    let certificates = &content.certificates;
    facts.extend(chain::check(
        &public.key,
        certificates,
        collateral,
        &roots,
        now,
    )?);
    facts.push(fact("AK vouched for by", "its certificates".into()));
    Ok(facts)
}

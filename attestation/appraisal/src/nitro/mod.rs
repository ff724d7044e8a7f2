//! AWS Nitro enclaves: the attestation document of the Nitro Secure Module, a COSE_Sign1 with ES384
//! under Amazon's pinned root ("Verifying the root of trust", AWS Nitro Enclaves user guide).
//!
//! Nothing that is absent passes: a document without PCR 0 to 2 is refused like one with other
//! values, and one in which they are zero is of an enclave in debug mode, whose console is open to
//! the host. Unsigned documents, as emulators make them, are refused as what they are; builds with the
//! feature `test-evidence` take them where the caller asks for that, and say that they prove nothing.
//!
//! The isolate's report data is `user_data`. The policy with which it was started is in PCR 16: the
//! runtime extends it once with the policy's hash and locks it, before it does anything else. A
//! document lists registers that are locked and no others, so PCR 16 in a document cannot change
//! any more; that the runtime and not a later program extended it follows from its measurement.
//!
//! There is no id of a chip in these documents, so platforms cannot be pinned. `timestamp` and the
//! dates of the certificate (three hours) say when a document was made; whether it was made for
//! this connection is said by `user_data` alone.

mod chain;
mod document;
mod emulated;
mod import;

use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{NitroIsolate, PolicyHash, Sha384, Timestamp};

use self::chain::Chain;
use self::document::Document;
pub use self::import::import;
use crate::cose::Sign1;
use crate::examined::{Bound, LaunchField, LaunchForm};
use crate::{AppraisalError, Appraised, Collateral, Examined, Fact};

const TECHNOLOGY: Technology = Technology::Nitro;
/// What errors call the whole.
const PART: &str = "document";
/// The register in which the runtime puts the policy's hash.
const LAUNCH: u8 = 16;
/// How far a document may be ahead of the caller's clock, in seconds.
const MAX_SKEW: i64 = 300;

/// Verifies an attestation document.
///
/// `reference` says which registers will do, `launch_policy` is the hash of the policy with which
/// the isolate must have been started, `expected` what the document must be bound to, `now` the
/// time at which its certificates must be valid.
///
/// # Errors
/// `WrongTechnology`, everything that [`examine`] finds, `BindingMissing` where `user_data` is
/// absent or has not 64 bytes, `BindingMismatch`, `LaunchPolicyMismatch`.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &NitroIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    if evidence.technology() != TECHNOLOGY {
        return Err(AppraisalError::WrongTechnology {
            expected: TECHNOLOGY.name().into(),
            found: evidence.technology().name().into(),
        });
    }
    let examined = examine(evidence.content(), collateral, Some(reference), now)?;
    if !matches!(examined.bound_to, Bound::Whole(_)) {
        return Err(AppraisalError::BindingMissing { field: "user_data" });
    }
    Appraised::conclude(examined, None, launch_policy, expected)
}

/// Looks at a document without a connection to compare it with. Without `reference` it says that
/// Amazon's hardware made it for an enclave that is not in debug mode.
///
/// # Errors
/// In this order: `Malformed` and `BadAlgorithm`; `Emulated`; `BadChain`, `UntrustedRoot`, `BadSignature` for
/// the chain; `BadAlgorithm` and `BadSignature` for the document; `Expired`, `NotYetValid`,
/// `Revoked`; `MeasurementMissing`, `DebugNotAllowed`; `MeasurementMismatch`.
pub fn examine(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&NitroIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    let message = Sign1::parse(content, PART)?;
    let document = Document::parse(message.unverified_claims(PART)?)?;
    let emulated = emulated::is_emulated(&message);
    let signer = if emulated {
        emulated::check_accepted(collateral)?;
        None
    } else {
        let chain = Chain::parse(&document)?;
        check_signed(&message, &chain, collateral)?;
        chain.check_in_force(collateral, now)?;
        Some(chain)
    };
    check_made(&document, signer.as_ref(), now)?;
    let pcr0 = check_not_debug(&document)?;
    if let Some(reference) = reference {
        check_registers(&document, reference)?;
    }
    Ok(Examined {
        technology: TECHNOLOGY,
        measurement: pcr0.into(),
        bound_to: bound(&document),
        launch: Some(LaunchField {
            name: "PCR16",
            found: register(&document, LAUNCH).map_or_else(Vec::new, |pcr| pcr.as_bytes().to_vec()),
            form: LaunchForm::ExtendedSha384,
        }),
        facts: facts(&document, signer.as_ref()),
        warnings: emulated.then(emulated::warning).into_iter().collect(),
        emulated,
        compared: reference.is_some(),
        at: now,
    })
}

/// Amazon's root vouches for the key that signed.
fn check_signed(
    message: &Sign1<'_>,
    chain: &Chain<'_>,
    collateral: &Collateral,
) -> Result<(), AppraisalError> {
    chain.check(collateral)?;
    message.verify(&chain.leaf().key()?)?;
    // Whatever else stood there, nobody would look at it.
    if !message.unprotected_is_empty() || message.protected() != ES384_ALONE {
        return Err(AppraisalError::Malformed {
            part: PART,
            reason: "headers besides the algorithm".into(),
        });
    }
    Ok(())
}

/// The protected header `{1: -35}`: `alg` is ES384.
const ES384_ALONE: &[u8] = b"\xa1\x01\x38\x22";

fn bound(document: &Document<'_>) -> Bound {
    let user_data = document.user_data.unwrap_or_default();
    <[u8; 64]>::try_from(user_data).map_or_else(|_| Bound::Digest(user_data.to_vec()), Bound::Whole)
}

/// A document is made while its certificate is valid, and not in the caller's future.
fn check_made(
    document: &Document<'_>,
    signer: Option<&Chain<'_>>,
    now: Timestamp,
) -> Result<(), AppraisalError> {
    let made = document.made;
    if made.seconds() > now.seconds().saturating_add(MAX_SKEW) {
        return Err(AppraisalError::NotYetValid {
            part: PART,
            from: made,
            now,
        });
    }
    let Some(leaf) = signer.map(Chain::leaf) else {
        return Ok(());
    };
    if made < leaf.not_before() || made > leaf.not_after() {
        return Err(AppraisalError::Malformed {
            part: PART,
            reason: format!(
                "made at {made}, when its certificate was not valid ({} to {})",
                leaf.not_before(),
                leaf.not_after()
            ),
        });
    }
    Ok(())
}

fn register(document: &Document<'_>, index: u8) -> Option<Sha384> {
    document.pcrs.get(&index).copied()
}

/// PCR 0 to 2 are there and not zero: in debug mode all registers are zero.
fn check_not_debug(document: &Document<'_>) -> Result<Sha384, AppraisalError> {
    const NAMES: [&str; 3] = ["PCR0", "PCR1", "PCR2"];
    let mut first = None;
    for (index, claim) in (0u8..).zip(NAMES) {
        let Some(value) = register(document, index) else {
            return Err(AppraisalError::MeasurementMissing { claim });
        };
        if value.as_bytes() == &[0; 48] {
            return Err(AppraisalError::DebugNotAllowed { claim });
        }
        first = first.or(Some(value));
    }
    first.ok_or(AppraisalError::MeasurementMissing { claim: "PCR0" })
}

fn check_registers(
    document: &Document<'_>,
    reference: &NitroIsolate,
) -> Result<(), AppraisalError> {
    let demanded = [
        ("PCR0", 0, &reference.pcr0),
        ("PCR1", 1, &reference.pcr1),
        ("PCR2", 2, &reference.pcr2),
    ];
    let optional = [
        ("PCR3", 3, &reference.pcr3),
        ("PCR4", 4, &reference.pcr4),
        ("PCR8", 8, &reference.pcr8),
    ];
    let named = optional.into_iter().filter(|(_, _, list)| !list.is_empty());
    for (claim, index, accepted) in demanded.into_iter().chain(named) {
        let Some(found) = register(document, index) else {
            return Err(AppraisalError::MeasurementMissing { claim });
        };
        if !accepted.contains(&found) {
            return Err(AppraisalError::MeasurementMismatch {
                claim,
                expected: accepted.iter().copied().map(Into::into).collect(),
                found: found.into(),
            });
        }
    }
    Ok(())
}

const PCR_NAMES: [&str; 32] = [
    "PCR0", "PCR1", "PCR2", "PCR3", "PCR4", "PCR5", "PCR6", "PCR7", "PCR8", "PCR9", "PCR10",
    "PCR11", "PCR12", "PCR13", "PCR14", "PCR15", "PCR16", "PCR17", "PCR18", "PCR19", "PCR20",
    "PCR21", "PCR22", "PCR23", "PCR24", "PCR25", "PCR26", "PCR27", "PCR28", "PCR29", "PCR30",
    "PCR31",
];

fn facts(document: &Document<'_>, signer: Option<&Chain<'_>>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, value| facts.push(Fact { name, value });
    let hex = |bytes: Option<&[u8]>| {
        bytes.map_or_else(
            || "absent".into(),
            |bytes| data_encoding::HEXLOWER.encode(bytes),
        )
    };
    add("module_id", document.module_id.into());
    add("timestamp", document.made.to_string());
    if let Some(leaf) = signer.map(Chain::leaf) {
        add("certificate", leaf.common_name());
        add("certificate valid until", leaf.not_after().to_string());
    }
    add("user_data", hex(document.user_data));
    add("nonce", hex(document.nonce));
    add("public_key", hex(document.public_key));
    for (index, value) in &document.pcrs {
        // A register that is zero says nothing, and most are.
        if value.as_bytes() != &[0; 48]
            && let Some(name) = PCR_NAMES.get(usize::from(*index))
        {
            add(name, value.to_string());
        }
    }
    facts
}

//! Keys that the caller trusts by themselves, for formats without a root of a vendor.

use veracruz_policy::{KeyDigest, PublicKey};

use crate::cose::Sign1;
use crate::key::Key;
use crate::{AppraisalError, Collateral};

/// The keys that may have signed: those that the reference names; where there is none, and
/// genuineness alone is judged, those that the caller gave. `part` is what such a key is called.
///
/// # Errors
/// `MissingCollateral` where there are none.
pub(crate) fn trusted<'a>(
    reference: Option<&'a [PublicKey]>,
    collateral: &'a Collateral,
    part: &'static str,
) -> Result<&'a [PublicKey], AppraisalError> {
    match reference.unwrap_or_else(|| collateral.keys()) {
        [] => Err(AppraisalError::MissingCollateral {
            part,
            reason: "the format has no root of a vendor, so the key that signs must be known"
                .into(),
        }),
        keys => Ok(keys),
    }
}

/// Which of `keys` signed the message. The format does not say which it was, so each is tried.
///
/// # Errors
/// `BadSignature` where it is none of them; `BadAlgorithm` where none of them is for the algorithm
/// that the message names; `Malformed` where none of them can be read.
pub(crate) fn signed_by(
    message: &Sign1<'_>,
    keys: &[PublicKey],
    part: &'static str,
) -> Result<KeyDigest, AppraisalError> {
    let mut worst: Option<AppraisalError> = None;
    for trusted in keys {
        let verdict = Key::from_spki(trusted.spki())
            .map_err(|reason| AppraisalError::Malformed { part, reason })
            .and_then(|key| message.verify(&key));
        match verdict {
            Ok(()) => return Ok(trusted.digest()),
            Err(error)
                if worst
                    .as_ref()
                    .is_none_or(|worst| nearness(&error) > nearness(worst)) =>
            {
                worst = Some(error);
            }
            Err(_) => {}
        }
    }
    Err(worst.unwrap_or_else(|| AppraisalError::Malformed {
        part,
        reason: "no key was given".into(),
    }))
}

/// How near a key came: the nearest one's error is what the caller wants to see.
fn nearness(error: &AppraisalError) -> u8 {
    match error {
        AppraisalError::BadSignature { .. } => 2,
        AppraisalError::BadAlgorithm { .. } => 1,
        _ => 0,
    }
}

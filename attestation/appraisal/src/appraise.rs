//! The one entrance for evidence of any technology.

use veracruz_evidence::{Evidence, EvidenceError, ReportData, Technology};
use veracruz_policy::{Policy, Timestamp};

use crate::{AppraisalError, Appraised, sw_rot};

/// Appraises encoded evidence against what `policy` accepts.
///
/// `policy` is the caller's own copy, `expected` is computed by the caller from its own connection
/// (or from a receipt), `now` is the time at which to judge. The policy alone says which
/// technologies are good enough; the evidence can only fit or not.
///
/// Whether the policy itself has [expired](Policy::expires) is not looked at here: evidence in an
/// old receipt stays what it is. Clients look before they attest.
///
/// # Errors
/// `WrongTechnology` and `NotAccepted` where the policy does not name an isolate of this
/// technology, `Envelope` where the bytes are no evidence at all, and everything that the
/// technology's own verification finds.
pub fn appraise(
    evidence: &[u8],
    policy: &Policy,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    let evidence = Evidence::parse(evidence).map_err(|error| match error {
        EvidenceError::UnknownTechnology { found } => AppraisalError::WrongTechnology {
            expected: accepted(policy),
            found,
        },
        error => AppraisalError::Envelope(error),
    })?;
    match evidence.technology() {
        Technology::SoftwareRootOfTrust => {
            let Some(reference) = &policy.isolates().process else {
                return Err(wrong_technology(policy, evidence.technology()));
            };
            // A second look at what a policy's parser sees to: no policy accepts this silently.
            if !policy.unprotected() {
                return Err(AppraisalError::NotAccepted {
                    technology: evidence.technology(),
                });
            }
            sw_rot::verify(&evidence, reference, &policy.hash(), expected, now)
        }
        technology => Err(wrong_technology(policy, technology)),
    }
}

fn wrong_technology(policy: &Policy, found: Technology) -> AppraisalError {
    AppraisalError::WrongTechnology {
        expected: accepted(policy),
        found: found.name().into(),
    }
}

/// The technologies that a policy names, as text.
fn accepted(policy: &Policy) -> String {
    let mut names = Vec::new();
    if policy.isolates().process.is_some() {
        names.push(Technology::SoftwareRootOfTrust.name());
    }
    names.join(" or ")
}

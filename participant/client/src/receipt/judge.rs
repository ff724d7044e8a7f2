//! Whether a receipt holds, by its evidence at a certain date.

use veracruz_appraisal::tpm::Activation;
use veracruz_appraisal::{AppraisalError, Collateral, begin};
use veracruz_policy::{Policy, Timestamp};
use veracruz_receipt::{EvidenceFindings, Opening, Verified, verify};

use crate::error::Error;

/// Verifies a receipt by the caller's own copy of the policy, offline.
///
/// `openings` are for inputs and outputs that the caller has (see
/// [`Ledger::openings`](crate::Ledger::openings)). `collateral` is what the evidence is
/// judged with besides itself, `now` the time at
/// which it is judged: that of a [`DatedAppraisal`](crate::DatedAppraisal) where there is one that
/// the caller believes. [`verify_kept`](crate::verify_kept) does all that at once.
///
/// The result says in words what was proved and what was not: show both.
///
/// # Errors
/// [`Error::ReceiptRefused`] with the first thing that does not hold. Under a policy that trusts a
/// TPM by its endorsement key alone, that is always that nothing shows it: only who was connected
/// to the isolate could ask its TPM, and did when it [stored](crate::Connection::store_receipt) the
/// receipt.
pub fn verify_receipt(
    receipt: &[u8],
    policy: &Policy,
    openings: &[Opening],
    collateral: &Collateral,
    now: Timestamp,
) -> Result<Verified, Error> {
    judge(receipt, policy, openings, collateral, None, now)
}

/// As [`verify_receipt`], by who is connected to the isolate that made it.
pub(crate) fn verify_live(
    receipt: &[u8],
    policy: &Policy,
    collateral: &Collateral,
    activation: Option<&Activation>,
    now: Timestamp,
) -> Result<Verified, Error> {
    judge(receipt, policy, &[], collateral, activation, now)
}

fn judge(
    receipt: &[u8],
    policy: &Policy,
    openings: &[Opening],
    collateral: &Collateral,
    activation: Option<&Activation>,
    now: Timestamp,
) -> Result<Verified, Error> {
    verify(receipt, policy, openings, |evidence, expected| {
        let appraised =
            begin(&evidence.encode(), policy, collateral, expected, now)?.activated(activation)?;
        Ok::<_, AppraisalError>(EvidenceFindings {
            measurement: appraised.measurement(),
            protects_from_host: appraised.protects_from_host(),
            words: appraised.words(),
        })
    })
    .map_err(|error| Error::ReceiptRefused(Box::new(error)))
}

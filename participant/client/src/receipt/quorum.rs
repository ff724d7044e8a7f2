//! The receipts of a whole quorum, judged as one.

use veracruz_appraisal::tpm::Activation;
use veracruz_appraisal::{AppraisalError, Collateral, begin};
use veracruz_policy::{InstanceId, Policy, Timestamp};
use veracruz_receipt::{
    CombinedReceipt, EvidenceFindings, Opening, ReceiptError, VerifiedQuorum, verify_combined,
};

use crate::error::Error;

/// Verifies a combined receipt by the caller's own copy of the policy, offline: each receipt as
/// [`verify_receipt`](crate::verify_receipt) does, and that all are of one run of the quorum that the
/// policy demands, and say the same.
///
/// # Errors
/// [`Error::ReceiptRefused`] with the first thing that does not hold.
pub fn verify_combined_receipt(
    combined: &[u8],
    policy: &Policy,
    openings: &[Opening],
    collateral: &Collateral,
    now: Timestamp,
) -> Result<VerifiedQuorum, Error> {
    let combined = CombinedReceipt::parse(combined).map_err(refused)?;
    judge(&combined, policy, openings, collateral, &[], now)
}

/// As [`verify_combined_receipt`], by who is connected to the isolates, and saw what the TPMs of
/// some of them showed: in the order of the receipts.
pub(crate) fn verify_combined_live(
    combined: &CombinedReceipt,
    policy: &Policy,
    collateral: &Collateral,
    activations: &[(InstanceId, Option<Activation>)],
    now: Timestamp,
) -> Result<VerifiedQuorum, Error> {
    judge(combined, policy, &[], collateral, activations, now)
}

fn judge(
    combined: &CombinedReceipt,
    policy: &Policy,
    openings: &[Opening],
    collateral: &Collateral,
    activations: &[(InstanceId, Option<Activation>)],
    now: Timestamp,
) -> Result<VerifiedQuorum, Error> {
    // Receipts are judged in their order.
    let mut activations = activations
        .iter()
        .map(|(_, activation)| activation.as_ref());
    verify_combined(combined, policy, openings, |evidence, expected| {
        let activation = activations.next().flatten();
        let appraised =
            begin(&evidence.encode(), policy, collateral, expected, now)?.activated(activation)?;
        let findings = EvidenceFindings {
            measurement: appraised.measurement(),
            protects_from_host: appraised.protects_from_host(),
            words: appraised.words(),
        };
        let kind = appraised.kind().ok_or(AppraisalError::NotAccepted {
            technology: appraised.technology(),
        })?;
        Ok::<_, AppraisalError>((findings, kind))
    })
    .map_err(refused)
}

fn refused(error: ReceiptError) -> Error {
    Error::ReceiptRefused(Box::new(error))
}

//! Receipts and files at hand, read from where they were kept.

use crate::args::{HeldFile, JudgeAt, ReceiptPolicyArgs};
use crate::commands::{collateral, policy};
use crate::error::CliError;
use std::path::Path;
use std::sync::Arc;
use veracruz_client::{
    Clock, Collateral, CombinedReceipt, FilePath, JudgedBy, KeptReceipt, Ledger, Opening,
    OpeningFile, Policy, Receipt, ReceiptPayload, Timestamp, Verification, VerifiedQuorum,
    digest_of, now, verify_combined_receipt, verify_kept,
};

/// By what receipts are judged.
pub(super) struct Judge<'a> {
    arguments: &'a ReceiptPolicyArgs,
    pub(super) policy: Arc<Policy>,
    pub(super) ledger: Option<Ledger>,
}

/// A receipt that was read, and not verified yet.
pub(super) struct Unjudged {
    kept: KeptReceipt,
    bytes: Vec<u8>,
    /// What it says; of a combined receipt the first one's, which commits to the same files.
    pub(super) payload: ReceiptPayload,
    /// Whether it is the receipts of a whole quorum.
    pub(super) combined: bool,
}

impl<'a> Judge<'a> {
    pub(super) fn new(arguments: &'a ReceiptPolicyArgs) -> Result<Self, CliError> {
        let identity = arguments.identity.as_deref();
        Ok(Self {
            policy: policy::load(&arguments.policy)?,
            ledger: identity.map(Ledger::beside),
            arguments,
        })
    }

    /// Judges at the date of a participant's appraisal where there is one, with the collateral that
    /// was kept for that; else now.
    pub(super) fn judge(
        &self,
        receipt: &Unjudged,
        openings: &[Opening],
        approvals: &[String],
        at: Option<JudgeAt>,
    ) -> Result<Verification, CliError> {
        let (date, collateral) = self.basis(receipt, at)?;
        self.judge_with(receipt, openings, approvals, &collateral, date)
    }

    /// As [`Judge::judge`], the receipts of a whole quorum.
    pub(super) fn judge_combined(
        &self,
        receipt: &Unjudged,
        openings: &[Opening],
        at: Option<JudgeAt>,
    ) -> Result<(VerifiedQuorum, Timestamp, Clock), CliError> {
        let ((at, clock, _), collateral) = self.basis(receipt, at)?;
        let policy = &self.policy;
        let verified = verify_combined_receipt(&receipt.bytes, policy, openings, &collateral, at)?;
        Ok((verified, at, clock))
    }

    /// At what date a receipt is judged, and with what.
    fn basis(
        &self,
        receipt: &Unjudged,
        at: Option<JudgeAt>,
    ) -> Result<((Timestamp, Clock, Timestamp), Collateral), CliError> {
        let today = now();
        let dated = receipt.kept.dated(&receipt.bytes, &self.policy)?;
        let (at, clock) = match (at, &dated) {
            (Some(JudgeAt::Now), _) | (None, None) => (today, Clock::Here),
            (Some(JudgeAt::Time(at)), _) => (at, Clock::Named),
            (None, Some(dated)) => JudgedBy::dated(dated),
        };
        let collateral = match (&clock, &dated) {
            // Of that date, whatever the caller has by now; the first version kept none.
            (Clock::Participant(_), Some(dated)) if dated.collateral().is_some() => {
                collateral::as_built(receipt.kept.recorded(dated)?)
            }
            _ => collateral::load(&self.arguments.collateral)?,
        };
        Ok(((at, clock, today), collateral))
    }

    fn judge_with(
        &self,
        receipt: &Unjudged,
        openings: &[Opening],
        approvals: &[String],
        collateral: &Collateral,
        (at, clock, today): (Timestamp, Clock, Timestamp),
    ) -> Result<Verification, CliError> {
        let by = JudgedBy {
            at,
            clock,
            collateral,
            today,
        };
        Ok(verify_kept(
            &receipt.bytes,
            &self.policy,
            openings,
            approvals,
            by,
        )?)
    }

    /// What opens the outputs at hand, by the file beside each or by the ledger; a receipt of
    /// `receipts` that has the output says which of several salts is meant.
    pub(super) fn outputs(&self, receipts: &[&Unjudged]) -> Result<Vec<Opening>, CliError> {
        let open = |held: &HeldFile| self.output(held, receipts);
        self.arguments.outputs.iter().map(open).collect()
    }

    fn output(&self, held: &HeldFile, receipts: &[&Unjudged]) -> Result<Opening, CliError> {
        let content = digest_of(&held.file)?;
        if let Some(beside) = OpeningFile::read(&held.file)? {
            let path = held.path.clone().unwrap_or(beside.path);
            return Ok(Opening {
                path,
                content,
                salt: beside.salt,
            });
        }
        let expected = "`PATH=FILE` and `--identity`, or FILE.opening.json as `download` writes it";
        let (Some(path), Some(ledger)) = (&held.path, &self.ledger) else {
            return Err(CliError::argument(expected, &held.file.display()));
        };
        let mut opening = None;
        for receipt in receipts {
            let found = ledger.opening(&receipt.payload, path, &content)?;
            let fits = receipt.payload.outputs.get(path) == Some(&found.commitment());
            if fits || opening.is_none() {
                opening = Some(found);
            }
        }
        opening.ok_or_else(|| CliError::argument(expected, &held.file.display()))
    }

    /// What opens the commitment to an input of one's own: the ledger knows.
    pub(super) fn input(&self, held: &HeldFile, receipt: &Unjudged) -> Result<Opening, CliError> {
        let expected = "`PATH=FILE`, and your `--identity`";
        let (Some(path), Some(ledger)) = (&held.path, &self.ledger) else {
            return Err(CliError::argument(expected, &held.file.display()));
        };
        Ok(ledger.opening(&receipt.payload, path, &digest_of(&held.file)?)?)
    }
}

impl Unjudged {
    /// Reads a receipt; its form is right then, and nothing more is known.
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let kept = KeptReceipt::at(path);
        let bytes = kept.read()?;
        let combined = CombinedReceipt::is_one(&bytes);
        let payload = match combined {
            true => first_of(&bytes)?.unverified_payload().clone(),
            false => parse(&bytes)?.unverified_payload().clone(),
        };
        Ok(Self {
            kept,
            bytes,
            payload,
            combined,
        })
    }
}

/// Reads the form.
pub(super) fn parse(bytes: &[u8]) -> Result<Receipt, CliError> {
    let refused = |error| veracruz_client::Error::ReceiptRefused(Box::new(error));
    Ok(Receipt::parse(bytes).map_err(refused)?)
}

/// The first receipt of a combined one.
fn first_of(combined: &[u8]) -> Result<Receipt, CliError> {
    let refused = |error| veracruz_client::Error::ReceiptRefused(Box::new(error));
    let combined = CombinedReceipt::parse(combined).map_err(refused)?;
    parse(combined.receipts().first().map_or(&[], Vec::as_slice))
}

/// Paths, for a sentence.
pub(super) fn names(paths: &[&FilePath]) -> String {
    let names: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
    names.join(", ")
}

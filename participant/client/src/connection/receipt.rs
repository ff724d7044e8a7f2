//! Fetching the receipt of a run, and keeping it with a dated word of one's own.

use veracruz_policy::Timestamp;
use veracruz_protocol::{Route, RunOutcome, limits};
use veracruz_receipt::{Outcome, Verified};

use super::Proven;
use crate::error::Error;
use crate::ledger::{Ledger, StoredReceipt};
use crate::receipt::{DatedAppraisal, KeptReceipt, verify_live};
use crate::transport::{self, Call};

impl Proven {
    /// Fetches the receipt of a run.
    ///
    /// # Errors
    /// [`Error::Refused`] where there is none yet; those of every call.
    pub async fn receipt(&mut self, run: u32) -> Result<Vec<u8>, Error> {
        let name = "GET of a receipt";
        let call = Call::new(name, "GET", Route::Receipt { run }.path());
        let response = self.http.call(call, None).await?;
        Ok(transport::read(name, response, limits::RECEIPT_BYTES)
            .await?
            .into())
    }

    /// Fetches the receipt of a run, verifies it, and keeps it (in a new file, unless the destination
    /// is [`KeptReceipt::overwriting`]), with this
    /// participant's signed and dated appraisal and the collateral beside it, see [`KeptReceipt`].
    ///
    /// A receipt has no date of its own, since an isolate has no clock that anyone trusts: later
    /// verification can judge at the date of an appraisal, and says whose clock that was.
    ///
    /// # Errors
    /// [`Error::ReceiptRefused`], [`Error::ReceiptUnfit`]; [`Error::DestinationExists`]; those of every call.
    pub async fn store_receipt(
        &mut self,
        run: u32,
        destination: impl Into<KeptReceipt>,
        ledger: &Ledger,
        now: Timestamp,
    ) -> Result<Verified, Error> {
        let receipt = self.receipt(run).await?;
        let verified = verify_live(
            &receipt,
            &self.party.policy,
            &self.party.collateral,
            self.party.activation.as_ref(),
            now,
        )?;
        let (instance, expected) = (verified.payload.instance, self.instance());
        if instance != expected || verified.payload.run != run {
            return Err(Error::ReceiptUnfit {
                reason: format!(
                    "expected that of run {run} of {expected}, found that of run {} of {instance}",
                    verified.payload.run
                ),
            });
        }
        let (party, kept) = (&self.party, destination.into());
        kept.keep(&receipt, &party.collateral, |collateral| {
            DatedAppraisal::of(&receipt, &party.name, collateral, now).sign(&party.identity)
        })?;
        let path = std::path::absolute(kept.path()).unwrap_or_else(|_| kept.path().into());
        ledger.note_receipt(
            &self.policy_hash(),
            &StoredReceipt {
                instance,
                run,
                path,
            },
        )?;
        let outcome = match verified.payload.outcome {
            Outcome::Finished => Some(RunOutcome::Finished),
            Outcome::Failed => Some(RunOutcome::Failed),
            Outcome::Withheld => Some(RunOutcome::Withheld),
            _ => None,
        };
        if let Some(outcome) = outcome {
            ledger.note_run(&self.policy_hash(), &instance, run, outcome, now)?;
        }
        Ok(verified)
    }
}

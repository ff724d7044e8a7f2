//! What comes out of a quorum: an output that all of them show, and the receipts of all.

use std::path::Path;
use std::time::Duration;

use veracruz_policy::{FilePath, Timestamp};
use veracruz_protocol::{ErrorCode, RunOutcome};
use veracruz_receipt::{CombinedReceipt, Outcome, VerifiedQuorum};

use super::Quorum;
use crate::connection::{DownloadOptions, Downloaded, incomplete};
use crate::error::Error;
use crate::ledger::{Ledger, StoredReceipt};
use crate::receipt::{DatedAppraisal, KeptReceipt, verify_combined_live};

/// How often it is asked for a receipt that an isolate is about to sign.
const ATTEMPTS: u32 = 250;
const PAUSE: Duration = Duration::from_millis(20);

impl Quorum {
    /// Fetches a file from the first isolate, after *every* one has shown the same length and digest:
    /// an isolate that is broken could release anything, and say that all agreed.
    ///
    /// Carries what is not carried yet beforehand.
    ///
    /// # Errors
    /// [`Error::QuorumOutputs`] where one of them shows something else; [`Error::Refused`] where one
    /// has not released it; those of [`Connection::download`](crate::Connection::download).
    pub async fn download(
        &mut self,
        path: &FilePath,
        destination: &Path,
        options: DownloadOptions<'_>,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Downloaded, Error> {
        self.settle().await?;
        let mut shown = Vec::new();
        for member in &mut self.members {
            let content = member.connection.head(path).await?;
            shown.push((member.connection.instance(), content));
        }
        let Some((_, first)) = shown.first().copied() else {
            return Err(incomplete("isolates", "none"));
        };
        let differs = |instance| Error::QuorumOutputs {
            path: path.clone(),
            instance,
        };
        if let Some((instance, _)) = shown.iter().find(|(_, content)| *content != first) {
            return Err(differs(*instance));
        }
        let Some(member) = self.members.first_mut() else {
            return Err(incomplete("isolates", "none"));
        };
        let connection = &mut member.connection;
        let got = connection
            .download_known(path, &first.sha256, destination, options, progress)
            .await;
        match got {
            Err(Error::DownloadDiffers { .. }) => Err(differs(connection.instance())),
            other => other,
        }
    }

    /// Fetches the receipts of a run from all of them, verifies them as one, and keeps them in one
    /// new file, as [`Connection::store_receipt`](crate::Connection::store_receipt) keeps one.
    ///
    /// # Errors
    /// As there.
    pub async fn store_receipt(
        &mut self,
        run: u32,
        destination: impl Into<KeptReceipt>,
        ledger: &Ledger,
        now: Timestamp,
    ) -> Result<VerifiedQuorum, Error> {
        self.settle().await?;
        let mut receipts = Vec::new();
        let mut activations = Vec::new();
        for index in 0..self.members.len() {
            receipts.push(self.receipt_of(index, run).await?);
        }
        for member in &self.members {
            let connection = &member.connection;
            activations.push((connection.instance(), connection.activation()));
        }
        let combined = CombinedReceipt::new(receipts);
        let policy = &self.dial.policy;
        let verified =
            verify_combined_live(&combined, policy, &self.dial.collateral, &activations, now)?;
        let mut members = verified.members.iter().zip(&self.members);
        let of_this_run = members.all(|((_, verified), member)| {
            verified.payload.run == run && verified.payload.instance == member.connection.instance()
        });
        if !of_this_run {
            return Err(Error::ReceiptUnfit {
                reason: format!("expected those of run {run} of these isolates, found others"),
            });
        }
        let bytes = combined.encode();
        let Some(first) = self.members.first() else {
            return Err(incomplete("isolates", "none"));
        };
        let (name, identity) = (first.connection.participant(), &self.dial.identity);
        let kept = destination.into();
        kept.keep(&bytes, &self.dial.collateral, |collateral| {
            DatedAppraisal::of(&bytes, name, collateral, now).sign(identity)
        })?;
        let path = std::path::absolute(kept.path()).unwrap_or_else(|_| kept.path().into());
        let outcome = match verified.outcome {
            Outcome::Finished => RunOutcome::Finished,
            Outcome::Withheld => RunOutcome::Withheld,
            _ => RunOutcome::Failed,
        };
        for member in &self.members {
            let (instance, path) = (member.connection.instance(), path.clone());
            ledger.note_receipt(
                &policy.hash(),
                &StoredReceipt {
                    instance,
                    run,
                    path,
                },
            )?;
            ledger.note_run(&policy.hash(), &instance, run, outcome, now)?;
        }
        Ok(verified)
    }

    /// The receipt of one isolate, as soon as that has signed it.
    async fn receipt_of(&mut self, index: usize, run: u32) -> Result<Vec<u8>, Error> {
        let Some(member) = self.members.get_mut(index) else {
            return Err(incomplete("an isolate", "none"));
        };
        let mut attempts = ATTEMPTS;
        loop {
            match member.connection.receipt(run).await {
                Err(Error::Refused(problem))
                    if problem.code == ErrorCode::ReceiptNotReady && attempts > 0 =>
                {
                    attempts = attempts.saturating_sub(1);
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other,
            }
        }
    }
}

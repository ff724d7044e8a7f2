//! Saying yes, and taking it back.

use bytes::Bytes;
use veracruz_policy::{FilePath, Policy, Sha256, Timestamp};
use veracruz_protocol::{ApprovalStatement, Jws, Route, Status, WithdrawalAnswer, limits, media};

use super::{Proven, Provisioning};
use crate::approvals::{ApprovalTerms, approval_jws, check_approval, named_programs};
use crate::error::Error;
use crate::transport::{self, Call};

/// How long an approval holds, in seconds, where the caller does not say: a day.
const DEFAULT_LIFE: i64 = 86_400;

impl Proven {
    /// Approves the policy at *this* isolate, with the programs that it holds now, for a day; as one of
    /// a [`Quorum`](crate::Quorum), at all of its isolates.
    ///
    /// Where the policy leaves programs unpinned, their digests are those of `status`, which the
    /// caller has looked at. Returns the signed statement.
    ///
    /// # Errors
    /// [`Error::PolicyExpired`], [`Error::SecondInstance`]; [`Error::ApprovalTerms`] where a program
    /// is not there yet; [`Error::Refused`] where the isolate does not take it; those of every call.
    pub async fn approve(
        &mut self,
        status: &Status,
        provisioning: Provisioning<'_>,
    ) -> Result<String, Error> {
        let now = provisioning.now;
        let policy = &self.party.policy;
        let terms = ApprovalTerms::until(
            policy,
            self.named_instances()?,
            named_programs(policy, &open_programs(policy, status))?,
            Timestamp::from_seconds(now.seconds().saturating_add(DEFAULT_LIFE)),
            now,
        );
        let jws = approval_jws(policy, &self.party.identity, terms, now)?;
        self.submit_jws(&jws, provisioning).await?;
        Ok(jws)
    }

    /// Hands in an approval that was signed before, by this participant or by anybody else: it is
    /// checked by the own copy of the policy first.
    ///
    /// # Errors
    /// [`Error::ApprovalRefused`] before anything is sent; those of
    /// [`Connection::submit_jws`](super::Connection::submit_jws).
    pub async fn carry_approval(
        &mut self,
        jws: &str,
        provisioning: Provisioning<'_>,
    ) -> Result<ApprovalStatement, Error> {
        let statement = check_approval(&self.party.policy, jws)
            .map_err(|flaw| Error::ApprovalRefused(Box::new(flaw)))?;
        self.submit_jws(jws, provisioning).await?;
        Ok(statement)
    }

    /// Hands in an approval as it is. One of this participant's own is noted in the ledger first:
    /// it entrusts the isolate with something. Anybody else's entrusts nothing of ours.
    ///
    /// # Errors
    /// [`Error::PolicyExpired`], [`Error::SecondInstance`]; [`Error::Refused`] where the isolate
    /// does not take it; those of every call.
    pub async fn submit_jws(
        &mut self,
        jws: &str,
        provisioning: Provisioning<'_>,
    ) -> Result<(), Error> {
        self.party.check_expiry(provisioning.now)?;
        let others = Jws::parse(jws).is_ok_and(|jws| jws.statement.participant != self.party.name);
        if !others {
            self.note(provisioning)?;
        }
        let name = "PUT of an approval";
        let call = Call::new(name, "PUT", Route::Approve.path());
        let body = Bytes::copy_from_slice(jws.as_bytes());
        let response = self.http.call(call, Some((media::APPROVAL, body))).await?;
        transport::read(name, response, limits::REQUEST_BYTES).await?;
        Ok(())
    }

    /// Withdraws: this participant's approval ends and its inputs are erased. The others are told.
    ///
    /// The answer says whether a run has seen the inputs.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn withdraw(&mut self) -> Result<WithdrawalAnswer, Error> {
        let name = "DELETE of the approval";
        let call = Call::new(name, "DELETE", Route::Withdraw.path());
        let response = self.http.call(call, None).await?;
        transport::read_json(name, response, limits::REQUEST_BYTES).await
    }
}

/// The digests that the isolate shows for programs that the policy does not pin.
fn open_programs(policy: &Policy, status: &Status) -> Vec<(FilePath, Sha256)> {
    let open = |path: &&FilePath| policy.file(path).is_some_and(|file| !file.is_pinned());
    let shown = |path: &FilePath| {
        let file = status.files.iter().find(|file| file.path == *path)?;
        Some((path.clone(), file.content?.sha256))
    };
    policy.programs().filter(open).filter_map(shown).collect()
}

//! Saying yes, and taking it back.

use bytes::Bytes;
use veracruz_policy::{FilePath, ParticipantName, Policy, Timestamp};
use veracruz_protocol::{
    APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, Instances, Jws, ProgramDigest, Route, Status,
    WithdrawalAnswer, limits, media,
};
use veracruz_session::Identity;

use super::{Proven, Provisioning};
use crate::error::Error;
use crate::random;
use crate::transport::{self, Call};

/// What an approval says beside who approves which policy.
#[derive(Clone, Debug)]
pub struct ApprovalTerms {
    /// At which isolates it holds.
    pub instances: Instances,
    /// The programs that are meant, where the policy does not pin them.
    pub programs: Vec<ProgramDigest>,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// How far the isolate's clock may be behind this machine's, in seconds.
const CLOCK_SLACK: i64 = 300;

/// How long an approval holds, in seconds, where the caller does not say: a day.
const DEFAULT_LIFE: i64 = 86_400;

/// Signs an approval: a JWS in compact form, for [`Connection::submit_jws`](super::Connection)
/// or for someone else to carry.
///
/// # Errors
/// [`Error::NotAParticipant`], [`Error::PolicyExpired`], [`Error::Machine`].
pub fn approval_jws(
    policy: &Policy,
    identity: &Identity,
    terms: ApprovalTerms,
    now: Timestamp,
) -> Result<String, Error> {
    let key = identity.key();
    let participant = policy
        .participant_by_key(&key)
        .ok_or(Error::NotAParticipant { key })?;
    if let Some(expired) = policy.expires()
        && now >= expired
    {
        return Err(Error::PolicyExpired { expired, now });
    }
    sign(policy, identity, &participant.name, terms, now)
}

fn sign(
    policy: &Policy,
    identity: &Identity,
    participant: &ParticipantName,
    terms: ApprovalTerms,
    now: Timestamp,
) -> Result<String, Error> {
    let statement = ApprovalStatement {
        purpose: APPROVAL_PURPOSE.to_owned(),
        policy: policy.hash(),
        participant: participant.clone(),
        instances: terms.instances,
        programs: terms.programs,
        nbf: terms.not_before.seconds(),
        exp: terms.expires.seconds(),
        iat: now.seconds(),
        jti: ApprovalId::from_random(&*random::secret::<16>()?),
    };
    let input = Jws::signing_input(&statement);
    let signature = identity
        .sign_es256(input.as_bytes())
        .map_err(|error| Error::Machine {
            reason: error.to_string(),
        })?;
    Ok(Jws::compact(&input, &signature))
}

impl Proven {
    /// Approves the policy at *this* isolate, with the programs that it holds now, for a day.
    ///
    /// Where the policy leaves programs unpinned, their digests are those of `status`, which the
    /// caller has looked at. Returns the signed statement.
    ///
    /// # Errors
    /// [`Error::PolicyExpired`], [`Error::SecondInstance`]; [`Error::Refused`] where the isolate
    /// does not take it; those of every call.
    pub async fn approve(
        &mut self,
        status: &Status,
        provisioning: Provisioning<'_>,
    ) -> Result<String, Error> {
        let now = provisioning.now;
        let expires = Timestamp::from_seconds(now.seconds().saturating_add(DEFAULT_LIFE));
        let terms = ApprovalTerms {
            instances: Instances::These(vec![self.instance()]),
            programs: unpinned_programs(&self.party.policy, status),
            not_before: Timestamp::from_seconds(now.seconds().saturating_sub(CLOCK_SLACK)),
            expires: self
                .party
                .policy
                .expires()
                .map_or(expires, |end| end.min(expires)),
        };
        let jws = approval_jws(&self.party.policy, &self.party.identity, terms, now)?;
        self.submit_jws(&jws, provisioning).await?;
        Ok(jws)
    }

    /// Hands in an approval that was signed before, or by someone else.
    ///
    /// # Errors
    /// As [`Connection::approve`](super::Connection::approve).
    pub async fn submit_jws(
        &mut self,
        jws: &str,
        provisioning: Provisioning<'_>,
    ) -> Result<(), Error> {
        self.party.check_expiry(provisioning.now)?;
        self.note(provisioning)?;
        let name = "PUT of an approval";
        let call = Call::new(name, "PUT", Route::Approve.path());
        let body = Bytes::copy_from_slice(jws.as_bytes());
        let response = self.http.call(call, Some((media::APPROVAL, body))).await?;
        transport::read(name, response, limits::REQUEST_BYTES).await?;
        Ok(())
    }

    /// Withdraws: this participant's approval ends and its inputs are erased.
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
fn unpinned_programs(policy: &Policy, status: &Status) -> Vec<ProgramDigest> {
    let unpinned = |path: &&FilePath| policy.file(path).is_some_and(|file| !file.is_pinned());
    let shown = |path: &FilePath| {
        let file = status.files.iter().find(|file| file.path == *path)?;
        Some(ProgramDigest {
            path: path.clone(),
            sha256: file.content?.sha256,
        })
    };
    policy
        .programs()
        .filter(unpinned)
        .filter_map(shown)
        .collect()
}

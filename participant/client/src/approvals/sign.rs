//! Signing an approval: over a session or offline.

use veracruz_policy::{FilePath, Policy, Sha256, Timestamp};
use veracruz_protocol::{
    APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, Instances, Jws, ProgramDigest, limits,
};
use veracruz_session::Identity;

use super::ApprovalFlaw;
use super::check::{check_programs, unpinned};
use crate::error::Error;
use crate::random;

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

impl ApprovalTerms {
    /// Terms from now until `expires`, and no longer than the policy. They begin five minutes ago,
    /// since an isolate's clock may be behind.
    #[must_use]
    pub fn until(
        policy: &Policy,
        instances: Instances,
        programs: Vec<ProgramDigest>,
        expires: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            instances,
            programs,
            not_before: Timestamp::from_seconds(now.seconds().saturating_sub(CLOCK_SLACK)),
            expires: policy.expires().map_or(expires, |end| end.min(expires)),
        }
    }
}

/// Signs an approval: a JWS in compact form, for [`Connection::submit_jws`](crate::Connection)
/// or for someone else to carry. It needs no connection.
///
/// # Errors
/// Those of [`approval_statement`] and [`sign_approval`].
pub fn approval_jws(
    policy: &Policy,
    identity: &Identity,
    terms: ApprovalTerms,
    now: Timestamp,
) -> Result<String, Error> {
    sign_approval(identity, &approval_statement(policy, identity, terms, now)?)
}

/// What an identity would sign, for people to look at first. It has an identifier of its own.
///
/// # Errors
/// [`Error::NotAParticipant`], [`Error::PolicyExpired`]; [`Error::ApprovalTerms`] where no isolate
/// would take it; [`Error::Machine`].
pub fn approval_statement(
    policy: &Policy,
    identity: &Identity,
    terms: ApprovalTerms,
    now: Timestamp,
) -> Result<ApprovalStatement, Error> {
    let key = identity.key();
    let participant = policy
        .participant_by_key(&key)
        .ok_or(Error::NotAParticipant { key })?;
    if let Some(expired) = policy.expires()
        && now >= expired
    {
        return Err(Error::PolicyExpired { expired, now });
    }
    let statement = ApprovalStatement {
        purpose: APPROVAL_PURPOSE.to_owned(),
        policy: policy.hash(),
        participant: participant.name.clone(),
        instances: terms.instances,
        programs: terms.programs,
        nbf: terms.not_before.seconds(),
        exp: terms.expires.seconds(),
        iat: now.seconds(),
        jti: ApprovalId::from_random(&*random::secret::<16>()?),
    };
    check_terms(policy, &statement, now).map_err(Box::new)?;
    Ok(statement)
}

/// Signs a statement as it is.
///
/// # Errors
/// [`Error::Machine`].
pub fn sign_approval(identity: &Identity, statement: &ApprovalStatement) -> Result<String, Error> {
    let input = Jws::signing_input(statement);
    let signature = identity
        .sign_es256(input.as_bytes())
        .map_err(|error| Error::Machine {
            reason: error.to_string(),
        })?;
    Ok(Jws::compact(&input, &signature))
}

/// The programs that an approval has to name, from the digests that the caller means. What the
/// policy pins needs no naming: its digest is compared with the pin.
///
/// # Errors
/// [`Error::PinMismatch`]; [`Error::ApprovalTerms`] where a file is no program, or a program that
/// the policy leaves open is missing.
pub fn named_programs(
    policy: &Policy,
    meant: &[(FilePath, Sha256)],
) -> Result<Vec<ProgramDigest>, Error> {
    let flaw = |flaw: ApprovalFlaw| Error::from(Box::new(flaw));
    for (path, found) in meant {
        let is_program = policy.programs().any(|program| program == path);
        let Some(file) = policy.file(path).filter(|_| is_program) else {
            let path = path.clone();
            return Err(flaw(ApprovalFlaw::ProgramSurplus { path }));
        };
        if file.is_pinned() && !file.sha256.contains(found) {
            let pins: Vec<_> = file.sha256.iter().map(ToString::to_string).collect();
            return Err(Error::PinMismatch {
                path: path.clone(),
                expected: pins.join(", "),
                found: *found,
            });
        }
    }
    let named = unpinned(policy).map(|path| {
        let (_, sha256) = meant
            .iter()
            .find(|(named, _)| named == path)
            .ok_or_else(|| flaw(ApprovalFlaw::ProgramOpen { path: path.clone() }))?;
        Ok(ProgramDigest {
            path: path.clone(),
            sha256: *sha256,
        })
    });
    named.collect()
}

/// Nothing is signed that every isolate refuses.
fn check_terms(
    policy: &Policy,
    statement: &ApprovalStatement,
    now: Timestamp,
) -> Result<(), ApprovalFlaw> {
    if let Instances::These(list) = &statement.instances {
        let limit = limits::APPROVAL_INSTANCES;
        let mut sorted = list.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.is_empty() || sorted.len() > limit || sorted.len() != list.len() {
            return Err(ApprovalFlaw::Instances {
                limit,
                found: list.len(),
            });
        }
    }
    check_programs(policy, statement)?;
    if statement.exp <= now.seconds().max(statement.nbf) {
        return Err(ApprovalFlaw::Over {
            expires: Timestamp::from_seconds(statement.exp),
            now,
        });
    }
    Ok(())
}

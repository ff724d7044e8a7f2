//! Whether the others are at the same isolate: by their signatures, not by the isolate's word.

use std::fmt;

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use veracruz_policy::{FilePath, InstanceId, ParticipantName, Policy, Timestamp};
use veracruz_protocol::{
    APPROVAL_PURPOSE, ApprovalStatement, ApprovalView, Instances, Jws, Status, WithdrawalAnswer,
};

use super::ApprovalFlaw;

/// What a participant's approval, as an isolate shows it, turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalVerdict {
    /// There is none.
    None,
    /// The participant took it back. This is the isolate's word: a withdrawal is not signed.
    Withdrawn,
    /// Signed by the participant for this isolate.
    ThisInstance,
    /// Signed by the participant for any isolate of this policy: it may be at another one.
    AnyInstance,
    /// Signed by the participant, for other isolates. It should not be here.
    OtherInstances,
    /// Signed by the participant, and over by this machine's clock.
    Expired,
    /// Signed by the participant, and not begun by this machine's clock.
    NotYet,
    /// Not an approval of this policy by this participant: the isolate shows what it should not.
    Forged,
}

/// A participant's approval, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedApproval {
    /// Whose it is.
    pub participant: ParticipantName,
    /// Whether no run starts without it, by the own copy of the policy.
    pub required: bool,
    /// What was found.
    pub verdict: ApprovalVerdict,
    /// What was signed, where the signature is the participant's.
    pub statement: Option<ApprovalStatement>,
    /// How it was withdrawn, where it was.
    pub withdrawal: Option<WithdrawalAnswer>,
}

/// Checks every approval in a status under the key that the *policy* has for the participant.
///
/// Two parties that are shown each other's approvals for one instance know that they talk to the
/// same isolate, whatever the host says.
pub fn check_approvals(
    policy: &Policy,
    instance: &InstanceId,
    status: &Status,
    now: Timestamp,
) -> Vec<CheckedApproval> {
    let checked = |participant: &veracruz_policy::Participant| {
        let name = &participant.name;
        let shown = status
            .approvals
            .iter()
            .find(|view| view.participant == *name);
        let (verdict, statement) = judge(policy, name, instance, shown, now);
        CheckedApproval {
            participant: name.clone(),
            required: policy.approval().required.contains(name),
            verdict,
            statement,
            withdrawal: shown.and_then(|view| view.withdrawal),
        }
    };
    policy.participants().iter().map(checked).collect()
}

/// Checks a signed approval offline: that it is by a participant of this policy, for this policy,
/// and says what such a statement has to say. Not whether it holds now, nor where.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_approval(policy: &Policy, jws: &str) -> Result<ApprovalStatement, ApprovalFlaw> {
    let Jws {
        statement,
        signing_input,
        signature,
        ..
    } = Jws::parse(jws)?;
    let name = &statement.participant;
    let participant =
        policy
            .participant(name.as_str())
            .ok_or_else(|| ApprovalFlaw::Participant {
                found: name.to_string(),
            })?;
    let forged = || ApprovalFlaw::Signature {
        participant: name.to_string(),
    };
    let key = VerifyingKey::from_public_key_der(&participant.spki).map_err(|_| forged())?;
    let signature = Signature::from_slice(&signature).map_err(|_| forged())?;
    key.verify(signing_input.as_bytes(), &signature)
        .map_err(|_| forged())?;
    if statement.purpose != APPROVAL_PURPOSE {
        return Err(ApprovalFlaw::Purpose {
            found: statement.purpose,
        });
    }
    if statement.policy != policy.hash() {
        return Err(ApprovalFlaw::Policy {
            expected: policy.hash(),
            found: statement.policy,
        });
    }
    check_programs(policy, &statement)?;
    Ok(statement)
}

/// Programs of a policy whose contents it does not fix.
pub(super) fn unpinned(policy: &Policy) -> impl Iterator<Item = &FilePath> {
    policy
        .programs()
        .filter(|path| policy.file(path).is_some_and(|file| !file.is_pinned()))
}

/// Every program that the policy leaves open is named, and nothing else; "any" leaves none open.
pub(super) fn check_programs(
    policy: &Policy,
    statement: &ApprovalStatement,
) -> Result<(), ApprovalFlaw> {
    let named = |path: &FilePath| statement.programs.iter().any(|named| named.path == *path);
    let mut open = unpinned(policy);
    if let (Instances::Any, Some(path)) = (&statement.instances, unpinned(policy).next()) {
        return Err(ApprovalFlaw::AnyInstance { path: path.clone() });
    }
    if let Some(path) = open.find(|path| !named(path)) {
        return Err(ApprovalFlaw::ProgramOpen { path: path.clone() });
    }
    let surplus = statement
        .programs
        .iter()
        .find(|named| unpinned(policy).all(|path| *path != named.path));
    match surplus {
        Some(named) => Err(ApprovalFlaw::ProgramSurplus {
            path: named.path.clone(),
        }),
        None => Ok(()),
    }
}

fn judge(
    policy: &Policy,
    name: &ParticipantName,
    instance: &InstanceId,
    shown: Option<&ApprovalView>,
    now: Timestamp,
) -> (ApprovalVerdict, Option<ApprovalStatement>) {
    let Some(jws) = shown.and_then(|view| view.statement.as_deref()) else {
        let withdrawn = shown.is_some_and(|view| view.withdrawal.is_some());
        return match withdrawn {
            true => (ApprovalVerdict::Withdrawn, None),
            false => (ApprovalVerdict::None, None),
        };
    };
    match check_approval(policy, jws) {
        Ok(statement) if statement.participant == *name => {
            let verdict = verdict(&statement, instance, now);
            (verdict, Some(statement))
        }
        _ => (ApprovalVerdict::Forged, None),
    }
}

fn verdict(
    statement: &ApprovalStatement,
    instance: &InstanceId,
    now: Timestamp,
) -> ApprovalVerdict {
    if now.seconds() >= statement.exp {
        return ApprovalVerdict::Expired;
    }
    if now.seconds() < statement.nbf {
        return ApprovalVerdict::NotYet;
    }
    match &statement.instances {
        Instances::Any => ApprovalVerdict::AnyInstance,
        named if named.named().is_some_and(|all| all.contains(instance)) => {
            ApprovalVerdict::ThisInstance
        }
        Instances::These(_) | Instances::Quorum(_) => ApprovalVerdict::OtherInstances,
    }
}

impl ApprovalVerdict {
    /// Whether it counts here and now.
    #[must_use]
    pub fn holds(self) -> bool {
        matches!(self, Self::ThisInstance | Self::AnyInstance)
    }

    /// One word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Withdrawn => "withdrawn",
            Self::ThisInstance => "this-instance",
            Self::AnyInstance => "any-instance",
            Self::OtherInstances => "other-instances",
            Self::Expired => "expired",
            Self::NotYet => "not-yet",
            Self::Forged => "forged",
        }
    }
}

impl CheckedApproval {
    /// When it ends, where there is one.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        let statement = self.statement.as_ref()?;
        Some(Timestamp::from_seconds(statement.exp))
    }
}

impl fmt::Display for CheckedApproval {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.participant;
        let (nbf, exp) = self.statement.as_ref().map_or((0, 0), |s| (s.nbf, s.exp));
        let [begins, ends] = [nbf, exp].map(Timestamp::from_seconds);
        match (self.verdict, &self.withdrawal) {
            (ApprovalVerdict::Withdrawn, Some(answer)) => write!(f, "{name} withdrew {answer}"),
            (ApprovalVerdict::Withdrawn, None) => write!(f, "{name} withdrew"),
            (ApprovalVerdict::None, _) => write!(f, "{name} has not approved"),
            (ApprovalVerdict::ThisInstance, _) => {
                write!(
                    f,
                    "{name} approved this instance until {ends}: signature verified"
                )
            }
            (ApprovalVerdict::AnyInstance, _) => write!(
                f,
                "{name} approved any instance until {ends}: signature verified; {name} may be at \
                 another one"
            ),
            (ApprovalVerdict::OtherInstances, _) => write!(
                f,
                "CAUTION: {name} approved other instances than this one, whose isolate shows it \
                 nevertheless"
            ),
            (ApprovalVerdict::Expired, _) => write!(f, "{name}'s approval expired at {ends}"),
            (ApprovalVerdict::NotYet, _) => write!(f, "{name}'s approval begins at {begins}"),
            (ApprovalVerdict::Forged, _) => write!(
                f,
                "CAUTION: what is shown as the approval of {name} is not signed by {name} for this \
                 policy"
            ),
        }
    }
}

//! Whether the others are at the same isolate: by their signatures, not by the isolate's word.

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use veracruz_policy::{InstanceId, ParticipantName, Policy, Timestamp};
use veracruz_protocol::{APPROVAL_PURPOSE, Instances, Jws, Status};

/// What a participant's approval, as an isolate shows it, turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalVerdict {
    /// There is none.
    None,
    /// Signed by the participant for this isolate.
    ThisInstance,
    /// Signed by the participant for any isolate of this policy: it may be at another one.
    AnyInstance,
    /// Signed by the participant, for other isolates. It should not be here.
    OtherInstances,
    /// Signed by the participant, and over or not begun by this machine's clock.
    OutOfTime,
    /// Not an approval of this policy by this participant: the isolate shows what it should not.
    Forged,
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
) -> Vec<(ParticipantName, ApprovalVerdict)> {
    policy
        .participants()
        .iter()
        .map(|participant| {
            let shown = status
                .approvals
                .iter()
                .find(|view| view.participant == participant.name);
            let verdict = match shown.and_then(|view| view.statement.as_deref()) {
                None => ApprovalVerdict::None,
                Some(jws) => check(policy, participant, instance, jws, now)
                    .unwrap_or(ApprovalVerdict::Forged),
            };
            (participant.name.clone(), verdict)
        })
        .collect()
}

fn check(
    policy: &Policy,
    participant: &veracruz_policy::Participant,
    instance: &InstanceId,
    jws: &str,
    now: Timestamp,
) -> Option<ApprovalVerdict> {
    let Jws {
        statement,
        signing_input,
        signature,
        ..
    } = Jws::parse(jws).ok()?;
    let key = VerifyingKey::from_public_key_der(&participant.spki).ok()?;
    let signature = Signature::from_slice(&signature).ok()?;
    key.verify(signing_input.as_bytes(), &signature).ok()?;
    let own = statement.purpose == APPROVAL_PURPOSE
        && statement.policy == policy.hash()
        && statement.participant == participant.name;
    if !own {
        return None;
    }
    if now.seconds() < statement.nbf || now.seconds() >= statement.exp {
        return Some(ApprovalVerdict::OutOfTime);
    }
    Some(match statement.instances {
        Instances::Any => ApprovalVerdict::AnyInstance,
        Instances::These(list) if list.contains(instance) => ApprovalVerdict::ThisInstance,
        Instances::These(_) => ApprovalVerdict::OtherInstances,
    })
}

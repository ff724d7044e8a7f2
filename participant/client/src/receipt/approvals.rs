//! Approvals at hand against those that a receipt names.

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use veracruz_policy::{ParticipantName, Policy, Sha256};
use veracruz_protocol::{APPROVAL_PURPOSE, ApprovalStatement, Instances, Jws};
use veracruz_receipt::ReceiptPayload;

use crate::error::Error;

/// An approval at hand, whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalAtHand {
    /// Who signed it.
    pub participant: ParticipantName,
    /// Whether it is the one that the receipt names: the one that let the run start.
    pub counted: bool,
    /// What was signed.
    pub statement: ApprovalStatement,
}

impl ApprovalAtHand {
    /// Checks approvals (JWS in compact form) by the keys that the policy has.
    ///
    /// # Errors
    /// [`Error::ReceiptUnfit`] with the first one that nobody in the policy signed for it.
    pub(super) fn check(
        approvals: &[String],
        payload: &ReceiptPayload,
        policy: &Policy,
    ) -> Result<Vec<Self>, Error> {
        let check = |jws: &String| {
            let statement = signed(jws, policy)?;
            let digest = Sha256::of(jws.as_bytes());
            Ok(Self {
                counted: payload.approvals.get(&statement.participant) == Some(&digest),
                participant: statement.participant.clone(),
                statement,
            })
        };
        approvals.iter().map(check).collect()
    }

    /// What it proves where it counted.
    pub(super) fn words(&self) -> String {
        let place = match &self.statement.instances {
            Instances::Any => "for any isolate of this policy".to_owned(),
            Instances::These(list) if list.len() == 1 => "for this isolate alone".to_owned(),
            Instances::These(list) => format!("for {} isolates, this one among them", list.len()),
        };
        format!(
            "{} signed the approval at hand, {place}: it is the one that the run started with",
            self.participant
        )
    }
}

/// The statement of an approval of this policy, signed by the participant whom it names.
fn signed(jws: &str, policy: &Policy) -> Result<ApprovalStatement, Error> {
    let refused = |reason: String| Error::ReceiptUnfit {
        reason: format!("an approval at hand {reason}"),
    };
    let Jws {
        statement,
        signing_input,
        signature,
        ..
    } = Jws::parse(jws).map_err(|error| refused(format!("cannot be read: {error}")))?;
    let name = &statement.participant;
    let participant = policy
        .participant(name.as_str())
        .ok_or_else(|| refused(format!("is by {name}, whom the policy does not know")))?;
    let forged = || {
        refused(format!(
            "is not signed by the key that the policy has for {name}"
        ))
    };
    let key = VerifyingKey::from_public_key_der(&participant.spki).map_err(|_| forged())?;
    let signature = Signature::from_slice(&signature).map_err(|_| forged())?;
    key.verify(signing_input.as_bytes(), &signature)
        .map_err(|_| forged())?;
    if statement.purpose != APPROVAL_PURPOSE || statement.policy != policy.hash() {
        return Err(refused(format!(
            "of {name} is for something else than this policy"
        )));
    }
    Ok(statement)
}

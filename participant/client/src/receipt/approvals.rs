//! Approvals at hand against those that a receipt names.

use veracruz_policy::{ParticipantName, Policy, Sha256};
use veracruz_protocol::{ApprovalStatement, Instances};
use veracruz_receipt::ReceiptPayload;

use crate::approvals::check_approval;
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
            let statement = check_approval(policy, jws).map_err(|flaw| Error::ReceiptUnfit {
                reason: format!("an approval at hand: {flaw}"),
            })?;
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
            Instances::Quorum(members) => {
                format!(
                    "for a quorum of {} isolates, this one among them",
                    members.len()
                )
            }
            Instances::These(list) if list.len() == 1 => "for this isolate alone".to_owned(),
            Instances::These(list) => format!("for {} isolates, this one among them", list.len()),
        };
        format!(
            "{} signed the approval at hand, {place}: it is the one that the run started with",
            self.participant
        )
    }
}

//! One isolate of a quorum: what may be entrusted to it only together with the others.

use std::sync::Arc;

use bytes::Bytes;
use veracruz_policy::{InstanceId, QuorumMember, QuorumSet};
use veracruz_protocol::{Instances, Route, RunState, Status, limits, media};

use super::{Appraised, Proven};
use crate::error::Error;
use crate::transport::{self, Call};

/// Isolates of which each was attested, and which together are the quorum that the policy demands.
///
/// There is no way to one but through attested connections to all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedQuorum(Arc<QuorumSet>);

impl AttestedQuorum {
    /// The isolates and their kinds, in the policy's order.
    pub fn set(&self) -> &QuorumSet {
        &self.0
    }

    /// What these connections end in, in the policy's order; the kind of each is what its evidence
    /// proved.
    pub(crate) fn of(connections: &[(Proven, Appraised)]) -> Result<Self, Error> {
        let Some((first, _)) = connections.first() else {
            return Err(incomplete("all isolates of a quorum", "none"));
        };
        let policy = Arc::clone(&first.party.policy);
        let other = |connection: &Proven| connection.policy_hash() != policy.hash();
        if connections.iter().any(|(connection, _)| other(connection)) {
            return Err(incomplete("isolates of one policy", "of several"));
        }
        let members = connections.iter().map(|(connection, appraised)| {
            let kind = appraised.kind();
            Ok(QuorumMember {
                instance: connection.instance(),
                kind: kind.ok_or_else(|| incomplete("a kind of the policy", "another"))?,
            })
        });
        let members = members.collect::<Result<Vec<_>, Error>>()?;
        let set = QuorumSet::new(&policy, &members).map_err(|error| {
            let kinds: Vec<_> = policy.quorum().iter().map(|kind| kind.name()).collect();
            incomplete(
                &format!("one isolate of each of the kinds {}", kinds.join(", ")),
                &error.to_string(),
            )
        })?;
        Ok(Self(Arc::new(set)))
    }
}

pub(crate) fn incomplete(expected: &str, found: &str) -> Error {
    Error::QuorumIncomplete {
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

impl Proven {
    /// This connection as one to an isolate of `quorum`.
    pub(crate) fn in_quorum(mut self, quorum: &AttestedQuorum) -> Result<Self, Error> {
        if !quorum.0.contains(&self.instance()) {
            return Err(incomplete("an isolate of the quorum", "another one"));
        }
        self.party.quorum = Some(Arc::clone(&quorum.0));
        Ok(self)
    }

    /// The isolates that get what this one gets.
    pub(super) fn entrusted(&self) -> Result<Vec<InstanceId>, Error> {
        match &self.party.quorum {
            Some(set) => Ok(set.members().iter().map(|one| one.instance).collect()),
            None if self.party.policy.quorum().is_empty() => Ok(vec![self.instance()]),
            None => Err(incomplete(
                "attested connections to all isolates of the quorum",
                "one",
            )),
        }
    }

    /// What an approval at this isolate names.
    pub(crate) fn named_instances(&self) -> Result<Instances, Error> {
        let alone = self.entrusted()?;
        Ok(match &self.party.quorum {
            Some(set) => Instances::Quorum(set.members().to_vec()),
            None => Instances::These(alone),
        })
    }

    /// Refuses to go on where somebody who must approve has signed another quorum: by the
    /// signatures that this isolate shows, and by the keys of the own policy.
    pub(crate) fn check_quorum(
        &self,
        status: &Status,
        now: veracruz_policy::Timestamp,
    ) -> Result<(), Error> {
        let own = self.named_instances()?;
        let shown =
            crate::approvals::check_approvals(&self.party.policy, &self.instance(), status, now);
        for approval in shown {
            let statement = approval.statement.as_ref();
            let other = statement.is_some_and(|statement| statement.instances != own);
            let forged = approval.verdict == crate::ApprovalVerdict::Forged;
            if (other && approval.required) || forged {
                return Err(Error::QuorumUnsigned {
                    participant: approval.participant,
                });
            }
        }
        Ok(())
    }

    /// What this isolate says to the others about a run.
    pub(crate) async fn agreement(&mut self, run: u32) -> Result<Bytes, Error> {
        let name = "GET of an agreement";
        let call = Call::new(name, "GET", Route::GetAgreement { run }.path());
        let response = self.http.call(call, None).await?;
        transport::read(name, response, limits::AGREEMENT_BYTES).await
    }

    /// Tells this isolate what another one said.
    pub(crate) async fn tell(&mut self, run: u32, agreement: Bytes) -> Result<RunState, Error> {
        let name = "PUT of an agreement";
        let call = Call::new(name, "PUT", Route::PutAgreement { run }.path());
        let response = self.http.call(call, Some((media::AGREEMENT, agreement)));
        transport::read_json(name, response.await?, limits::STATUS_BYTES).await
    }

    /// What this isolate's TPM showed on this connection.
    pub(crate) fn activation(&self) -> Option<veracruz_appraisal::tpm::Activation> {
        self.party.activation.clone()
    }
}

//! Where a participant sits: identity, policy, ledger and collateral, read from files.

use crate::args::Target;
use crate::commands::{collateral, identity, policy};
use crate::error::CliError;
use std::sync::Arc;
use veracruz_client::{
    Appraised, Attested, Collateral, Connection, Dial, Error, HostAddress, Identity, InstanceId,
    Ledger, Line, ParticipantName, Policy, Provisioning, QuorumDial, RateLimit, Unattested, now,
};

/// Where a participant sits: its identity, its own copy of the policy, its ledger.
pub(in crate::commands) struct Desk {
    pub(super) policy: Arc<Policy>,
    pub(super) identity: Identity,
    pub(in crate::commands) ledger: Ledger,
    pub(super) host: HostAddress,
    /// All that were given: more than one for the isolates of a quorum.
    pub(super) hosts: Vec<HostAddress>,
    pub(super) collateral: Arc<Collateral>,
    pub(super) accept_unprotected: bool,
    again: bool,
}

impl Desk {
    /// Reads all of it from files.
    pub(in crate::commands) fn open(target: &Target) -> Result<Self, CliError> {
        let path = &target.identity.identity;
        let proxy = target.proxy.as_deref();
        let address = |host: &String| HostAddress::choose(host, proxy);
        let hosts = target.host.iter().map(address);
        let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            policy: policy::load(&target.policy)?,
            identity: identity::load(&target.identity)?,
            ledger: Ledger::beside(path),
            host: hosts.first().cloned().unwrap_or_else(|| "".into()),
            hosts,
            collateral: Arc::new(collateral::load(&target.collateral)?),
            accept_unprotected: target.accept_unprotected,
            again: target.again,
        })
    }

    /// A connection on which evidence was found good.
    pub(in crate::commands) async fn attested(
        &self,
    ) -> Result<(Connection<Attested>, Appraised), CliError> {
        let connection = self.unproven().await?;
        Ok(connection.attest(self.accept_unprotected, now()).await?)
    }

    /// As [`Desk::attested`], to look and to entrust nothing: the far end need not protect anything.
    pub(super) async fn looking(&self) -> Result<(Connection<Attested>, Appraised), CliError> {
        Ok(self.unproven().await?.attest(true, now()).await?)
    }

    /// A connection that may end anywhere.
    pub(super) async fn unproven(&self) -> Result<Connection<Unattested>, CliError> {
        if self.policy.quorum().is_empty() && self.hosts.len() > 1 {
            let expected = "one --host: the policy has no quorum";
            let hosts: Vec<&str> = self.hosts.iter().map(HostAddress::address).collect();
            return Err(CliError::argument(expected, &hosts.join(", ")));
        }
        let connection =
            Connection::open(&self.host, &self.policy, &self.identity, None, now()).await?;
        Ok(connection.with_collateral(Arc::clone(&self.collateral)))
    }

    /// The same at one host of several.
    pub(super) fn at(&self, host: &HostAddress) -> Self {
        Self {
            policy: Arc::clone(&self.policy),
            identity: self.identity.clone(),
            ledger: self.ledger.clone(),
            host: host.clone(),
            hosts: vec![host.clone()],
            collateral: Arc::clone(&self.collateral),
            accept_unprotected: self.accept_unprotected,
            again: self.again,
        }
    }

    /// Where the isolates of the quorum are; `None` where the policy has none, and one isolate is
    /// enough.
    pub(in crate::commands) fn quorum(&self) -> Option<QuorumDial> {
        (!self.policy.quorum().is_empty()).then(|| QuorumDial {
            hosts: self.hosts.clone(),
            policy: Arc::clone(&self.policy),
            identity: self.identity.clone(),
            accept_unprotected: self.accept_unprotected,
            collateral: Arc::clone(&self.collateral),
            limit: RateLimit::none(),
        })
    }

    /// How that isolate is found again, to look.
    pub(super) fn dial(&self, instance: InstanceId) -> Dial {
        Dial {
            host: self.host.clone(),
            policy: Arc::clone(&self.policy),
            identity: self.identity.clone(),
            instance,
            accept_unprotected: true,
            collateral: Arc::clone(&self.collateral),
            limit: RateLimit::none(),
        }
    }

    pub(super) fn provisioning(&self) -> Provisioning<'_> {
        Provisioning {
            ledger: &self.ledger,
            again: self.again,
            now: now(),
        }
    }

    /// Who this is in the policy.
    pub(super) fn me(&self) -> Result<&ParticipantName, CliError> {
        let key = self.identity.key();
        match self.policy.participant_by_key(&key) {
            Some(participant) => Ok(&participant.name),
            None => Err(Error::NotAParticipant { key }.into()),
        }
    }

    /// As many lines to the isolate at the end of `connection`, which the first of them uses.
    pub(super) fn lines(
        &self,
        connection: Connection<Attested>,
        count: usize,
        limit: &RateLimit,
    ) -> Vec<Line> {
        let dial = Dial {
            accept_unprotected: self.accept_unprotected,
            limit: limit.clone(),
            ..self.dial(connection.instance())
        };
        let mut lines = vec![Line::new(dial.clone(), now()).over(connection)];
        lines.resize_with(count.max(1), || Line::new(dial.clone(), now()));
        lines
    }

    /// Refuses a second instance before anything is asked of it.
    pub(super) fn same_instance(&self, instance: &InstanceId) -> Result<(), CliError> {
        match self.again {
            true => Ok(()),
            false => Ok(self.ledger.check_instance(&self.policy.hash(), instance)?),
        }
    }
}

/// Runs one command's work to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Service(error.to_string()))?;
    let result = runtime.block_on(work);
    // Not to wait for a thread that reads the rest of a file, or a terminal, for nobody.
    runtime.shutdown_background();
    result
}

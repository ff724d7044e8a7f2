//! All isolates of a quorum at once: attested together, and entrusted with the same.
//!
//! A [`Quorum`] exists only when every isolate that the policy demands was attested; what a
//! participant gives goes through it alone, and to all of them. [`Quorum::run`] starts all, carries
//! what they say to each other, and tells how it ended.

mod carry;
mod results;

use std::sync::Arc;

use veracruz_appraisal::Collateral;
use veracruz_policy::{FilePath, InstanceId, IsolateKind, Policy, QuorumSet, Timestamp};
use veracruz_protocol::{RunState, Status, WithdrawalAnswer};
use veracruz_session::{Attested, Identity};

pub use carry::QuorumRun;

use crate::connection::{
    Appraised, AttestedQuorum, Connection, Prepared, Provisioning, Source, Uploaded, incomplete,
};
use crate::dial::HostAddress;
use crate::error::Error;
use crate::line::{Dial, Line};
use crate::rate::RateLimit;

/// Where the isolates of a quorum are, and who asks.
#[derive(Clone, Debug)]
pub struct QuorumDial {
    /// The hosts, in any order.
    pub hosts: Vec<HostAddress>,
    /// The participant's own copy of the policy.
    pub policy: Arc<Policy>,
    /// Who it is.
    pub identity: Identity,
    /// See [`Connection::attest`].
    pub accept_unprotected: bool,
    /// See [`Connection::with_collateral`].
    pub collateral: Arc<Collateral>,
    /// See [`Connection::with_rate_limit`]: for all isolates together.
    pub limit: RateLimit,
}

/// Attested connections to every isolate that the policy demands, in the policy's order.
///
/// ```no_run
/// # async fn example(
/// #     policy: std::sync::Arc<veracruz_client::Policy>, identity: veracruz_client::Identity,
/// #     ledger: &veracruz_client::Ledger,
/// # ) -> Result<(), veracruz_client::Error> {
/// use veracruz_client::{Provisioning, Quorum, QuorumDial, Source, WaitOptions};
/// # let file = veracruz_client::FilePath::parse("/input/acme.csv").unwrap();
///
/// let now = veracruz_client::now();
/// let dial = QuorumDial {
///     hosts: vec!["one.example:7443".into(), "two.example:7443".into()],
///     policy,
///     identity,
///     accept_unprotected: false,
///     collateral: Default::default(),
///     limit: Default::default(),
/// };
/// let mut quorum = Quorum::attest(&dial, now).await?;
/// let provisioning = Provisioning { ledger, again: false, now };
/// quorum.approve(provisioning).await?;
/// let source = Source::File("overlap.csv".into());
/// quorum.upload(&file, &source, provisioning, &mut |_, _| {}).await?;
/// let run = quorum.run(WaitOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Quorum {
    members: Vec<Member>,
    quorum: AttestedQuorum,
    dial: QuorumDial,
}

#[derive(Debug)]
struct Member {
    host: HostAddress,
    connection: Connection<Attested>,
    appraised: Appraised,
}

/// One isolate of a quorum, for people to look at.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct QuorumMemberView<'a> {
    /// Where it was dialled.
    pub host: &'a str,
    /// Its key.
    pub instance: InstanceId,
    /// What its evidence proved it to be.
    pub kind: IsolateKind,
    /// All that its evidence proved.
    pub appraised: &'a Appraised,
}

impl Quorum {
    /// Dials all hosts and attests what is there. Nothing is entrusted to any isolate before all of
    /// them were found good, and to be the kinds that the policy demands.
    ///
    /// # Errors
    /// [`Error::QuorumIncomplete`]; those of [`Connection::open`] and [`Connection::attest`].
    pub async fn attest(dial: &QuorumDial, now: Timestamp) -> Result<Self, Error> {
        let kinds = dial.policy.quorum();
        if dial.hosts.len() != kinds.len() {
            let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
            return Err(incomplete(
                &format!(
                    "{} hosts, one for each of {}",
                    kinds.len(),
                    names.join(", ")
                ),
                &dial.hosts.len().to_string(),
            ));
        }
        let mut found = Vec::new();
        for host in &dial.hosts {
            let (policy, identity) = (&dial.policy, &dial.identity);
            let connection = Connection::open(host, policy, identity, None, now).await?;
            let connection = connection
                .with_collateral(Arc::clone(&dial.collateral))
                .with_rate_limit(dial.limit.clone());
            let (connection, appraised) = connection.attest(dial.accept_unprotected, now).await?;
            found.push((host.clone(), connection, appraised));
        }
        let place = |appraised: &Appraised| {
            kinds
                .iter()
                .position(|kind| Some(*kind) == appraised.kind())
        };
        found.sort_by_key(|(_, _, appraised)| place(appraised).unwrap_or(usize::MAX));
        let (hosts, proven): (Vec<_>, Vec<_>) = found
            .into_iter()
            .map(|(host, connection, appraised)| (host, (connection, appraised)))
            .unzip();
        let quorum = AttestedQuorum::of(&proven)?;
        let members = hosts
            .into_iter()
            .zip(proven)
            .map(|(host, (connection, appraised))| {
                Ok(Member {
                    host,
                    connection: connection.in_quorum(&quorum)?,
                    appraised,
                })
            });
        Ok(Self {
            members: members.collect::<Result<_, Error>>()?,
            quorum,
            dial: dial.clone(),
        })
    }

    /// The isolates, as they are signed.
    #[must_use]
    pub fn set(&self) -> &QuorumSet {
        self.quorum.set()
    }

    /// The isolates, in the policy's order.
    pub fn members(&self) -> impl Iterator<Item = QuorumMemberView<'_>> {
        let kinds = self.set().members();
        self.members
            .iter()
            .zip(kinds)
            .map(|(member, signed)| QuorumMemberView {
                host: member.host.address(),
                instance: member.connection.instance(),
                kind: signed.kind,
                appraised: &member.appraised,
            })
    }

    /// Asks each how far it is.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn statuses(&mut self) -> Result<Vec<Status>, Error> {
        let mut all = Vec::new();
        for member in &mut self.members {
            all.push(member.connection.status().await?);
        }
        Ok(all)
    }

    /// Signs one statement that names all of them, and hands it in at each.
    ///
    /// # Errors
    /// [`Error::QuorumUnsigned`] where somebody who must approve has signed other isolates, before
    /// anything is sent; those of [`Connection::approve`].
    pub async fn approve(&mut self, provisioning: Provisioning<'_>) -> Result<String, Error> {
        let statuses = self.checked(provisioning.now).await?;
        let mut members = self.members.iter_mut().zip(statuses);
        let Some((first, status)) = members.next() else {
            return Err(incomplete("isolates", "none"));
        };
        let jws = first.connection.approve(&status, provisioning).await?;
        for (member, _) in members {
            member.connection.submit_jws(&jws, provisioning).await?;
        }
        Ok(jws)
    }

    /// Uploads a file to each, with one salt and one share, going on where a line breaks. Returns
    /// when all have committed it.
    ///
    /// # Errors
    /// [`Error::QuorumUnsigned`] before anything is sent; those of
    /// [`Line::upload`](crate::Line::upload).
    pub async fn upload(
        &mut self,
        path: &FilePath,
        source: &Source,
        provisioning: Provisioning<'_>,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Vec<Uploaded>, Error> {
        let prepared = source.prepare().await?;
        self.upload_prepared(path, &prepared, provisioning, progress)
            .await
    }

    /// As [`Quorum::upload`], of what was read already.
    ///
    /// # Errors
    /// As there.
    pub async fn upload_prepared(
        &mut self,
        path: &FilePath,
        prepared: &Prepared,
        provisioning: Provisioning<'_>,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Vec<Uploaded>, Error> {
        self.checked(provisioning.now).await?;
        let mut all = Vec::new();
        let count = u64::try_from(self.members.len()).unwrap_or(u64::MAX);
        for (member, before) in self.members.iter().zip(0_u64..) {
            let mut part = |so_far: u64, length: u64| {
                let sent = length.saturating_mul(before).saturating_add(so_far);
                progress(sent, length.saturating_mul(count));
            };
            let line = Line::new(self.dial_of(member), provisioning.now);
            let mut line = line.in_quorum(&self.quorum);
            let sent = line.upload(path, prepared, provisioning, &mut part);
            all.push(sent.await?);
        }
        Ok(all)
    }

    /// Withdraws at each of them, whatever the others answer.
    ///
    /// # Errors
    /// The first that is met, after all were asked.
    pub async fn withdraw(&mut self) -> Result<Vec<WithdrawalAnswer>, Error> {
        let mut answers = Vec::new();
        let mut failed = None;
        for member in &mut self.members {
            match member.connection.withdraw().await {
                Ok(answer) => answers.push(answer),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(answers), Err)
    }

    /// The status of each, after nothing in them contradicts this quorum.
    async fn checked(&mut self, now: Timestamp) -> Result<Vec<Status>, Error> {
        let statuses = self.statuses().await?;
        for (member, status) in self.members.iter().zip(&statuses) {
            member.connection.check_quorum(status, now)?;
        }
        Ok(statuses)
    }

    fn dial_of(&self, member: &Member) -> Dial {
        Dial {
            host: member.host.clone(),
            policy: Arc::clone(&self.dial.policy),
            identity: self.dial.identity.clone(),
            instance: member.connection.instance(),
            accept_unprotected: self.dial.accept_unprotected,
            collateral: Arc::clone(&self.dial.collateral),
            limit: self.dial.limit.clone(),
        }
    }
}

/// The latest of several runs of one number, for a caller who wants one word for all.
fn worst(states: &[RunState]) -> Option<&RunState> {
    use veracruz_protocol::RunOutcome::{Agreeing, Failed, Finished, Running, Withheld};
    states.iter().max_by_key(|state| match state.outcome {
        Finished => 0,
        Running => 1,
        Agreeing => 2,
        Withheld => 3,
        Failed => 4,
    })
}

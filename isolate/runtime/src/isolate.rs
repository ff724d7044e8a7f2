//! What all connections share: the computation, its files, its key, and the way to evidence.

use crate::attestor::Attestor;
use crate::fault::Fault;
use crate::platform::EvidenceSource;
use crate::seats::Seats;
use crate::secret::Secret;
use crate::storage::{Erased, Storage};
use crate::work::Work;
use rustls::ServerConfig;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use veracruz_computation::{Computation, Effect, Reply, Setup};
use veracruz_engine::Spawner;
use veracruz_policy::{InstanceId, Policy, PolicyHash};
use veracruz_protocol::control::Health;
use veracruz_protocol::{Problem, StateTag};
use veracruz_session::{Identity, IsolateName, Presented, server_config_presenting, server_name};

/// One isolate with its policy installed.
pub(crate) struct Isolate {
    pub(crate) policy: Policy,
    pub(crate) identity: Identity,
    /// The certificate that TLS shows.
    pub(crate) presented: Arc<Presented>,
    pub(crate) tls: Arc<ServerConfig>,
    /// For what nobody waits for. Connections ask the attestor.
    pub(crate) evidence: Arc<dyn EvidenceSource>,
    pub(crate) attestor: Attestor,
    pub(crate) spawner: Spawner,
    pub(crate) seats: Arc<Seats>,
    work: Work,
    state: Mutex<State>,
    changed: watch::Sender<StateTag>,
}

/// Everything that changes, behind one lock that is held for moments: never while anything is
/// read from or written to a connection, and never while a program is compiled or run.
pub(crate) struct State {
    pub(crate) computation: Computation,
    pub(crate) storage: Storage,
}

impl Isolate {
    /// An isolate for `policy`, with a key made here and now, and the threads that work for it.
    pub(crate) fn start(
        policy: Policy,
        evidence: Box<dyn EvidenceSource>,
        spawner: Spawner,
    ) -> Result<Arc<Self>, Fault> {
        let evidence = Arc::<dyn EvidenceSource>::from(evidence);
        // Before the measurement: on some platforms the policy is part of it.
        evidence
            .fix_policy(&policy.hash())
            .map_err(|_| Fault::Evidence)?;
        let identity = Identity::generate("veracruz isolate").map_err(|_| Fault::Randomness)?;
        let participants = policy
            .participants()
            .iter()
            .map(|participant| participant.key);
        let presented = Presented::new(&identity);
        let tls = server_config_presenting(
            Arc::clone(&presented),
            participants.collect(),
            policy.hash(),
        )
        .map_err(|_| Fault::Internal)?;
        let computation = Computation::new(Setup {
            policy: policy.clone(),
            instance: InstanceId::from(identity.key()),
            measurement: evidence.measurement().map_err(|_| Fault::Evidence)?,
            secret: Secret::generate()?,
        });
        let (changed, _) = watch::channel(computation.tag());
        let (work, orders) = Work::new();
        let isolate = Arc::new(Self {
            policy,
            identity,
            presented,
            tls: Arc::new(tls),
            attestor: Attestor::start(Arc::clone(&evidence))?,
            evidence,
            spawner,
            seats: Seats::new(),
            work,
            state: Mutex::new(State {
                computation,
                storage: Storage::default(),
            }),
            changed,
        });
        orders.start(&isolate)?;
        Ok(isolate)
    }

    /// The computation's policy.
    pub(crate) fn policy_hash(&self) -> PolicyHash {
        self.policy.hash()
    }

    /// This isolate's key, as a name.
    pub(crate) fn instance(&self) -> InstanceId {
        InstanceId::from(self.identity.key())
    }

    /// The name under which it is dialled.
    pub(crate) fn name(&self) -> String {
        server_name(&self.policy_hash(), None)
    }

    /// Whether a name is one of this isolate's two.
    pub(crate) fn answers_to(&self, name: &IsolateName) -> bool {
        name.policy == self.policy_hash()
            && name
                .instance
                .is_none_or(|instance| instance == self.instance())
    }

    /// The state, for as long as the guard lives. A poisoned lock is one whose holder panicked
    /// between two steps of an event: nothing may be believed of the state then, and everything
    /// in it is better lost than told to somebody. What is looked up and changed under the lock
    /// starts no thread and takes no size from outside, so no participant can bring that about.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|_| std::process::abort())
    }

    /// Looks at the state.
    pub(crate) fn look<T>(&self, question: impl FnOnce(&State) -> T) -> T {
        question(&self.state())
    }

    /// Changes the state by a step that has no effects outside it.
    pub(crate) fn change<T>(&self, step: impl FnOnce(&mut State) -> T) -> T {
        step(&mut self.state())
    }

    /// Lets the state machine handle an event, and carries out what follows from it before anyone
    /// else can see the state.
    pub(crate) fn handle<T>(
        &self,
        event: impl FnOnce(&mut State) -> Reply<T>,
    ) -> Result<T, Problem> {
        let mut erased = Vec::new();
        let mut state = self.state();
        let reply = event(&mut state);
        for effect in reply.effects {
            erased.extend(self.carry_out(&mut state, effect));
        }
        drop(state);
        // Before the answer, but without keeping the others waiting.
        drop(erased);
        reply.answer
    }

    fn carry_out(&self, state: &mut State, effect: Effect) -> Option<Erased> {
        match effect {
            Effect::Erase(id) => {
                self.work.forget(id);
                return Some(state.storage.erase(id));
            }
            Effect::Notify(tag) => drop(self.changed.send_replace(tag)),
            Effect::Compile { storage, path, .. } => self.work.compile(storage, path),
            Effect::StartRun(plan) => self.work.run(*plan),
            Effect::MakeReceipt { run, payload } => self.work.make_receipt(run, payload),
            Effect::SignAgreement(agreement) => self.work.sign_agreement(agreement),
            _ => {}
        }
        None
    }

    /// Tells of every new state, from the present one on.
    pub(crate) fn watch(&self) -> watch::Receiver<StateTag> {
        self.changed.subscribe()
    }

    /// What the host may know.
    pub(crate) fn health(&self) -> Health {
        Health {
            state: self.look(|state| state.computation.state(now())),
            connections: self.seats.taken(),
        }
    }
}

/// This isolate's clock, in seconds since 1970. Its host sets it.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

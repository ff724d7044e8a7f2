//! The isolates that this attester started.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use veracruz_policy::{PolicyHash, Sha256};

use super::evidence::EvidenceLine;
use super::machines::Machine;
use crate::sandbox::Group;
use crate::wire::{Exit, IsolateId, IsolateState, Landlock, Listed};

/// Isolates that run at once.
pub(super) const MAX_RUNNING: usize = 256;
/// Ended ones that are remembered for the host to read about.
const MAX_ENDED: usize = 64;

/// A running isolate. Its measurement and its policy are set when it is started and never again.
pub(super) struct Running {
    pub(super) image: Sha256,
    pub(super) policy: PolicyHash,
    pub(super) pid: u32,
    pub(super) group: Group,
    /// The host's own, of no meaning here.
    pub(super) note: Vec<u8>,
    pub(super) process: OwnedFd,
    /// None where nobody here vouches for it, or once the isolate has closed its end.
    pub(super) evidence: Option<EvidenceLine>,
    pub(super) body: Body,
}

/// What an isolate is, and what the host needs to talk to it.
pub(super) enum Body {
    /// A sandboxed process.
    Process {
        landlock: Landlock,
        control: OwnedFd,
        connections: OwnedFd,
    },
    /// A virtual machine.
    Machine(Machine),
}

impl Running {
    /// Ends it, without waiting for that.
    pub(super) fn end(&self) -> Result<(), Errno> {
        match &self.body {
            Body::Process { .. } => pidfd_send_signal(&self.process, Signal::KILL),
            Body::Machine(machine) => {
                machine.warden.end();
                Ok(())
            }
        }
    }

    /// What lists call its kind.
    fn kind(&self) -> String {
        match &self.body {
            Body::Process { .. } => "process".into(),
            Body::Machine(machine) => machine.kind.clone(),
        }
    }
}

/// All isolates, running and ended.
#[derive(Default)]
pub(super) struct Isolates {
    running: BTreeMap<IsolateId, Running>,
    /// The one that ended first is the first.
    ended: Vec<Listed>,
}

impl Isolates {
    pub(super) fn insert(&mut self, id: IsolateId, isolate: Running) {
        self.running.insert(id, isolate);
    }

    pub(super) fn is_full(&self) -> bool {
        self.running.len() >= MAX_RUNNING
    }

    pub(super) fn is_known(&self, id: IsolateId) -> bool {
        self.running.contains_key(&id) || self.exit(id).is_some()
    }

    pub(super) fn running(&self) -> impl Iterator<Item = (IsolateId, &Running)> {
        self.running.iter().map(|(id, isolate)| (*id, isolate))
    }

    pub(super) fn get(&self, id: IsolateId) -> Option<&Running> {
        self.running.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: IsolateId) -> Option<&mut Running> {
        self.running.get_mut(&id)
    }

    /// How an isolate ended, if it did.
    pub(super) fn exit(&self, id: IsolateId) -> Option<Exit> {
        self.ended
            .iter()
            .find(|listed| listed.id == id)
            .and_then(|listed| match listed.state {
                IsolateState::Ended(exit) => Some(exit),
                IsolateState::Running { .. } => None,
            })
    }

    /// Reaps an isolate's process if it has ended, closes its channels and remembers how it ended.
    /// Its control group is left to the caller.
    pub(super) fn bury(&mut self, id: IsolateId) -> Option<(Exit, Group)> {
        let mut exit = reap(self.running.get(&id)?)?;
        let mut isolate = self.running.remove(&id)?;
        if let Body::Machine(machine) = &mut isolate.body {
            exit = machine.exit().unwrap_or(exit);
            // Its warden did so already, unless it was killed.
            if let Err(error) = veracruz_machine::remove(&machine.warden.folder) {
                tracing::warn!(isolate = %id, %error, "a machine's folder is left");
            }
        }
        if self.ended.len() >= MAX_ENDED {
            self.ended.remove(0);
        }
        self.ended.push(Listed {
            id,
            kind: isolate.kind(),
            image: isolate.image,
            policy: isolate.policy,
            state: IsolateState::Ended(exit),
        });
        Some((exit, isolate.group))
    }

    pub(super) fn forget(&mut self, id: IsolateId) {
        self.ended.retain(|listed| listed.id != id);
    }

    pub(super) fn list(&self) -> Vec<Listed> {
        let running = self.running.iter().map(|(id, isolate)| Listed {
            id: *id,
            kind: isolate.kind(),
            image: isolate.image,
            policy: isolate.policy,
            state: IsolateState::Running { pid: isolate.pid },
        });
        running.chain(self.ended.iter().cloned()).collect()
    }
}

/// None while it runs.
fn reap(isolate: &Running) -> Option<Exit> {
    let process = WaitId::PidFd(isolate.process.as_fd());
    match waitid(process, WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
        Ok(Some(status)) => {
            let code = status.exit_status().map(Exit::Code);
            let signal = || status.terminating_signal().map(Exit::Signal);
            Some(code.or_else(signal).unwrap_or(Exit::Unknown))
        }
        Ok(None) | Err(Errno::INTR) => None,
        Err(_) => Some(Exit::Unknown),
    }
}

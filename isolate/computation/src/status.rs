//! What a participant may know about the computation.

use alloc::{borrow::ToOwned, vec::Vec};

use veracruz_policy::{File, Participant};
use veracruz_protocol::{
    ApprovalView, ComputationState, FileRole, FileView, Missing, Presence, ProgramState,
    RunOutcome, RunsView, Status,
};

use crate::{
    Computation, Session,
    files::{Compilation, Slot},
    uploads::Unfinished,
};

impl Computation {
    /// `GET /v1/status`, which is answered before attestation too: it is the client that is
    /// protected by attesting, and it has sent nothing yet.
    #[must_use]
    pub fn status(&self, session: &Session, now: i64) -> Status {
        let time = self.time(now);
        let approval = |participant: &Participant| ApprovalView {
            participant: participant.name.clone(),
            required: self.must_approve(&participant.name),
            withdrawal: self.approvals.withdrawal(&participant.name),
            statement: self
                .approvals
                .statement(&participant.name)
                .map(ToOwned::to_owned),
        };
        Status {
            state: self.state(now),
            policy: self.policy.hash(),
            instance: self.instance,
            you: session.participant.clone(),
            tag: self.tag(),
            runs: RunsView {
                allowed: self.policy.approval().runs,
                started: self.runs.started(),
            },
            missing: self.missing(time),
            approvals: self.policy.participants().iter().map(approval).collect(),
            files: self
                .policy
                .files()
                .iter()
                .map(|file| self.file_view(session, file))
                .collect(),
            run: self
                .runs
                .last()
                .map(|record| self.run_state(session, record)),
        }
    }

    /// One word for where the computation stands; the host may know it too.
    #[must_use]
    pub fn state(&self, now: i64) -> ComputationState {
        let time = self.time(now);
        if self.closed {
            return ComputationState::Closed;
        }
        if self.runs.running() {
            return ComputationState::Running;
        }
        if self.runs.agreeing() {
            return ComputationState::Agreeing;
        }
        if self.can_run_again(time) {
            return match self.missing(time).is_empty() {
                true => ComputationState::Ready,
                false => ComputationState::Awaiting,
            };
        }
        match self.runs.last().map(|record| record.outcome()) {
            Some(RunOutcome::Finished) => ComputationState::Finished,
            Some(RunOutcome::Failed) => ComputationState::Failed,
            Some(RunOutcome::Withheld) => ComputationState::Withheld,
            Some(RunOutcome::Running | RunOutcome::Agreeing) | None => ComputationState::Closed,
        }
    }

    /// What is missing before a run can start.
    pub(crate) fn missing(&self, time: i64) -> Vec<Missing> {
        let mut missing = Vec::new();
        for participant in self.policy.participants() {
            let name = &participant.name;
            let asked = self.must_approve(name) || self.runs.is_left_by(name);
            if asked && !self.has_approved(name, time) {
                missing.push(Missing::Approval {
                    participant: name.clone(),
                });
            }
        }
        if self.quorums_differ(time) {
            missing.push(Missing::Quorum);
        }
        for file in self.policy.files() {
            let (Some(provider), Some(slot)) = (&file.provider, self.slots.get(&file.path)) else {
                continue;
            };
            let path = file.path.clone();
            match slot
                .committed
                .as_ref()
                .map(|committed| &committed.compilation)
            {
                None => missing.push(Missing::File {
                    path,
                    provider: provider.clone(),
                }),
                Some(Compilation::Pending | Compilation::Refused(_)) => {
                    missing.push(Missing::Compilation { path });
                }
                Some(Compilation::NotAProgram | Compilation::Compiled) => {}
            }
        }
        missing
    }

    fn file_view(&self, session: &Session, file: &File) -> FileView {
        let mut view = FileView {
            path: file.path.clone(),
            role: self.role(file),
            provider: file.provider.clone(),
            presence: Presence::Hidden,
            content: None,
            upload: None,
            program: None,
            refusal: None,
        };
        let received = file.is_received_by(&session.participant);
        match self.slots.get(&file.path) {
            Some(slot) => self.describe_provided(session, file, slot, &mut view),
            None if received => {
                view.content = self.runs.released(&file.path).map(|output| output.content);
                view.presence = presence(view.content.is_some());
            }
            None => {}
        }
        view
    }

    fn describe_provided(&self, session: &Session, file: &File, slot: &Slot, view: &mut FileView) {
        let own = file.provider.as_ref() == Some(&session.participant);
        view.presence = presence(slot.committed.is_some());
        if own || view.role == FileRole::Program || file.is_received_by(&session.participant) {
            view.content = slot.content();
        }
        view.upload = slot.upload.as_ref().filter(|_| own).map(Unfinished::view);
        let compilation = slot
            .committed
            .as_ref()
            .map(|committed| &committed.compilation);
        view.program = match compilation {
            None | Some(Compilation::NotAProgram) => None,
            Some(Compilation::Pending) => Some(ProgramState::Compiling),
            Some(Compilation::Compiled) => Some(ProgramState::Compiled),
            Some(Compilation::Refused(reason)) => {
                view.refusal = own.then(|| reason.clone());
                Some(ProgramState::Refused)
            }
        };
    }

    fn role(&self, file: &File) -> FileRole {
        if self.is_program(&file.path) {
            FileRole::Program
        } else if file.provider.is_some() {
            FileRole::Input
        } else if file.intermediate {
            FileRole::Intermediate
        } else {
            FileRole::Output
        }
    }
}

fn presence(present: bool) -> Presence {
    match present {
        true => Presence::Present,
        false => Presence::Absent,
    }
}

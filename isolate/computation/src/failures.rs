//! Why a run failed, and who is told.

use alloc::string::String;

use veracruz_policy::Policy;
use veracruz_protocol::{FailureClass, StageFailure};

use crate::Session;

/// Why a run failed, as its shell tells it. What a participant learns of it, the policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stage, from 1; `None` where all of them ended well, and the isolate could not do the
    /// rest.
    pub stage: Option<u32>,
    /// What kind of failure it is.
    pub class: FailureClass,
    /// The code with which the program ended itself, where it did.
    pub exit_code: Option<u32>,
    /// The trap, or the limit and its value, in words. Beside an exit code: the limit that was met
    /// before.
    pub reason: Option<String>,
}

impl Failure {
    /// The isolate failed, and no stage.
    pub(crate) const fn of_the_isolate() -> Self {
        Self {
            stage: None,
            class: FailureClass::Isolate,
            exit_code: None,
            reason: None,
        }
    }

    /// What a participant is told: the exit code where the stage names it in `exit_code`, the
    /// reason where in `trap`, and nothing at all where neither leaves anything to tell.
    pub(crate) fn told_to(&self, session: &Session, policy: &Policy) -> Option<StageFailure> {
        let name = &session.participant;
        let Some(stage) = self.stage else {
            // It tells that every stage ended well, so it is for those who may know of each.
            let told = policy
                .pipeline()
                .iter()
                .all(|stage| stage.trap.contains(name));
            return told.then(|| self.view(None, self.reason.as_deref()));
        };
        let index = usize::try_from(stage.checked_sub(1)?).ok()?;
        let stage = policy.pipeline().get(index)?;
        let exit_code = self.exit_code.filter(|_| stage.exit_code.contains(name));
        let reason = self.reason.as_deref().filter(|_| stage.trap.contains(name));
        // Somebody named in `trap` hears of every end but an exit code, with or without words.
        let told = match self.exit_code {
            Some(_) => exit_code.is_some() || reason.is_some(),
            None => stage.trap.contains(name),
        };
        told.then(|| self.view(exit_code, reason))
    }

    fn view(&self, exit_code: Option<u32>, reason: Option<&str>) -> StageFailure {
        // The class follows from the reason: without it, an exit code is all there is to know.
        let class = match (exit_code, reason) {
            (Some(_), None) => FailureClass::Program,
            _ => self.class,
        };
        StageFailure {
            stage: self.stage,
            class,
            exit_code,
            reason: reason.map(StageFailure::reason),
        }
    }
}

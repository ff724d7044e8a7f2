//! `execution`.

use super::{
    At, Errors,
    limits::{Bytes, GivenLimits, limits, written_by_all},
    object::{Fields, Object},
};
use crate::{Clock, Execution, File, Nan, Random, Strategy};

pub(crate) const EXECUTION: Fields = Fields {
    unit: "field",
    known: &[
        "strategy",
        "random",
        "clock",
        "nan",
        "memory",
        "time",
        "cpu_time",
        "stack",
        "tables",
        "module_bytes",
        "files",
        "open_files",
        "written_bytes",
        "args_bytes",
        "env_bytes",
        "fuel",
        "stdout_bytes",
        "stderr_bytes",
    ],
    later: &[],
};

/// The section before the files are known.
#[derive(Default)]
pub(super) struct GivenExecution {
    execution: Execution,
    given: GivenLimits,
}

/// The section with everything that does not depend on a stage.
pub(super) struct ResolvedExecution {
    execution: Execution,
    /// Stages fill in from what was given, not from what was resolved.
    pub(super) given: GivenLimits,
}

impl GivenExecution {
    pub(super) fn resolve(self, files: &[File]) -> ResolvedExecution {
        ResolvedExecution {
            execution: Execution {
                limits: self.given.resolve(Bytes {
                    written: written_by_all(files),
                    // Only a stage has streams.
                    stdout: 0,
                    stderr: 0,
                }),
                ..self.execution
            },
            given: self.given,
        }
    }
}

impl ResolvedExecution {
    pub(super) fn into_execution(self) -> Execution {
        self.execution
    }
}

pub(super) fn execution(at: At<'_>, errors: &mut Errors<'_>) -> Option<GivenExecution> {
    let object = Object::open(at, &EXECUTION, errors)?;
    let strategy = object.optional("strategy", errors, |at, errors| {
        at.word(
            &["compiled", "interpreted"],
            &[Strategy::Compiled, Strategy::Interpreted],
            &[],
            errors,
        )
    });
    let random = object.optional("random", errors, |at, errors| {
        at.word(&["seeded"], &[Random::Seeded], &["none", "isolate"], errors)
    });
    let clock = object.optional("clock", errors, |at, errors| {
        at.word(&["fixed"], &[Clock::Fixed], &["logical", "host"], errors)
    });
    let nan = object.optional("nan", errors, |at, errors| {
        at.word(
            &["native", "canonical"],
            &[Nan::Native, Nan::Canonical],
            &[],
            errors,
        )
    });
    let given = limits(&object, errors);
    Some(GivenExecution {
        execution: Execution {
            strategy: strategy.unwrap_or_default(),
            random: random.unwrap_or_default(),
            clock: clock.unwrap_or_default(),
            nan: nan.unwrap_or_default(),
            ..Execution::default()
        },
        given,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::limits::STAGE_LIMITS;

    #[test]
    fn takes_every_limit_that_a_stage_takes() {
        for name in STAGE_LIMITS.known {
            assert!(EXECUTION.known.contains(name), "{name}");
        }
        assert_eq!(EXECUTION.later, STAGE_LIMITS.later);
    }
}

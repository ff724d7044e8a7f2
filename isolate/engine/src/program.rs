//! A compiled program, as the runtime holds it, and the runs of it.

use std::{
    collections::BTreeSet,
    os::fd::AsFd as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    cancel::Cancel,
    channel::ChannelError,
    error::{Death, EngineError, LimitMet, LimitName, Phase},
    memfd::{Area, Sealed},
    message::{PROGRAM_REPLY, ProgramReply, ProgramRequest, Refusal, Refused, decode, encode},
    run::Run,
    settings::{
        Input, MOST_FILES, MOST_INSTANCES, MOST_MEMORIES, Output, ProgramSettings, StageSettings,
    },
    spawner::{Spawner, Worker},
};

/// A program, compiled in a process of its own, which ends when this is dropped.
#[derive(Debug)]
pub struct Program {
    spawner: Spawner,
    module: Sealed,
    settings: ProgramSettings,
    /// Empty after a worker was lost: the next run compiles again.
    worker: Mutex<Option<Worker>>,
}

/// What came out of a run that ended by itself.
#[derive(Debug)]
#[non_exhaustive]
pub struct StageReport {
    /// What the program said at its end; 0 where it just returned.
    pub exit_code: u32,
    /// The outputs that exist, in the order in which they were asked for.
    pub outputs: Vec<Written>,
    /// What it printed, up to the limit.
    pub stdout: Sealed,
    /// What it complained about, up to the limit.
    pub stderr: Sealed,
    /// The most linear memory that it had, in bytes: the worker's word.
    pub peak_memory: u64,
    /// The fuel that it took, where the program is metered: the worker's word.
    pub fuel: Option<u64>,
    /// A limit that denied it something, where it ended by itself nevertheless.
    pub limit_met: Option<LimitMet>,
    /// Processor time of its process.
    pub cpu_time: Duration,
    /// Wall time, from the order to the reaping of its process.
    pub wall_time: Duration,
}

/// An output.
#[derive(Debug, Clone)]
pub struct Written {
    /// Where it was found.
    pub path: String,
    /// What is in it. It fits to be the next stage's input.
    pub content: Sealed,
}

impl Program {
    pub(crate) fn compile(
        spawner: Spawner,
        module: Sealed,
        settings: ProgramSettings,
        cancel: &Cancel,
    ) -> Result<Self, EngineError> {
        settings.check()?;
        let worker = compile(&spawner, &module, &settings, cancel)?;
        Ok(Self {
            spawner,
            module,
            settings,
            worker: Mutex::new(Some(worker)),
        })
    }

    /// Runs the program once, over these inputs. Blocks until its process is dead and reaped.
    /// Runs of one `Program` take turns; those of several go on at once.
    ///
    /// # Errors
    /// Says how the program failed or which limit it met. Outputs exist only without an error;
    /// an exit code other than 0 is none.
    pub fn run(
        &self,
        settings: StageSettings,
        inputs: &[Input],
        outputs: &[Output],
    ) -> Result<StageReport, EngineError> {
        settings.check(&self.settings)?;
        check_files(&settings, inputs, outputs)?;
        let run = Run::prepare(settings, inputs, outputs)?;
        let mut slot = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        let worker = match slot.take() {
            Some(worker) => worker,
            None => compile(&self.spawner, &self.module, &self.settings, &Cancel::new())?,
        };
        match run.send_and_wait(&worker) {
            Ok(ended) => {
                *slot = Some(worker);
                drop(slot);
                run.finish(&ended, &self.settings)
            }
            Err(error) => Err(explain(error, worker, Phase::Running)),
        }
    }
}

/// Starts a process and has it compile the module.
fn compile(
    spawner: &Spawner,
    module: &Sealed,
    settings: &ProgramSettings,
    cancel: &Cancel,
) -> Result<Worker, EngineError> {
    if module.len() > settings.max_module_bytes {
        return Err(refused(Refusal::TooLarge, module.len(), settings));
    }
    let worker = spawner.start()?;
    let watch = cancel.watch(&worker.channel)?;
    let last_words = LastWords::new()?;
    let request = ProgramRequest::Compile {
        len: module.len(),
        settings: settings.clone(),
    };
    let deadline = Instant::now().checked_add(settings.compile_time);
    let reply = worker
        .channel
        .send(
            &encode(&request),
            &[module.as_fd(), last_words.0.as_fd()],
            deadline,
        )
        .and_then(|()| worker.channel.receive(PROGRAM_REPLY, deadline));
    drop(watch);
    let reply = match reply {
        Ok(message) => decode(&message.bytes),
        Err(ChannelError::TimedOut) => {
            worker.kill()?;
            return Err(EngineError::Limit {
                name: LimitName::CompileTime,
                allowed: milliseconds(settings.compile_time),
                wanted: None,
            });
        }
        Err(ChannelError::Closed) if cancel.is_cancelled() => {
            worker.kill()?;
            return Err(EngineError::Cancelled);
        }
        Err(error) => {
            return Err(match explain(error, worker, Phase::Compiling) {
                EngineError::WorkerLost { .. } if last_words.tell_of_memory() => {
                    EngineError::Limit {
                        name: LimitName::CompileMemory,
                        allowed: settings.compile_memory,
                        wanted: None,
                    }
                }
                lost => lost,
            });
        }
    };
    match reply {
        Some(ProgramReply::Compiled) => Ok(worker),
        Some(ProgramReply::Refused(refusal)) => Err(refused(refusal, module.len(), settings)),
        Some(ProgramReply::Failed(errno)) => Err(EngineError::WorkerLost {
            phase: Phase::Compiling,
            cause: Death::Setup(errno),
        }),
        _ => Err(misbehaved("its answer to a module")),
    }
}

/// What a process says that aborts while it compiles: the allocator cannot fail otherwise.
struct LastWords(Area);

impl LastWords {
    /// Rust's are one line.
    const BYTES: u64 = 4096;

    fn new() -> Result<Self, EngineError> {
        let area = Area::create("last words", Self::BYTES);
        area.map(Self).map_err(|source| EngineError::System {
            during: "making room for what a worker says last",
            source,
        })
    }

    /// Whether it was for want of memory. May be a lie, as all that a worker says.
    fn tell_of_memory(self) -> bool {
        let Ok(words) = self.0.seal(Self::BYTES).and_then(|area| area.to_vec()) else {
            return false;
        };
        let words = String::from_utf8_lossy(&words);
        [
            // The default of `std::alloc::handle_alloc_error`.
            "memory allocation of ",
            // A thread that starts has a stack for signals.
            "failed to allocate an alternative stack",
            // A panic that shows an error of the kernel's, as text or for debugging.
            "(os error 12)",
            "kind: OutOfMemory",
        ]
        .iter()
        .any(|said| words.contains(said))
    }
}

fn check_files(
    settings: &StageSettings,
    inputs: &[Input],
    outputs: &[Output],
) -> Result<(), EngineError> {
    let invalid = |reason| Err(EngineError::InvalidSettings { reason });
    if inputs.len().saturating_add(outputs.len()) > MOST_FILES {
        return invalid(format!("more than {MOST_FILES} files"));
    }
    if let Some(stdin) = &settings.stdin
        && !inputs.iter().any(|input| input.path == *stdin)
    {
        return invalid(format!(
            "the standard input `{stdin}` is not among the inputs"
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = inputs.iter().find(|input| !seen.insert(&input.path)) {
        return invalid(format!("the input `{}` is given twice", twice.path));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = outputs.iter().find(|output| !seen.insert(&output.path)) {
        return invalid(format!("the output `{}` is asked for twice", twice.path));
    }
    Ok(())
}

/// Kills a worker with which something went wrong, and says what.
fn explain(error: ChannelError, worker: Worker, phase: Phase) -> EngineError {
    let death = match worker.kill() {
        Ok(death) => death,
        Err(lost) => return lost,
    };
    match error {
        ChannelError::Closed => EngineError::WorkerLost {
            phase,
            cause: death,
        },
        ChannelError::TimedOut => EngineError::WorkerLost {
            phase,
            cause: Death::Unresponsive,
        },
        ChannelError::Malformed(what) => misbehaved(what),
        ChannelError::System(source) => EngineError::System {
            during: "talking to a worker",
            source,
        },
    }
}

pub(crate) fn refused(refusal: Refusal, length: u64, settings: &ProgramSettings) -> EngineError {
    match refusal {
        Refusal::TooLarge => EngineError::Limit {
            name: LimitName::ModuleBytes,
            allowed: settings.max_module_bytes,
            wanted: Some(length),
        },
        Refusal::Invalid(reason) => EngineError::InvalidModule { reason },
        Refusal::Import { module, name } => EngineError::UnsupportedImport { module, name },
        Refusal::Signature {
            module,
            name,
            expected,
            found,
        } => EngineError::ImportSignature {
            module,
            name,
            expected,
            found,
        },
        Refusal::Export { name, expected } => EngineError::MissingExport { name, expected },
        Refusal::TooMany(Refused { limit, wanted }) => EngineError::Limit {
            name: limit,
            allowed: match limit {
                LimitName::Memories => MOST_MEMORIES as u64,
                LimitName::CompileMemory => settings.compile_memory,
                _ => MOST_INSTANCES as u64,
            },
            wanted,
        },
    }
}

pub(crate) fn misbehaved(reason: &str) -> EngineError {
    EngineError::WorkerMisbehaved {
        reason: reason.to_owned(),
    }
}

pub(crate) fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

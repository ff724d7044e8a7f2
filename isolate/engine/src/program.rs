//! A compiled program, as the runtime holds it, and the runs of it.

use std::{
    collections::BTreeSet,
    io,
    os::fd::{AsFd as _, BorrowedFd},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    channel::ChannelError,
    error::{Death, EngineError, LimitName, Phase, Trap},
    memfd::{Area, Sealed},
    message::{
        Ending, Order, Outcome, PROGRAM_REPLY, Placed, ProgramReply, ProgramRequest, REPORT_BYTES,
        Refusal, Report, decode, encode,
    },
    settings::{Input, MOST_FILES, Output, ProgramSettings, StageSettings},
    spawner::{Spawner, Worker},
};

/// What a worker may take beyond its own time limits, which it keeps itself: to start, to write
/// outputs, to be reaped. After that it is taken for hostile.
const GRACE: Duration = Duration::from_secs(5);

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
    /// The first limit that denied it growth, where it ended by itself nevertheless.
    pub limit_met: Option<LimitName>,
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
    ) -> Result<Self, EngineError> {
        settings.check()?;
        let worker = compile(&spawner, &module, &settings)?;
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
        settings.check()?;
        check_files(inputs, outputs)?;
        let run = Run::prepare(settings, inputs, outputs)?;
        let mut slot = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        let worker = match slot.take() {
            Some(worker) => worker,
            None => compile(&self.spawner, &self.module, &self.settings)?,
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
) -> Result<Worker, EngineError> {
    if module.len() > settings.max_module_bytes {
        return Err(refused(Refusal::TooLarge, module, settings));
    }
    let worker = spawner.start()?;
    let request = ProgramRequest::Compile {
        len: module.len(),
        settings: settings.clone(),
    };
    let deadline = Instant::now().checked_add(settings.compile_time);
    let reply = worker
        .channel
        .send(&encode(&request), &[module.as_fd()], deadline)
        .and_then(|()| worker.channel.receive(PROGRAM_REPLY, deadline));
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
        Err(error) => return Err(explain(error, worker, Phase::Compiling)),
    };
    match reply {
        Some(ProgramReply::Compiled) => Ok(worker),
        Some(ProgramReply::Refused(refusal)) => Err(refused(refusal, module, settings)),
        Some(ProgramReply::Failed(errno)) => Err(EngineError::WorkerLost {
            phase: Phase::Compiling,
            cause: Death::Setup(errno),
        }),
        _ => Err(misbehaved("its answer to a module")),
    }
}

/// An order and the files that go with it.
struct Run {
    order: Order,
    inputs: Vec<Sealed>,
    report: Area,
    stdout: Area,
    stderr: Area,
    outputs: Vec<Area>,
}

/// What the program's process says about a run.
struct Ended {
    ending: Ending,
    wall_time: Duration,
    cpu_time: Duration,
}

impl Run {
    fn prepare(
        settings: StageSettings,
        inputs: &[Input],
        outputs: &[Output],
    ) -> Result<Self, EngineError> {
        let area = |name, bytes| {
            Area::create(name, bytes).map_err(|source| EngineError::System {
                during: "making room for a program's output",
                source,
            })
        };
        Ok(Self {
            report: area("report", REPORT_BYTES as u64)?,
            stdout: area("stdout", settings.stdout_bytes)?,
            stderr: area("stderr", settings.stderr_bytes)?,
            outputs: outputs
                .iter()
                .map(|output| area("output", output.max_bytes))
                .collect::<Result<_, _>>()?,
            inputs: inputs.iter().map(|input| input.content.clone()).collect(),
            order: Order {
                settings,
                inputs: inputs
                    .iter()
                    .map(|input| placed(&input.path, input.content.len()))
                    .collect(),
                outputs: outputs
                    .iter()
                    .map(|output| placed(&output.path, output.max_bytes))
                    .collect(),
            },
        })
    }

    fn send_and_wait(&self, worker: &Worker) -> Result<Ended, ChannelError> {
        let own = [&self.report, &self.stdout, &self.stderr];
        let descriptors: Vec<BorrowedFd<'_>> = own
            .into_iter()
            .map(Area::as_fd)
            .chain(self.inputs.iter().map(Sealed::as_fd))
            .chain(self.outputs.iter().map(Area::as_fd))
            .collect();
        let deadline = Instant::now()
            .checked_add(self.order.settings.wall_time)
            .and_then(|deadline| deadline.checked_add(GRACE));
        // The order is lent to the request, and comes back.
        let request = encode(&OrderRequest(&self.order));
        worker.channel.send(&request, &descriptors, deadline)?;
        let message = worker.channel.receive(PROGRAM_REPLY, deadline)?;
        match decode(&message.bytes) {
            Some(ProgramReply::Ended {
                ending,
                wall_ns,
                cpu_ns,
            }) => Ok(Ended {
                ending,
                wall_time: Duration::from_nanos(wall_ns),
                cpu_time: Duration::from_nanos(cpu_ns),
            }),
            Some(ProgramReply::Failed(errno)) => {
                Err(ChannelError::System(io::Error::from_raw_os_error(errno)))
            }
            _ => Err(ChannelError::Malformed("its answer to an order")),
        }
    }

    /// Seals and reads what a dead worker left. All of it may be a lie.
    fn finish(self, ended: &Ended, program: &ProgramSettings) -> Result<StageReport, EngineError> {
        let settings = &self.order.settings;
        match ended.ending {
            Ending::OutOfTime => {
                return Err(over_time(LimitName::Time, settings.wall_time));
            }
            Ending::OutOfCpuTime => {
                return Err(over_time(LimitName::CpuTime, settings.cpu_time));
            }
            Ending::Died(Death::Exit(0)) => {}
            Ending::Died(cause) => {
                return Err(EngineError::WorkerLost {
                    phase: Phase::Running,
                    cause,
                });
            }
        }
        let report = read_report(self.report)?;
        let limit = |name, allowed, wanted| {
            Err(EngineError::Limit {
                name,
                allowed,
                wanted,
            })
        };
        let exit_code = match (report.outcome, report.refused) {
            (Outcome::Exited(code), _) => code,
            (Outcome::StackOverflow, _) => {
                return limit(LimitName::Stack, program.max_wasm_stack, None);
            }
            // A program that ends itself after it was refused memory fails for that reason.
            (Outcome::Trapped(Trap::Unreachable | Trap::Other), Some(refused)) => {
                let allowed = match refused.limit {
                    LimitName::Memory => settings.memory,
                    LimitName::Tables => settings.table_elements,
                    _ => return Err(misbehaved("a limit in its report")),
                };
                return limit(refused.limit, allowed, Some(refused.wanted));
            }
            (Outcome::Trapped(trap), _) => return Err(EngineError::Trap { trap }),
            (Outcome::OutputTooLarge { output, found }, _) => {
                let output = usize::try_from(output)
                    .ok()
                    .and_then(|output| self.order.outputs.get(output))
                    .ok_or_else(|| misbehaved("the number of an output"))?;
                return Err(EngineError::OutputTooLarge {
                    path: output.path.clone(),
                    allowed: output.bytes,
                    found,
                });
            }
            (Outcome::InvalidOrder(reason), _) => {
                return Err(EngineError::InvalidSettings { reason });
            }
            (Outcome::Failed(errno), _) => {
                return Err(EngineError::WorkerLost {
                    phase: Phase::Running,
                    cause: Death::Setup(errno),
                });
            }
        };
        if report.outputs.len() != self.outputs.len() || report.peak_memory > settings.memory {
            return Err(misbehaved("numbers in its report"));
        }
        let mut outputs = Vec::new();
        for ((area, len), placed) in self
            .outputs
            .into_iter()
            .zip(report.outputs)
            .zip(self.order.outputs)
        {
            if let Some(len) = len {
                outputs.push(Written {
                    path: placed.path,
                    content: seal(area, len)?,
                });
            }
        }
        Ok(StageReport {
            exit_code,
            outputs,
            stdout: seal(self.stdout, report.stdout)?,
            stderr: seal(self.stderr, report.stderr)?,
            peak_memory: report.peak_memory,
            limit_met: report.refused.map(|refused| refused.limit),
            cpu_time: ended.cpu_time,
            wall_time: ended.wall_time,
        })
    }
}

/// Spelled like [`ProgramRequest::Run`], without owning the order.
struct OrderRequest<'a>(&'a Order);

impl<C> minicbor::Encode<C> for OrderRequest<'_> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder
            .array(2)?
            .u32(1)?
            .array(1)?
            .encode_with(self.0, context)?
            .ok()
    }
}

fn seal(area: Area, len: u64) -> Result<Sealed, EngineError> {
    area.seal(len)
        .map_err(|error| misbehaved(&format!("a file that it left ({error})")))
}

fn read_report(area: Area) -> Result<Report, EngineError> {
    let wrong = || misbehaved("its report");
    let mut bytes = vec![0; REPORT_BYTES];
    let read = seal(area, REPORT_BYTES as u64)?
        .read_at(&mut bytes, 0)
        .map_err(|source| EngineError::System {
            during: "reading a worker's report",
            source,
        })?;
    let (length, rest) = bytes
        .get(..read)
        .and_then(|bytes| bytes.split_first_chunk())
        .ok_or_else(wrong)?;
    usize::try_from(u32::from_be_bytes(*length))
        .ok()
        .and_then(|length| rest.get(..length))
        .and_then(decode)
        .ok_or_else(wrong)
}

fn check_files(inputs: &[Input], outputs: &[Output]) -> Result<(), EngineError> {
    let invalid = |reason| Err(EngineError::InvalidSettings { reason });
    if inputs.len().saturating_add(outputs.len()) > MOST_FILES {
        return invalid(format!("more than {MOST_FILES} files"));
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

fn refused(refusal: Refusal, module: &Sealed, settings: &ProgramSettings) -> EngineError {
    match refusal {
        Refusal::TooLarge => EngineError::Limit {
            name: LimitName::ModuleBytes,
            allowed: settings.max_module_bytes,
            wanted: Some(module.len()),
        },
        Refusal::Component => EngineError::ComponentNotSupported,
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
    }
}

fn placed(path: &str, bytes: u64) -> Placed {
    Placed {
        path: path.to_owned(),
        bytes,
    }
}

fn misbehaved(reason: &str) -> EngineError {
    EngineError::WorkerMisbehaved {
        reason: reason.to_owned(),
    }
}

fn over_time(name: LimitName, allowed: Duration) -> EngineError {
    EngineError::Limit {
        name,
        allowed: milliseconds(allowed),
        wanted: None,
    }
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

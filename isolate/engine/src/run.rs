//! One run as the runtime sees it: what goes to the worker, and what of its answer is believed.

use std::{
    io,
    os::fd::{AsFd as _, BorrowedFd},
    time::{Duration, Instant},
};

use crate::{
    channel::ChannelError,
    error::{Death, EngineError, LimitMet, LimitName, Phase, Trap},
    memfd::{Area, Sealed},
    message::{
        Ending, Order, Outcome, PROGRAM_REPLY, Placed, ProgramReply, REPORT_BYTES, Refused, Report,
        decode, encode,
    },
    program::{StageReport, Written, milliseconds, misbehaved},
    settings::{Input, MOST_INSTANCES, MOST_MEMORIES, Output, ProgramSettings, StageSettings},
    spawner::Worker,
    worker::CALL_BYTES,
};

/// What a worker may take beyond its own time limits, which it keeps itself: to start, to write
/// outputs, to be reaped. After that it is taken for hostile.
const GRACE: Duration = Duration::from_secs(5);

/// An order and the files that go with it.
pub(crate) struct Run {
    order: Order,
    inputs: Vec<Sealed>,
    report: Area,
    stdout: Area,
    stderr: Area,
    outputs: Vec<Area>,
}

/// What the program's process says about a run.
#[derive(Debug)]
pub(crate) struct Ended {
    ending: Ending,
    wall_time: Duration,
    cpu_time: Duration,
}

impl Run {
    pub(crate) fn prepare(
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
            stdout: area("stdout", settings.stdout_bytes.unwrap_or(0))?,
            stderr: area("stderr", settings.stderr_bytes.unwrap_or(0))?,
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

    pub(crate) fn send_and_wait(&self, worker: &Worker) -> Result<Ended, ChannelError> {
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
    pub(crate) fn finish(
        self,
        ended: &Ended,
        program: &ProgramSettings,
    ) -> Result<StageReport, EngineError> {
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
        let exit_code = exit_code(
            report.outcome,
            report.refused,
            settings,
            program,
            &self.order.outputs,
        )?;
        let limit_met = report
            .refused
            .map(|refused| limit(refused, settings))
            .transpose()?;
        // Without a limit there is nothing to hold what it says against.
        let too_much_fuel = report.fuel > settings.fuel && settings.fuel.is_some();
        if report.outputs.len() != self.outputs.len()
            || report.peak_memory > settings.memory
            || report.fuel.is_some() != program.metered
            || too_much_fuel
        {
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
            fuel: report.fuel,
            limit_met,
            cpu_time: ended.cpu_time,
            wall_time: ended.wall_time,
        })
    }
}

/// The exit code of a program that ended by itself; or what kept it from that.
pub(crate) fn exit_code(
    outcome: Outcome,
    refused: Option<Refused>,
    settings: &StageSettings,
    program: &ProgramSettings,
    outputs: &[Placed],
) -> Result<u32, EngineError> {
    let exceeded = |name, allowed| {
        Err(EngineError::Limit {
            name,
            allowed,
            wanted: None,
        })
    };
    match (outcome, refused) {
        (Outcome::Exited(code), _) => Ok(code),
        (Outcome::StackOverflow, _) => exceeded(LimitName::Stack, program.max_wasm_stack),
        (Outcome::OutOfFuel, _) => match settings.fuel {
            Some(fuel) => exceeded(LimitName::Fuel, fuel),
            None => Err(misbehaved("a limit in its report")),
        },
        (Outcome::Beyond(refused), _) => Err(limit(refused, settings)?.into()),
        // A program that ends itself after it was denied something fails for that reason.
        (Outcome::Trapped(Trap::Unreachable | Trap::Other), Some(refused)) => {
            Err(limit(refused, settings)?.into())
        }
        (Outcome::Trapped(trap), _) => Err(EngineError::Trap { trap }),
        (Outcome::OutputTooLarge { output, found }, _) => {
            let output = usize::try_from(output)
                .ok()
                .and_then(|output| outputs.get(output))
                .ok_or_else(|| misbehaved("the number of an output"))?;
            Err(EngineError::OutputTooLarge {
                path: output.path.clone(),
                allowed: output.bytes,
                found,
            })
        }
        (Outcome::InvalidOrder(reason), _) => Err(EngineError::InvalidSettings { reason }),
        (Outcome::Failed(errno), _) => Err(EngineError::WorkerLost {
            phase: Phase::Running,
            cause: Death::Setup(errno),
        }),
    }
}

/// A limit that the worker says was met, with its value as it was set.
fn limit(refused: Refused, settings: &StageSettings) -> Result<LimitMet, EngineError> {
    let Refused {
        limit: name,
        wanted,
    } = refused;
    let allowed = match name {
        LimitName::Memory => settings.memory,
        LimitName::Tables => settings.table_elements,
        LimitName::Files => settings.files,
        LimitName::WrittenBytes => settings.written_bytes,
        LimitName::OpenFiles => settings.open_files.into(),
        LimitName::StdoutBytes => settings.stdout_bytes.unwrap_or(0),
        LimitName::StderrBytes => settings.stderr_bytes.unwrap_or(0),
        LimitName::Memories => MOST_MEMORIES as u64,
        LimitName::Instances | LimitName::TableCount => MOST_INSTANCES as u64,
        LimitName::CallBytes => CALL_BYTES as u64,
        // Those that are kept elsewhere.
        _ => return Err(misbehaved("a limit in its report")),
    };
    Ok(LimitMet {
        name,
        allowed,
        wanted,
    })
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

fn placed(path: &str, bytes: u64) -> Placed {
    Placed {
        path: path.to_owned(),
        bytes,
    }
}

fn over_time(name: LimitName, allowed: Duration) -> EngineError {
    EngineError::Limit {
        name,
        allowed: milliseconds(allowed),
        wanted: None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;
    use crate::memfd::write_all_at;

    const LOST: Ended = Ended {
        ending: Ending::Died(Death::Exit(0)),
        wall_time: Duration::ZERO,
        cpu_time: Duration::ZERO,
    };

    fn run() -> Run {
        let output = Output {
            path: "/out".into(),
            max_bytes: 4,
        };
        Run::prepare(StageSettings::new([0; 32].into()), &[], &[output]).unwrap()
    }

    /// What comes of a run whose worker left these bytes as its report.
    fn after_bytes(bytes: &[u8]) -> Result<StageReport, EngineError> {
        let run = run();
        write_all_at(run.report.as_fd(), bytes, 0).unwrap();
        run.finish(&LOST, &ProgramSettings::default())
    }

    fn after(report: &Report) -> Result<StageReport, EngineError> {
        let report = encode(report);
        let length = u32::try_from(report.len()).unwrap().to_be_bytes();
        after_bytes(&[&length, &*report].concat())
    }

    fn honest() -> Report {
        Report {
            outputs: vec![Some(4)],
            ..Report::of(Outcome::Exited(0))
        }
    }

    fn is_refused(result: Result<StageReport, EngineError>) {
        assert!(
            matches!(result, Err(EngineError::WorkerMisbehaved { .. })),
            "{result:?}"
        );
    }

    #[test]
    fn believes_an_honest_report() {
        let report = after(&honest()).unwrap();
        assert_eq!(report.outputs[0].content.len(), 4);
        assert_eq!(report.exit_code, 0);
    }

    #[test]
    fn a_worker_without_a_report_is_refused() {
        is_refused(after_bytes(&[]));
        is_refused(after_bytes(&[0xff; REPORT_BYTES]));
        is_refused(after_bytes(&[0, 0, 0, 3, 1, 2, 3]));
    }

    #[test]
    fn lengths_beyond_what_was_agreed_are_refused() {
        for forged in [
            Report {
                outputs: vec![Some(5)],
                ..honest()
            },
            Report {
                outputs: vec![Some(u64::MAX)],
                ..honest()
            },
            Report {
                outputs: vec![],
                ..honest()
            },
            Report {
                outputs: vec![None, None],
                ..honest()
            },
            Report {
                stdout: 1 << 40,
                ..honest()
            },
            Report {
                stderr: u64::MAX,
                ..honest()
            },
            Report {
                peak_memory: u64::MAX,
                ..honest()
            },
            Report::of(Outcome::OutputTooLarge {
                output: 1,
                found: 9,
            }),
        ] {
            is_refused(after(&forged));
        }
    }

    #[test]
    fn an_output_whose_seals_were_tampered_with_is_refused() {
        let run = run();
        let report = encode(&honest());
        let length = u32::try_from(report.len()).unwrap().to_be_bytes();
        write_all_at(run.report.as_fd(), &length, 0).unwrap();
        write_all_at(run.report.as_fd(), &report, 4).unwrap();
        // So that the runtime could not make it immutable any more.
        rustix::fs::fcntl_add_seals(&run.outputs[0], rustix::fs::SealFlags::SEAL).unwrap();
        is_refused(run.finish(&LOST, &ProgramSettings::default()));
    }

    #[test]
    fn an_order_is_lent_in_the_spelling_of_the_request() {
        use crate::message::ProgramRequest;
        let lent = encode(&OrderRequest(&run().order));
        assert_eq!(
            decode::<ProgramRequest>(&lent),
            Some(ProgramRequest::Run(run().order))
        );
    }
}

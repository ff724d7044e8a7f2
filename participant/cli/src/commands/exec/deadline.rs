//! The time limits of a program that runs in this process: it ends with the process.

use crate::error::CliError;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use veracruz_engine::local::{Ran, processor_time};
use veracruz_engine::{EngineError, LimitName};

/// How long each may take.
pub(super) struct TimeLimits {
    pub(super) compile: Duration,
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
}

/// How long it took.
#[derive(Default)]
pub(super) struct Running {
    pub(super) compiling: Duration,
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
}

/// Programs run on the stack of the thread that calls them, as in a worker.
const STACK: usize = 8 << 20;

/// Tells the thread that watches what the one that works has come to.
pub(super) struct Signal(Sender<Event>);

enum Event {
    Starts,
    Ended(Box<Result<Ran, EngineError>>),
}

impl Signal {
    /// The program is compiled, and its time begins.
    pub(super) fn starts(&self) {
        self.tell(Event::Starts);
    }

    fn tell(&self, event: Event) {
        // Where nobody listens any more, the process is ending.
        let _ = self.0.send(event);
    }
}

/// Does the work within the limits. Beyond one, the work goes on until the process ends, which the
/// caller sees to.
pub(super) fn within(
    limits: &TimeLimits,
    work: impl FnOnce(&Signal) -> Result<Ran, EngineError> + Send + 'static,
) -> Result<(Ran, Running), CliError> {
    let (events, received) = mpsc::channel();
    let worker = move || {
        let signal = Signal(events);
        let ended = work(&signal);
        signal.tell(Event::Ended(Box::new(ended)));
    };
    std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(worker)
        .map_err(|error| CliError::Service(error.to_string()))?;
    let mut running = Running::default();
    let start = Instant::now();
    let next = match received.recv_timeout(limits.compile) {
        Ok(event) => event,
        Err(RecvTimeoutError::Timeout) => {
            return Err(over(LimitName::CompileTime, limits.compile));
        }
        Err(RecvTimeoutError::Disconnected) => return Err(lost()),
    };
    running.compiling = start.elapsed();
    if let Event::Ended(ended) = next {
        return finish(*ended, running);
    }
    // All other threads are idle from here on: what the process takes, the program takes.
    let (start, before) = (Instant::now(), processor_time());
    loop {
        running.wall = start.elapsed();
        running.cpu = processor_time().saturating_sub(before);
        let Some(wall) = limits.wall.checked_sub(running.wall) else {
            return Err(over(LimitName::Time, limits.wall));
        };
        let Some(cpu) = limits.cpu.checked_sub(running.cpu) else {
            return Err(over(LimitName::CpuTime, limits.cpu));
        };
        // Processor time cannot run faster than wall time in one thread.
        let rest = wall.min(cpu).saturating_add(Duration::from_millis(1));
        match received.recv_timeout(rest) {
            Ok(Event::Ended(ended)) => {
                running.wall = start.elapsed();
                running.cpu = processor_time().saturating_sub(before);
                return finish(*ended, running);
            }
            Ok(Event::Starts) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(lost()),
        }
    }
}

fn finish(ended: Result<Ran, EngineError>, running: Running) -> Result<(Ran, Running), CliError> {
    Ok((ended?, running))
}

fn over(name: LimitName, allowed: Duration) -> CliError {
    let allowed = u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX);
    let wanted = None;
    EngineError::Limit {
        name,
        allowed,
        wanted,
    }
    .into()
}

/// The thread has panicked, which is our fault.
fn lost() -> CliError {
    CliError::Service("the engine broke down".to_owned())
}

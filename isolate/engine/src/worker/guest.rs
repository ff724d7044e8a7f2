//! One run of a program: its files, its limits, and what became of them.

use std::{io, os::fd::OwnedFd, sync::Arc};

use veracruz_intake::{START, cut};
use veracruz_vfs::{Quotas, Rights, Rules, Storage, Vfs};
use veracruz_wasi::{
    Config, Finished, IntoWasm as _, LimitMet, Limits, Sink, Wasi, interfaces::Interfaces,
};
use wasmtime::{
    AsContextMut as _, Caller, Engine, InstancePre, Linker, Memory, ResourceLimiter, Store,
};

use super::{
    CALL_BYTES,
    compile::{Compiled, Runnable},
    component,
    ending::outcome,
};
use crate::{
    error::LimitName,
    memfd::{Sealed, write_all_at},
    message::{Order, Outcome, Refused, Report},
    settings::{Clock, MOST_INSTANCES, MOST_MEMORIES, StageSettings},
};

/// What belongs to one run. `W` is what the program's functions act on.
pub(super) struct State<W> {
    pub(super) wasi: W,
    limiter: Limiter,
    memory: Option<Memory>,
}

/// The state of a core module that runs.
pub(super) type Guest = State<Wasi>;

/// The descriptors that come with an order.
pub(super) struct Descriptors {
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
    pub(super) inputs: Vec<OwnedFd>,
    pub(super) outputs: Vec<OwnedFd>,
}

/// All that core modules can import.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    macro_rules! bind {
        ([$linker:expr] $(fn $name:ident($($arg:ident: $ty:ty),* $(,)?);)*) => {$(
            $linker.func_wrap(
                veracruz_wasi::MODULE,
                stringify!($name),
                |mut caller: Caller<'_, Guest> $(, $arg: $ty)*| {
                    let memory = memory(&mut caller);
                    let (bytes, state) = match &memory {
                        Some(memory) => memory.data_and_store_mut(&mut caller),
                        // Every address in an empty memory is out of bounds.
                        None => (&mut [][..], caller.data_mut()),
                    };
                    state.wasi.$name(bytes $(, $arg)*)
                        .into_wasm()
                        .map_err(wasmtime::Error::from)
                },
            )?;
        )*};
    }
    veracruz_wasi::for_each_function!(bind, linker);
    Ok(linker)
}

/// The program's memory, looked up at the first call.
fn memory(caller: &mut Caller<'_, Guest>) -> Option<Memory> {
    if caller.data().memory.is_none() {
        let memory = caller.get_export("memory")?.into_memory();
        caller.data_mut().memory = memory;
    }
    caller.data().memory
}

/// Runs the program and fills the outputs.
pub(super) fn run(compiled: &Compiled, order: &Order, descriptors: Descriptors) -> Report {
    try_run(compiled, order, descriptors).unwrap_or_else(|error| Report::of(error.into()))
}

fn try_run(compiled: &Compiled, order: &Order, descriptors: Descriptors) -> Result<Report, Unable> {
    let mut vfs = files(&order.settings)?;
    let mut stdin = None;
    for (input, fd) in order.inputs.iter().zip(descriptors.inputs) {
        let content = Arc::new(Sealed::adopt(fd, input.bytes)?.map()?);
        if order.settings.stdin.as_ref() == Some(&input.path) {
            stdin = Some(Arc::clone(&content) as Arc<dyn Storage>);
        }
        vfs.provide(&input.path, content)
            .map_err(|error| Unable::order(&input.path, &error))?;
    }
    let mut config = surroundings(&order.settings, vfs);
    config.stdin = stdin;
    let (mut report, finished) = run_in(compiled, &order.settings, config)?;
    report.stdout = keep(&descriptors.stdout, &finished.stdout)?;
    report.stderr = keep(&descriptors.stderr, &finished.stderr)?;
    if matches!(report.outcome, Outcome::Exited(_)) {
        collect(&finished.vfs, order, &descriptors.outputs, &mut report)?;
    }
    Ok(report)
}

/// Runs the program in these surroundings, and gives back what it left in them.
pub(crate) fn run_in(
    compiled: &Compiled,
    settings: &StageSettings,
    config: Config,
) -> Result<(Report, Finished), Unable> {
    let wasi =
        Wasi::new(config).map_err(|error| Unable::order("the program's surroundings", &error))?;
    match &compiled.program {
        Runnable::Module(program) => {
            let call = |store: &mut Store<_>| call(program, store);
            let (report, wasi) = execute(compiled, settings, wasi, call)?;
            Ok(complete(report, wasi.finish()))
        }
        Runnable::Component(program) => {
            let call = |store: &mut Store<_>| component::call(program, store);
            let (report, wasi) = execute(compiled, settings, Interfaces::new(wasi), call)?;
            Ok(complete(report, wasi.finish()))
        }
    }
}

/// Adds to a report which limit of its files and streams a program met, where it met none of
/// memory.
fn complete(mut report: Report, finished: Finished) -> (Report, Finished) {
    let met = finished.limit_met.and_then(|met| {
        let limit = match met {
            LimitMet::WrittenBytes => LimitName::WrittenBytes,
            LimitMet::Files => LimitName::Files,
            LimitMet::OpenFiles => LimitName::OpenFiles,
            LimitMet::Stdout => LimitName::StdoutBytes,
            LimitMet::Stderr => LimitName::StderrBytes,
            _ => return None,
        };
        Some(Refused {
            limit,
            wanted: None,
        })
    });
    report.refused = report.refused.or(met);
    (report, finished)
}

/// Runs the program within its limits, and says what became of it.
fn execute<W: 'static>(
    compiled: &Compiled,
    settings: &StageSettings,
    wasi: W,
    call: impl FnOnce(&mut Store<State<W>>) -> wasmtime::Result<()>,
) -> Result<(Report, W), Unable> {
    let state = State {
        wasi,
        limiter: Limiter::new(settings),
        memory: None,
    };
    let mut store = Store::new(&compiled.engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(CALL_BYTES);
    let fuel = settings.fuel.unwrap_or(u64::MAX);
    if compiled.metered {
        store.set_fuel(fuel).map_err(io::Error::other)?;
    }
    let outcome = match call(&mut store) {
        Ok(()) => Outcome::Exited(0),
        Err(error) => outcome(&error),
    };
    // Fails where nothing was counted.
    let fuel = store.get_fuel().ok().map(|left| fuel.saturating_sub(left));
    let State { wasi, limiter, .. } = store.into_data();
    let report = Report {
        peak_memory: limiter.peak,
        refused: limiter.refused,
        fuel,
        ..Report::of(outcome)
    };
    Ok((report, wasi))
}

fn call(program: &InstancePre<Guest>, store: &mut Store<Guest>) -> wasmtime::Result<()> {
    let instance = program.instantiate(store.as_context_mut())?;
    instance
        .get_typed_func::<(), ()>(store.as_context_mut(), START)?
        .call(store, ())
}

/// Empty files with the rights and quotas of a stage.
pub(crate) fn files(settings: &StageSettings) -> Result<Vfs, Unable> {
    let Clock::Fixed { realtime_ns } = settings.clock;
    let mut rules = Rules::new();
    for right in &settings.rights {
        let rights = Rights {
            read: right.read,
            write: right.write,
        };
        rules
            .grant(&right.pattern, rights)
            .map_err(|error| Unable::order(&right.pattern, &error))?;
    }
    let quotas = Quotas {
        bytes: settings.written_bytes,
        files: settings.files,
    };
    Ok(Vfs::new(rules, quotas, realtime_ns))
}

/// Everything that a stage's program finds around it.
pub(crate) fn surroundings(settings: &StageSettings, vfs: Vfs) -> Config {
    let Clock::Fixed { realtime_ns } = settings.clock;
    let mut config = Config::new(vfs, settings.seed.bytes());
    config.args.clone_from(&settings.args);
    config.env.clone_from(&settings.env);
    config.realtime_ns = realtime_ns;
    let sink = |kept: Option<u64>| {
        let keep = |max_bytes| Sink::Keep { max_bytes };
        kept.map_or(Sink::Discard, keep)
    };
    config.stdout = sink(settings.stdout_bytes);
    config.stderr = sink(settings.stderr_bytes);
    config.limits = Limits {
        open_files: settings.open_files,
        ..Limits::default()
    };
    config
}

/// Writes what was captured; a stream is never longer than its file.
fn keep(file: &OwnedFd, bytes: &[u8]) -> io::Result<u64> {
    use std::os::fd::AsFd as _;
    write_all_at(file.as_fd(), bytes, 0)?;
    Ok(bytes.len() as u64)
}

/// Writes each output that the program has made to its file.
fn collect(vfs: &Vfs, order: &Order, files: &[OwnedFd], report: &mut Report) -> io::Result<()> {
    use std::os::fd::AsFd as _;
    for (index, (output, fd)) in (0..).zip(order.outputs.iter().zip(files)) {
        let Some(file) = vfs.file(&output.path) else {
            report.outputs.push(None);
            continue;
        };
        if file.size() > output.bytes {
            report.outcome = Outcome::OutputTooLarge {
                output: index,
                found: file.size(),
            };
            return Ok(());
        }
        let mut offset = 0u64;
        for chunk in file.chunks() {
            write_all_at(fd.as_fd(), chunk, offset)?;
            offset = offset.saturating_add(chunk.len() as u64);
        }
        report.outputs.push(Some(file.size()));
    }
    Ok(())
}

/// Why a run could not even start or be finished.
pub(crate) enum Unable {
    Order(String),
    System(io::Error),
}

impl Unable {
    pub(crate) fn order(what: &str, error: &dyn std::fmt::Display) -> Self {
        // What may be long comes last: it is cut.
        Self::Order(cut(&format!("{error}: {what}")))
    }
}

impl From<io::Error> for Unable {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<Unable> for Outcome {
    fn from(unable: Unable) -> Self {
        match unable {
            Unable::Order(reason) => Self::InvalidOrder(reason),
            Unable::System(error) => Self::Failed(error.raw_os_error().unwrap_or(libc::EIO)),
        }
    }
}

/// Counts what all memories and all tables take together, and remembers what it refused first.
struct Limiter {
    memory: Budget,
    tables: Budget,
    peak: u64,
    refused: Option<Refused>,
}

struct Budget {
    name: LimitName,
    allowed: u64,
    used: u64,
}

impl Limiter {
    fn new(settings: &StageSettings) -> Self {
        let budget = |name, allowed| Budget {
            name,
            allowed,
            used: 0,
        };
        Self {
            memory: budget(LimitName::Memory, settings.memory),
            tables: budget(LimitName::Tables, settings.table_elements),
            peak: 0,
            refused: None,
        }
    }
}

impl Budget {
    /// Takes the growth into account, or says how much would have been in use.
    fn grow(&mut self, current: usize, desired: usize) -> Result<(), Refused> {
        let growth = (desired as u64).saturating_sub(current as u64);
        let wanted = self.used.saturating_add(growth);
        if wanted > self.allowed {
            return Err(Refused {
                limit: self.name,
                wanted: Some(wanted),
            });
        }
        self.used = wanted;
        Ok(())
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Beyond the program's own maximum it is no affair of ours.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let grown = self.memory.grow(current, desired);
        self.peak = self.peak.max(self.memory.used);
        self.refused = self.refused.or(grown.err());
        Ok(grown.is_ok())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let grown = self.tables.grow(current, desired);
        self.refused = self.refused.or(grown.err());
        Ok(grown.is_ok())
    }

    fn memories(&self) -> usize {
        MOST_MEMORIES
    }

    fn tables(&self) -> usize {
        MOST_INSTANCES
    }

    fn instances(&self) -> usize {
        MOST_INSTANCES
    }
}

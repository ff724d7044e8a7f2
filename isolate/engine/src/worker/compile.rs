//! From a module's bytes to code that can be instantiated many times.

use std::{io, thread};

use rayon::ThreadPoolBuilder;
use wasmtime::{Config, Engine, InstancePre, Module, OptLevel, WasmFeatures, component::Component};

use super::{component, guest};
use crate::{
    check::{self, Kind},
    error::LimitName,
    message::{Refusal, Refused, cut},
    proposals::FEATURES,
    settings::{MOST_INSTANCES, MOST_MEMORIES, ProgramSettings, Strategy},
};

/// A program that is ready to run.
pub(crate) struct Compiled {
    pub(super) engine: Engine,
    pub(super) program: Runnable,
    /// Bytes of data that the compiler was allowed; what it still holds counts in each stage.
    pub(super) compile_memory: u64,
    /// Whether instructions are counted.
    pub(super) metered: bool,
}

/// Everything but a run's own state.
pub(super) enum Runnable {
    Module(InstancePre<guest::Guest>),
    Component(wasmtime::component::InstancePre<component::Guest>),
}

/// Validates and compiles. The outer error is this machine's, the inner one the program's.
pub(crate) fn compile(
    bytes: &[u8],
    settings: &ProgramSettings,
) -> io::Result<Result<Compiled, Refusal>> {
    let kind = match check::before_compiling(bytes) {
        Ok(kind) => kind,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let engine = Engine::new(&config(settings)?).map_err(other)?;
    let program = match kind {
        Kind::Module => module(&engine, bytes)?.map(Runnable::Module),
        Kind::Component => component(&engine, bytes)?.map(Runnable::Component),
    };
    Ok(program.map(|program| Compiled {
        engine,
        program,
        compile_memory: settings.compile_memory,
        metered: settings.metered,
    }))
}

fn module(engine: &Engine, bytes: &[u8]) -> io::Result<Result<InstancePre<guest::Guest>, Refusal>> {
    let module = match on_all_cores(|| Module::new(engine, bytes))? {
        Ok(module) => module,
        Err(error) => return Ok(Err(Refusal::Invalid(reason(&error)))),
    };
    // Initial data goes into a file in memory, which could not be made later, unless the program
    // copies it at its start.
    module.initialize_copy_on_write_image().map_err(other)?;
    Ok(guest::linker(engine)
        .map_err(other)?
        .instantiate_pre(&module)
        .map_err(|error| Refusal::Invalid(reason(&error))))
}

fn component(
    engine: &Engine,
    bytes: &[u8],
) -> io::Result<Result<wasmtime::component::InstancePre<component::Guest>, Refusal>> {
    let component = match on_all_cores(|| Component::new(engine, bytes))? {
        Ok(component) => component,
        Err(error) => return Ok(Err(Refusal::Invalid(reason(&error)))),
    };
    if let Some(refused) = too_many(&component) {
        return Ok(Err(Refusal::TooMany(refused)));
    }
    component.initialize_copy_on_write_image().map_err(other)?;
    Ok(component::link(engine, &component).map_err(|error| Refusal::Invalid(reason(&error))))
}

/// What every start of this component would take, and none can have.
fn too_many(component: &Component) -> Option<Refused> {
    let needed = component.resources_required()?;
    let beyond = |limit, wanted: u32, most: usize| {
        let wanted = u64::from(wanted);
        (wanted > most as u64).then_some(Refused {
            limit,
            wanted: Some(wanted),
        })
    };
    beyond(LimitName::Memories, needed.num_memories, MOST_MEMORIES)
        .or_else(|| beyond(LimitName::TableCount, needed.num_tables, MOST_INSTANCES))
}

fn reason(error: &wasmtime::Error) -> String {
    cut(&format!("{error:#}"))
}

/// The engine as programs find it.
pub(crate) fn config(settings: &ProgramSettings) -> io::Result<Config> {
    let stack = usize::try_from(settings.max_wasm_stack).map_err(other)?;
    let mut config = Config::new();
    config
        .strategy(wasmtime::Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(settings.nan_canonical)
        .wasm_features(WasmFeatures::all(), false)
        .wasm_features(FEATURES, true)
        .relaxed_simd_deterministic(true)
        .max_wasm_stack(stack)
        // Not used, and still required to be no smaller.
        .async_stack_size(stack.max(2 << 20))
        .consume_fuel(settings.metered)
        // Nobody sees a backtrace: it could carry data of others.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        .parallel_compilation(true);
    match settings.strategy {
        Strategy::Compiled => config
            // A reservation of 4 GiB with guards on both sides takes the place of bounds checks.
            .memory_reservation(4 << 30)
            .memory_guard_size(32 << 20)
            .memory_may_move(false)
            .guard_before_linear_memory(true)
            .signals_based_traps(true)
            // To copy initial data takes fuel, and mapping it none: fuel must not depend on it.
            .memory_init_cow(!settings.metered),
        Strategy::Interpreted => config
            .target("pulley64")
            .map_err(other)?
            // Nothing but plain memory: no signals, guards or files behind it.
            .memory_reservation(0)
            .memory_reservation_for_growth(0)
            .memory_guard_size(0)
            .memory_may_move(true)
            .guard_before_linear_memory(false)
            .signals_based_traps(false)
            .memory_init_cow(false),
    };
    Ok(config)
}

/// Runs a job whose parallel parts spread over all cores, and returns when every thread that it
/// took has ended.
///
/// The engine compiles on rayon's threads. Here they are a pool of this job's own and not the
/// global one, which would stay: after compiling, this process must have one thread, so that a
/// fork of it is whole, and so that the filter applies to all of it.
fn on_all_cores<T: Send>(job: impl FnOnce() -> T + Send) -> io::Result<T> {
    let mut threads = Vec::new();
    let pool = ThreadPoolBuilder::new()
        .spawn_handler(|worker| {
            threads.push(thread::Builder::new().spawn(|| worker.run())?);
            Ok(())
        })
        .build()
        .map_err(other)?;
    let result = pool.install(job);
    drop(pool);
    for thread in threads {
        // One that panicked has ended too, and `install` has already said so.
        let _ = thread.join();
    }
    Ok(result)
}

fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::other(error)
}

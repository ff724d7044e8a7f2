//! From a module's bytes to code that can be instantiated many times.

use std::{error::Error, io, thread};

use rayon::ThreadPoolBuilder;
use rustix::io::Errno;
use veracruz_intake::{FEATURES, Kind, before_compiling, cut};
use wasmtime::{Config, Engine, InstancePre, Module, OptLevel, WasmFeatures, component::Component};

use super::{component, guest};
use crate::{
    error::LimitName,
    message::{Refusal, Refused},
    settings::{MOST_INSTANCES, MOST_MEMORIES, ProgramSettings, Strategy},
};

/// About what a thread takes to start, in bytes: its stack, mostly.
const THREAD: usize = 4 << 20;

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
    match compile_within(bytes, settings) {
        // Where the allocator cannot give more, this process has aborted already, and its last
        // words say why. This is memory that was mapped past it: code, threads, initial data.
        Err(error) if is_want_of_memory(&error) => Ok(Err(Refusal::TooMany(Refused {
            limit: LimitName::CompileMemory,
            wanted: None,
        }))),
        compiled => compiled,
    }
}

fn compile_within(
    bytes: &[u8],
    settings: &ProgramSettings,
) -> io::Result<Result<Compiled, Refusal>> {
    let kind = match before_compiling(bytes) {
        Ok(kind) => kind,
        Err(unfit) => return Ok(Err(unfit.into())),
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
        Err(error) => return refused(error),
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
        Err(error) => return refused(error),
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

/// The program's fault, unless there was too little memory to say so.
fn refused<T>(error: wasmtime::Error) -> io::Result<Result<T, Refusal>> {
    if error.chain().any(is_want_of_memory) {
        return Err(Errno::NOMEM.into());
    }
    Ok(Err(Refusal::Invalid(reason(&error))))
}

/// Whether something failed because this process may not have more memory.
fn is_want_of_memory(error: &(dyn Error + 'static)) -> bool {
    if let Some(errno) = error.downcast_ref::<Errno>() {
        return *errno == Errno::NOMEM;
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return match error.raw_os_error() {
            Some(libc::ENOMEM) => true,
            // So the C library says it of a thread's stack; but also of too many threads.
            Some(libc::EAGAIN) => Vec::<u8>::new().try_reserve_exact(THREAD).is_err(),
            Some(_) => false,
            None => error
                .get_ref()
                .is_some_and(|inner| is_want_of_memory(inner as &(dyn Error + 'static))),
        };
    }
    error.is::<wasmtime::error::OutOfMemory>() || error.source().is_some_and(is_want_of_memory)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs, each with something that one proposal brought.
    const CORPUS: &[&str] = &[
        "",
        "(global (export \"g\") (mut i32) (i32.const 0))",
        "(func (drop (i32.trunc_sat_f32_s (f32.const 1))))",
        "(func (drop (i32.extend8_s (i32.const 1))))",
        "(table 1 externref)",
        "(table 1 funcref) (table 1 funcref)",
        "(func (drop (ref.null func)))",
        "(func (result i32 i32) (i32.const 1) (i32.const 2))",
        "(memory 1) (func (memory.fill (i32.const 0) (i32.const 1) (i32.const 10)))",
        "(func (drop (v128.const i32x4 0 0 0 0)))",
        "(func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))",
        "(func $f (return_call $f))",
        "(func (drop (f64.add (f64.const 1) (f64.const 1))))",
        "(global i32 (i32.add (i32.const 1) (i32.const 1)))",
        "(memory 1 1 shared)",
        "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
        "(memory i64 1)",
        "(table i64 1 funcref)",
        "(memory 1) (memory 1)",
        "(tag)",
        "(tag $t) (func (throw $t))",
        "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))",
        "(func (param (ref func)))",
        "(type (struct (field i32))) (func (drop (struct.new_default 0)))",
        "(rec (type (func)) (type (func)))",
        "(func (param anyref))",
        "(memory 1 (pagesize 1))",
        "(func (result i64 i64)
            (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))",
        "(type $f (func)) (type (cont $f))",
        "(type (shared (func)))",
    ];

    #[test]
    fn the_check_and_the_engine_take_the_same_programs() {
        for strategy in [Strategy::Compiled, Strategy::Interpreted] {
            let settings = ProgramSettings {
                strategy,
                ..ProgramSettings::default()
            };
            let engine = Engine::new(&config(&settings).unwrap()).unwrap();
            let mut on = 0;
            for text in CORPUS {
                let text = format!("(module {text} (func (export \"_start\")))");
                let program = wat::parse_str(&text).unwrap();
                let taken = Module::validate(&engine, &program).is_ok();
                let report = veracruz_intake::check(&program);
                assert_eq!(taken, report.is_ok_and(|report| report.fits()), "{text}");
                on += usize::from(taken);
            }
            assert!(on > 8 && on < CORPUS.len() - 8, "{on}");
        }
    }
}

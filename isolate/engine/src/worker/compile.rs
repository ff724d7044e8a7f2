//! From a module's bytes to code that can be instantiated many times.

use std::{io, thread};

use rayon::ThreadPoolBuilder;
use veracruz_wasi::{Function, ValueType};
use wasmtime::{
    Config, Engine, ExternType, FuncType, InstancePre, Module, OptLevel, Strategy, ValType,
    WasmFeatures,
};

use super::guest::{self, State};
use crate::{
    message::{Refusal, cut},
    settings::ProgramSettings,
};

/// The proposals that are switched on. All others are off, whatever the engine's defaults.
const PROPOSALS: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST);

/// A program that is ready to run.
pub(super) struct Compiled {
    pub(super) engine: Engine,
    pub(super) program: InstancePre<State>,
    /// Bytes of data that the compiler was allowed; what it still holds counts in each stage.
    pub(super) compile_memory: u64,
}

/// Validates and compiles. The outer error is this machine's, the inner one the program's.
pub(super) fn compile(
    bytes: &[u8],
    settings: &ProgramSettings,
) -> io::Result<Result<Compiled, Refusal>> {
    if is_component(bytes) {
        return Ok(Err(Refusal::Component));
    }
    let engine = Engine::new(&config(settings)?).map_err(other)?;
    let module = match on_all_cores(|| Module::new(&engine, bytes))? {
        Ok(module) => module,
        Err(error) => return Ok(Err(Refusal::Invalid(cut(&format!("{error:#}"))))),
    };
    if let Err(refusal) = check_imports(&engine, &module).and_then(|()| check_exports(&module)) {
        return Ok(Err(refusal));
    }
    // Initial data goes into a file in memory, which could not be made later.
    module.initialize_copy_on_write_image().map_err(other)?;
    let linker = guest::linker(&engine).map_err(other)?;
    let program = match linker.instantiate_pre(&module) {
        Ok(program) => program,
        Err(error) => return Ok(Err(Refusal::Invalid(cut(&format!("{error:#}"))))),
    };
    Ok(Ok(Compiled {
        engine,
        program,
        compile_memory: settings.compile_memory,
    }))
}

fn config(settings: &ProgramSettings) -> io::Result<Config> {
    let stack = usize::try_from(settings.max_wasm_stack).map_err(other)?;
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(settings.nan_canonical)
        .wasm_features(WasmFeatures::all(), false)
        .wasm_features(PROPOSALS, true)
        .relaxed_simd_deterministic(true)
        .max_wasm_stack(stack)
        // Not used, and still required to be no smaller.
        .async_stack_size(stack.max(2 << 20))
        // A reservation of 4 GiB with guards on both sides takes the place of bounds checks.
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .memory_may_move(false)
        .guard_before_linear_memory(true)
        .signals_based_traps(true)
        .memory_init_cow(true)
        // Nobody sees a backtrace: it could carry data of others.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        .parallel_compilation(true);
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

/// Whether this is a component: the same first bytes as a module's, another layer after them.
fn is_component(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm") && bytes.get(6..8) == Some(&[1, 0])
}

fn check_imports(engine: &Engine, module: &Module) -> Result<(), Refusal> {
    for import in module.imports() {
        let offered = (import.module() == veracruz_wasi::MODULE)
            .then(|| offered(import.name()))
            .flatten()
            .ok_or_else(|| Refusal::Import {
                module: cut(import.module()),
                name: cut(import.name()),
            })?;
        let expected = signature(engine, offered);
        let fits = matches!(import.ty(), ExternType::Func(found) if found.matches(&expected));
        if !fits {
            return Err(Refusal::Signature {
                module: cut(import.module()),
                name: cut(import.name()),
                expected: expected.to_string(),
                found: match import.ty() {
                    ExternType::Func(found) => cut(&found.to_string()),
                    _ => "something that is no function".into(),
                },
            });
        }
    }
    Ok(())
}

fn check_exports(module: &Module) -> Result<(), Refusal> {
    let is_command = matches!(
        module.get_export(guest::START),
        Some(ExternType::Func(start)) if start.params().len() == 0 && start.results().len() == 0
    );
    if !is_command {
        return Err(Refusal::Export {
            name: guest::START.into(),
            expected: "(func)".into(),
        });
    }
    Ok(())
}

fn offered(name: &str) -> Option<&'static Function> {
    veracruz_wasi::FUNCTIONS
        .iter()
        .find(|function| function.name == name)
}

fn signature(engine: &Engine, function: &Function) -> FuncType {
    let parameters = function.params.iter().map(|value| match value {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    });
    FuncType::new(
        engine,
        parameters,
        function.returns_errno.then_some(ValType::I32),
    )
}

fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::other(error)
}

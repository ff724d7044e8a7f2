//! `veracruz exec`: runs a program offline, with the engine, the files, the limits and the
//! determinism of an isolate, and without one. It is the tool with which authors develop.

mod folder;

use super::policy;
use crate::args::ExecArgs;
use crate::error::CliError;
use folder::Mount;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use veracruz_engine::local::{self, Place, Ran};
use veracruz_engine::{EngineError, LimitName, ProgramSettings, Right, StageSettings, Strategy};
use veracruz_policy::{Limits, Nan, PathPattern, Stage};

/// Runs it; the program's exit code is this process's.
pub(crate) fn exec(arguments: &ExecArgs) -> Result<ExitCode, CliError> {
    let module = std::fs::read(&arguments.program)
        .map_err(|source| CliError::file(&arguments.program, source))?;
    let mounts = arguments
        .dirs
        .iter()
        .enumerate()
        .map(|(index, assignment)| Mount::load(index, assignment))
        .collect::<Result<Vec<_>, _>>()?;
    let (program, settings) = settings(arguments, &mounts)?;
    let place = Place {
        files: mounts.iter().flat_map(Mount::files).collect(),
        folders: mounts.iter().flat_map(Mount::folders).collect(),
        open: mounts.iter().map(Mount::open).collect(),
        stdin: Some(Arc::new(standard_input()?)),
    };
    let start = Instant::now();
    let ran = within(settings.wall_time, move || {
        local::run(&module, &program, &settings, place)
    })?;
    let wall = start.elapsed();
    pass_on(&ran)?;
    for mount in &mounts {
        mount.write_back(&ran.files)?;
    }
    if arguments.stats {
        stats(&ran, wall);
    }
    match ran.ended {
        // A process's own exit code has eight bits.
        Ok(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))),
        Err(error) => Err(CliError::Program(error)),
    }
}

/// The settings of the policy's stage that uses the program, or defaults; what the command line
/// says comes last.
fn settings(
    arguments: &ExecArgs,
    mounts: &[Mount],
) -> Result<(ProgramSettings, StageSettings), CliError> {
    let mut program = ProgramSettings::default();
    // Without an isolate there are no shares of randomness: the same seed, always.
    let mut settings = StageSettings::new([0; 32].into());
    settings.rights = mounts.iter().map(Mount::right).collect();
    let mut limits = None;
    if let Some(path) = &arguments.policy {
        let policy = policy::load(path)?;
        let stage = stage(policy.pipeline(), arguments.stage)?;
        program.nan_canonical = policy.execution().nan == Nan::Canonical;
        if policy.execution().strategy == veracruz_policy::Strategy::Interpreted {
            program.strategy = Strategy::Interpreted;
        }
        // What the policy grants, as in an isolate; and whatever lies outside its paths.
        settings.rights.clear();
        let elsewhere = mounts.iter().filter(|mount| !mount.is_in_place());
        settings.rights.extend(elsewhere.map(Mount::right));
        settings.rights.extend(rights(stage));
        settings.args = stage.args.clone();
        settings.env = stage.env.clone();
        limits = Some(stage.limits);
    }
    limit(&limits.unwrap_or_default(), &mut program, &mut settings);
    if let Some(strategy) = arguments.strategy {
        program.strategy = strategy.into();
    }
    if let Some(fuel) = arguments.fuel {
        settings.fuel = Some(fuel);
    }
    program.metered = settings.fuel.is_some();
    if !arguments.args.is_empty() {
        settings.args.clone_from(&arguments.args);
    }
    settings
        .args
        .insert(0, arguments.program.display().to_string());
    for assignment in &arguments.env {
        let (name, value) = assignment
            .split_once('=')
            .ok_or_else(|| CliError::argument("--env NAME=VALUE", assignment))?;
        settings.env.retain(|(known, _)| known != name);
        settings.env.push((name.to_owned(), value.to_owned()));
    }
    Ok((program, settings))
}

/// What a stage may read and write.
fn rights(stage: &Stage) -> impl Iterator<Item = Right> {
    let patterns: BTreeSet<&PathPattern> = stage.read.iter().chain(&stage.write).collect();
    patterns.into_iter().map(|pattern| Right {
        pattern: pattern.to_string(),
        read: stage.read.contains(pattern),
        write: stage.write.contains(pattern),
    })
}

/// The limits of a policy, in the engine's words.
fn limit(limits: &Limits, program: &mut ProgramSettings, settings: &mut StageSettings) {
    program.max_module_bytes = limits.module_bytes;
    program.max_wasm_stack = limits.stack;
    settings.memory = limits.memory;
    settings.wall_time = Duration::from_millis(limits.time);
    settings.cpu_time = Duration::from_millis(limits.cpu_time);
    settings.table_elements = limits.tables;
    settings.files = limits.files;
    settings.open_files = u32::try_from(limits.open_files).unwrap_or(u32::MAX);
    settings.fuel = limits.fuel;
    settings.args_bytes = limits.args_bytes;
    settings.env_bytes = limits.env_bytes;
    // Without a policy nothing says how much may be written.
    settings.written_bytes = match limits.written_bytes {
        0 => 4 << 30,
        bytes => bytes,
    };
    settings.stdout_bytes = Some(PRINTED);
    settings.stderr_bytes = Some(PRINTED);
}

/// The most that is kept of what a program prints, for each stream.
const PRINTED: u64 = 64 << 20;

fn stage(stages: &[Stage], number: Option<usize>) -> Result<&Stage, CliError> {
    match (stages, number) {
        ([only], None) => Ok(only),
        (_, Some(number)) => {
            let found = number.checked_sub(1).and_then(|index| stages.get(index));
            found.ok_or_else(|| CliError::argument("a stage of the policy", &number))
        }
        (_, None) => Err(CliError::argument(
            "`--stage`: which of the policy's stages",
            &"none",
        )),
    }
}

/// Keeps the wall time: the program ends with this process.
fn within(
    limit: Duration,
    run: impl FnOnce() -> Result<Ran, EngineError> + Send + 'static,
) -> Result<Ran, CliError> {
    let (done, ended) = mpsc::channel();
    let work = move || {
        // Where nobody waits any more, the process is ending.
        let _ = done.send(run());
    };
    std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(work)
        .map_err(|error| CliError::Service(error.to_string()))?;
    match ended.recv_timeout(limit) {
        Ok(Ok(ran)) => Ok(ran),
        Ok(Err(error)) => Err(CliError::Program(error)),
        Err(_) => Err(CliError::Program(EngineError::Limit {
            name: LimitName::Time,
            allowed: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            wanted: None,
        })),
    }
}

/// Programs run on the stack of the thread that calls them, as in a worker.
const STACK: usize = 8 << 20;

/// All of standard input; nothing where a person would have to type it.
fn standard_input() -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let mut input = std::io::stdin();
    if !input.is_terminal() {
        input
            .read_to_end(&mut bytes)
            .map_err(|source| CliError::file(std::path::Path::new("standard input"), source))?;
    }
    Ok(bytes)
}

/// What the program printed. A closed pipe is a reader who has seen enough.
fn pass_on(ran: &Ran) -> Result<(), CliError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(CliError::Service(error.to_string())),
    };
    std::io::stdout().write_all(&ran.stdout).or_else(failed)?;
    std::io::stderr().write_all(&ran.stderr).or_else(failed)?;
    std::io::stdout().flush().or_else(failed)
}

fn stats(ran: &Ran, wall: Duration) {
    let document = json!({
        "wall_ms": u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
        "peak_memory": ran.peak_memory,
        "fuel": ran.fuel,
        "written_bytes": ran.files.used_bytes(),
    });
    eprintln!("{document}");
}

//! `veracruz exec`: runs a program offline, with the engine, the files, the limits and the
//! determinism of an isolate, and without one. It is the tool with which authors develop.

mod deadline;
mod failure;
mod folder;
mod lazy;
mod settings;
mod streams;
mod write_back;

use crate::args::ExecArgs;
use crate::error::CliError;
use deadline::{Running, Signal};
use folder::Mount;
use serde_json::json;
use settings::Chosen;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use veracruz_engine::EngineError;
use veracruz_engine::local::{self, Place, Ran};
use veracruz_vfs::Storage;

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
    let chosen = settings::choose(arguments, &mounts)?;
    let place = place(&mounts, &chosen)?;
    let limits = chosen.limits();
    let Chosen { program, stage, .. } = chosen;
    let work = move |signal: &Signal| -> Result<Ran, EngineError> {
        let ready = local::compile(&module, &program)?;
        signal.starts();
        ready.run(&stage, place)
    };
    let (ran, running) = deadline::within(&limits, work)?;
    for mount in &mounts {
        mount.write_back(&ran.files)?;
    }
    if arguments.stats {
        stats(&ran, &running);
    }
    match ran.ended {
        // A process's own exit code has eight bits.
        Ok(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))),
        Err(error) => Err(error.into()),
    }
}

/// What the program finds. Its standard input is that of this process, or the file that the
/// policy says.
fn place(mounts: &[Mount], chosen: &Chosen) -> Result<Place, CliError> {
    let mut place = Place {
        files: mounts.iter().flat_map(Mount::files).collect(),
        folders: mounts.iter().flat_map(Mount::folders).collect(),
        links: mounts.iter().flat_map(Mount::links).collect(),
        open: chosen.open.clone(),
        stdin: None,
        live: streams::live(),
    };
    if let Some(path) = &chosen.stdin {
        let found = place.files.iter().find(|(known, _)| known == path);
        let (_, content): &(String, Arc<dyn Storage>) =
            found.ok_or_else(|| CliError::argument("the file of the stage's `stdin`", path))?;
        place.stdin = Some(Arc::clone(content));
        place.live.stdin = None;
    }
    Ok(place)
}

fn stats(ran: &Ran, running: &Running) {
    let document = json!({
        "compile_ms": milliseconds(running.compiling),
        "wall_ms": milliseconds(running.wall),
        "cpu_ms": milliseconds(running.cpu),
        "peak_memory": ran.peak_memory,
        "fuel": ran.fuel,
        "written_bytes": ran.files.used_bytes(),
    });
    // Where nobody reads any more, nobody is told.
    let _ = writeln!(std::io::stderr(), "{document}");
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

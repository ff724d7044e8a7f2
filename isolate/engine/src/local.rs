//! Runs a program in this very process: for those who develop one, on their own machine.
//!
//! The engine, the files, the limits and the determinism are those of a worker. The confinement
//! is not: nothing stands between this process and a program that breaks out of the engine, and
//! no deadline is kept. Never use it on what somebody else wrote.

use std::sync::Arc;

use veracruz_vfs::{Storage, Vfs};
use veracruz_wasi::Preopen;

use crate::{
    error::{EngineError, LimitName},
    program::refused,
    run::exit_code,
    settings::{ProgramSettings, StageSettings},
    worker::{
        compile::compile,
        guest::{self, Unable},
    },
};

/// What the program finds. Which of it may be read and written is said by the settings' rights.
#[derive(Default)]
pub struct Place {
    /// Files, each at its absolute path.
    pub files: Vec<(String, Arc<dyn Storage>)>,
    /// Folders that exist though nothing is in them.
    pub folders: Vec<String>,
    /// Folders that are open from the start: their paths, and the names by which the program
    /// knows them. Where there are none, `/` is open.
    pub open: Vec<(String, String)>,
    /// Its standard input.
    pub stdin: Option<Arc<dyn Storage>>,
}

/// What a program left behind.
#[non_exhaustive]
pub struct Ran {
    /// Its exit code, or what kept it from ending by itself.
    pub ended: Result<u32, EngineError>,
    /// Its files, changed or not, also after a failure.
    pub files: Vfs,
    /// What it printed, up to the limit.
    pub stdout: Vec<u8>,
    /// What it complained about, up to the limit.
    pub stderr: Vec<u8>,
    /// The most linear memory that it had, in bytes.
    pub peak_memory: u64,
    /// The fuel that it took, where that was counted.
    pub fuel: Option<u64>,
}

/// Compiles a program and runs it once. Time limits are not kept: whoever calls this can end
/// its own process.
///
/// # Errors
/// The program is refused, or its surroundings cannot be made. How a program that ran has failed
/// is said in [`Ran::ended`].
pub fn run(
    module: &[u8],
    program: &ProgramSettings,
    settings: &StageSettings,
    place: Place,
) -> Result<Ran, EngineError> {
    program.check()?;
    settings.check(program)?;
    let length = module.len() as u64;
    if length > program.max_module_bytes {
        return Err(EngineError::Limit {
            name: LimitName::ModuleBytes,
            allowed: program.max_module_bytes,
            wanted: Some(length),
        });
    }
    let compiled = match compile(module, program).map_err(system)? {
        Ok(compiled) => compiled,
        Err(refusal) => return Err(refused(refusal, length, program)),
    };
    let mut config = guest::surroundings(settings, files(settings, place.files, &place.folders)?);
    config.stdin = place.stdin;
    if !place.open.is_empty() {
        let open = place.open.into_iter();
        config.preopens = open.map(|(path, name)| Preopen { path, name }).collect();
    }
    let (report, finished) = guest::run_in(&compiled, settings, config).map_err(unable)?;
    Ok(Ran {
        ended: exit_code(report.outcome, report.refused, settings, program, &[]),
        files: finished.vfs,
        stdout: finished.stdout,
        stderr: finished.stderr,
        peak_memory: report.peak_memory,
        fuel: report.fuel,
    })
}

fn files(
    settings: &StageSettings,
    files: Vec<(String, Arc<dyn Storage>)>,
    folders: &[String],
) -> Result<Vfs, EngineError> {
    let mut vfs = guest::files(settings).map_err(unable)?;
    let refused = |path: &str, error: veracruz_vfs::Error| unable(Unable::order(path, &error));
    for folder in folders {
        vfs.make_folder(folder)
            .map_err(|error| refused(folder, error))?;
    }
    for (path, content) in files {
        vfs.provide(&path, content)
            .map_err(|error| refused(&path, error))?;
    }
    Ok(vfs)
}

fn unable(unable: Unable) -> EngineError {
    match unable {
        Unable::Order(reason) => EngineError::InvalidSettings { reason },
        Unable::System(source) => system(source),
    }
}

fn system(source: std::io::Error) -> EngineError {
    EngineError::System {
        during: "running a program here",
        source,
    }
}

//! Runs a program in this very process: for those who develop one, on their own machine.
//!
//! The engine, the files, the limits and the determinism are those of a worker. The confinement
//! is not: nothing stands between this process and a program that breaks out of the engine, and
//! no deadline is kept. Never use it on what somebody else wrote.

use std::{sync::Arc, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use veracruz_vfs::{Storage, Vfs};
use veracruz_wasi::Preopen;
pub use veracruz_wasi::{Errno, Input, Live, Output};

use crate::{
    error::{EngineError, LimitName},
    program::refused,
    run::exit_code,
    settings::{ProgramSettings, StageSettings},
    worker::{
        compile::{Compiled, compile as compile_module},
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
    /// Symbolic links and their targets.
    pub links: Vec<(String, String)>,
    /// Folders that are open from the start: their paths, and the names by which the program
    /// knows them. In an isolate that is `/` alone.
    pub open: Vec<(String, String)>,
    /// What it reads as its standard input, unless that is live.
    pub stdin: Option<Arc<dyn Storage>>,
    /// Where its standard streams lead while it runs. An output that leads nowhere is kept up to
    /// the limit.
    pub live: Live,
}

/// What a program left behind.
#[non_exhaustive]
pub struct Ran {
    /// Its exit code, or what kept it from ending by itself.
    pub ended: Result<u32, EngineError>,
    /// Its files, changed or not, also after a failure.
    pub files: Vfs,
    /// What it printed that did not go on.
    pub stdout: Vec<u8>,
    /// What it complained about that did not go on.
    pub stderr: Vec<u8>,
    /// The most linear memory that it had, in bytes.
    pub peak_memory: u64,
    /// The fuel that it took, where that was counted.
    pub fuel: Option<u64>,
}

/// A program that can run.
pub struct Ready {
    compiled: Compiled,
    settings: ProgramSettings,
}

/// Compiles a program, on all cores. Its time limit is not kept.
///
/// # Errors
/// The program is refused.
pub fn compile(module: &[u8], settings: &ProgramSettings) -> Result<Ready, EngineError> {
    settings.check()?;
    let length = module.len() as u64;
    if length > settings.max_module_bytes {
        return Err(EngineError::Limit {
            name: LimitName::ModuleBytes,
            allowed: settings.max_module_bytes,
            wanted: Some(length),
        });
    }
    match compile_module(module, settings).map_err(system)? {
        Ok(compiled) => Ok(Ready {
            compiled,
            settings: settings.clone(),
        }),
        Err(refusal) => Err(refused(refusal, length, settings)),
    }
}

impl Ready {
    /// Runs the program once, on the stack of the thread that calls this: 8 MiB of it are needed.
    /// Time limits are not kept; whoever calls this can end its own process.
    ///
    /// # Errors
    /// Its surroundings cannot be made. How a program that ran has failed is said in
    /// [`Ran::ended`].
    pub fn run(&self, settings: &StageSettings, place: Place) -> Result<Ran, EngineError> {
        settings.check(&self.settings)?;
        let mut config = guest::surroundings(settings, files(settings, &place)?);
        config.stdin = place.stdin;
        config.live = place.live;
        let open = place.open.into_iter();
        config.preopens = open.map(|(path, name)| Preopen { path, name }).collect();
        let (report, finished) = guest::run_in(&self.compiled, settings, config).map_err(unable)?;
        Ok(Ran {
            ended: exit_code(
                report.outcome,
                report.refused,
                settings,
                &self.settings,
                &[],
            ),
            files: finished.vfs,
            stdout: finished.stdout,
            stderr: finished.stderr,
            peak_memory: report.peak_memory,
            fuel: report.fuel,
        })
    }
}

/// The processor time that this process has taken, all its threads together.
#[must_use]
pub fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn files(settings: &StageSettings, place: &Place) -> Result<Vfs, EngineError> {
    let mut vfs = guest::files(settings).map_err(unable)?;
    let refused = |path: &str, error: veracruz_vfs::Error| unable(Unable::order(path, &error));
    for folder in &place.folders {
        vfs.make_folder(folder)
            .map_err(|error| refused(folder, error))?;
    }
    for (path, content) in &place.files {
        vfs.provide(path, Arc::clone(content))
            .map_err(|error| refused(path, error))?;
    }
    for (path, target) in &place.links {
        vfs.provide_link(path, target)
            .map_err(|error| refused(path, error))?;
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

//! With which settings a program runs: a policy's, or defaults; what the command line says comes
//! last.

use super::deadline::TimeLimits;
use super::folder::Mount;
use crate::args::ExecArgs;
use crate::commands::policy;
use crate::error::CliError;
use std::collections::BTreeSet;
use std::time::Duration;
use veracruz_engine::{ProgramSettings, Right, StageSettings, Strategy};
use veracruz_policy::{Limits, Nan, PathPattern, Stage};

/// How the program is compiled and run.
pub(super) struct Chosen {
    pub(super) program: ProgramSettings,
    pub(super) stage: StageSettings,
    /// Folders that are open from the start: paths, and names for the program.
    pub(super) open: Vec<(String, String)>,
    /// The file that is standard input, where the policy says one.
    pub(super) stdin: Option<String>,
}

impl Chosen {
    pub(super) fn limits(&self) -> TimeLimits {
        TimeLimits {
            compile: self.program.compile_time,
            wall: self.stage.wall_time,
            cpu: self.stage.cpu_time,
        }
    }
}

/// The settings of the policy's stage that uses the program, or defaults.
pub(super) fn choose(arguments: &ExecArgs, mounts: &[Mount]) -> Result<Chosen, CliError> {
    let mut chosen = match &arguments.policy {
        Some(path) => {
            let policy = policy::load(path)?;
            let stage = stage(policy.pipeline(), arguments.stage)?;
            let mut chosen = of_stage(stage, mounts);
            chosen.program.nan_canonical = policy.execution().nan == Nan::Canonical;
            if policy.execution().strategy == veracruz_policy::Strategy::Interpreted {
                chosen.program.strategy = Strategy::Interpreted;
            }
            chosen
        }
        None => without_policy(mounts),
    };
    let Chosen { program, stage, .. } = &mut chosen;
    if let Some(strategy) = arguments.strategy {
        program.strategy = strategy.into();
    }
    if let Some(fuel) = arguments.fuel {
        stage.fuel = Some(fuel);
    }
    program.metered = stage.fuel.is_some();
    if !arguments.args.is_empty() {
        stage.args.clone_from(&arguments.args);
    }
    stage
        .args
        .insert(0, arguments.program.display().to_string());
    for assignment in &arguments.env {
        let (name, value) = assignment
            .split_once('=')
            .ok_or_else(|| CliError::argument("--env NAME=VALUE", assignment))?;
        stage.env.retain(|(known, _)| known != name);
        stage.env.push((name.to_owned(), value.to_owned()));
    }
    Ok(chosen)
}

/// How much may be written where no policy says it: a policy's files say how long they may be.
const WRITTEN: u64 = 4 << 30;

/// Everything in the folders may be read and written, and nothing else is there: no folder is open
/// but they, in their order.
fn without_policy(mounts: &[Mount]) -> Chosen {
    let mut program = ProgramSettings::default();
    let mut stage = unseeded();
    limit(&Limits::default(), &mut program, &mut stage);
    stage.written_bytes = WRITTEN;
    stage.rights = mounts.iter().map(Mount::right).collect();
    Chosen {
        program,
        stage,
        open: mounts.iter().map(Mount::open).collect(),
        stdin: None,
    }
}

/// What the policy grants, as in an isolate, where `/` is open; and whatever lies outside of its
/// paths.
fn of_stage(stage: &Stage, mounts: &[Mount]) -> Chosen {
    let mut program = ProgramSettings::default();
    let mut settings = unseeded();
    limit(&stage.limits, &mut program, &mut settings);
    settings.written_bytes = stage.limits.written_bytes;
    if stage.stdout.is_some() {
        settings.stdout_bytes = stage.limits.stdout_bytes.into();
    }
    if stage.stderr.is_some() {
        settings.stderr_bytes = stage.limits.stderr_bytes.into();
    }
    let elsewhere = || mounts.iter().filter(|mount| !mount.is_in_place());
    settings.rights = elsewhere().map(Mount::right).chain(rights(stage)).collect();
    settings.args.clone_from(&stage.args);
    settings.env.clone_from(&stage.env);
    let root = ("/".to_owned(), "/".to_owned());
    Chosen {
        program,
        stage: settings,
        open: std::iter::once(root)
            .chain(elsewhere().map(Mount::open))
            .collect(),
        stdin: stage.stdin.as_ref().map(ToString::to_string),
    }
}

/// Without an isolate there are no shares of randomness: the same seed, always.
fn unseeded() -> StageSettings {
    let mut settings = StageSettings::new([0; 32].into());
    // What is printed goes on, and is not kept.
    settings.stdout_bytes = u64::MAX.into();
    settings.stderr_bytes = u64::MAX.into();
    settings
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

/// The limits of a policy, in the engine's words, but for what is written and printed.
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
}

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

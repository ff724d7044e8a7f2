//! A run: the stages of its plan in order, with what one writes handed to the next.
//!
//! The plan decides everything; this is its translation into the engine's words and back.

use crate::isolate::Isolate;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use veracruz_computation::{
    Failure, ReadPlan, Resources, RunPlan, StagePlan, StorageId, WrittenFile,
};
use veracruz_engine::memfd::Sealed;
use veracruz_engine::{
    Clock, EngineError, GREATEST_MEMORY, Input, LimitName, Output, Program, Right, Seed,
    StageReport, StageSettings,
};
use veracruz_policy::FilePath;
use veracruz_protocol::{Content, FailureClass};
use veracruz_vfs::Storage as _;

/// How a run ended.
pub(crate) struct Ended {
    /// Every output, also those that no stage wrote, which are empty; or what went wrong.
    pub(crate) outputs: Result<Vec<(WrittenFile, Sealed)>, Failure>,
    /// What all stages used.
    pub(crate) resources: Resources,
}

/// Runs the stages until one fails. Blocks.
pub(crate) fn run_stages(isolate: &Isolate, plan: &RunPlan) -> Ended {
    let mut resources = Resources::default();
    let mut files = Files::new();
    let outputs = (1..)
        .zip(&plan.stages)
        .try_for_each(|(number, stage)| {
            run_stage(isolate, stage, &mut files, &mut resources)
                .map_err(|failed| failed.at(Some(number)))
        })
        .and_then(|()| outputs(plan, &files).map_err(|failed| failed.at(None)));
    Ended { outputs, resources }
}

/// What the stages have written so far. Later ones can read it, and nobody else before the end.
type Files = BTreeMap<FilePath, Sealed>;

fn run_stage(
    isolate: &Isolate,
    stage: &StagePlan,
    files: &mut Files,
    resources: &mut Resources,
) -> Result<(), Failed> {
    let exists = |file: &ReadPlan| file.content.is_some() || files.contains_key(&file.path);
    if stage.if_exists.as_ref().is_some_and(|file| !exists(file)) {
        return Ok(());
    }
    let (program, inputs) = prepare(isolate, stage, files)?;
    let settings = stage_settings(stage, &inputs);
    let report = program.run(settings, &inputs, &writable(stage))?;
    account(resources, &report);
    if report.exit_code != 0 {
        return Err(Failed::by_exit(&report));
    }
    take_over(files, stage, &inputs, report)
}

/// Why something failed, before it is known where.
struct Failed {
    class: FailureClass,
    exit_code: Option<u32>,
    reason: Option<String>,
}

impl Failed {
    /// The isolate's own fault: there is nothing to say that anybody could use.
    const ISOLATE: Self = Self {
        class: FailureClass::Isolate,
        exit_code: None,
        reason: None,
    };

    /// The program ended itself, perhaps since a limit denied it something.
    fn by_exit(report: &StageReport) -> Self {
        let met = report.limit_met;
        Self {
            class: met.map_or(FailureClass::Program, |met| exceeded(met.name)),
            exit_code: Some(report.exit_code),
            reason: met.map(|met| EngineError::from(met).to_string()),
        }
    }

    fn at(self, stage: Option<u32>) -> Failure {
        Failure {
            stage,
            class: self.class,
            exit_code: self.exit_code,
            reason: self.reason,
        }
    }
}

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Self {
        Self {
            class: class(&error),
            exit_code: None,
            reason: Some(error.to_string()),
        }
    }
}

/// The compiled program and the files that a stage may read. A file that it may write but not
/// read is not there for it, and stays as it is unless the stage makes it anew.
fn prepare(
    isolate: &Isolate,
    stage: &StagePlan,
    files: &Files,
) -> Result<(Arc<Program>, Vec<Input>), Failed> {
    isolate.look(|state| {
        let program = state
            .storage
            .program(stage.program.storage)
            .ok_or(Failed::ISOLATE)?;
        let mut inputs = Vec::with_capacity(stage.reads.len());
        for read in &stage.reads {
            let content = match read.content {
                // A provided file must be there.
                Some(_) => state.storage.file(read.storage).ok_or(Failed::ISOLATE)?,
                // A stage before may have left a file out.
                None => match files.get(&read.path) {
                    Some(content) => content.clone(),
                    None => continue,
                },
            };
            inputs.push(Input {
                path: read.path.to_string(),
                content,
            });
        }
        Ok((program, inputs))
    })
}

/// Everything that the policy says of a stage, in the engine's words. `inputs` are what it finds.
fn stage_settings(stage: &StagePlan, inputs: &[Input]) -> StageSettings {
    let limits = &stage.limits;
    let name = stage.program.path.to_string();
    let mut settings = StageSettings::new(Seed::from(*stage.seed.as_bytes()));
    settings.args = std::iter::once(name)
        .chain(stage.args.iter().cloned())
        .collect();
    settings.env = stage.env.clone();
    settings.rights = rights(stage);
    // `"clock": "fixed"`, the only one so far.
    settings.clock = Clock::FIXED;
    settings.wall_time = Duration::from_millis(limits.time);
    settings.cpu_time = Duration::from_millis(limits.cpu_time);
    // More is no mistake: a program with 32-bit addresses can only not use it.
    settings.memory = limits.memory.min(GREATEST_MEMORY);
    settings.table_elements = limits.tables;
    settings.open_files = u32::try_from(limits.open_files).unwrap_or(u32::MAX);
    settings.files = limits.files;
    settings.written_bytes = limits.written_bytes;
    settings.args_bytes = limits.args_bytes;
    settings.env_bytes = limits.env_bytes;
    settings.fuel = limits.fuel;
    // What nobody receives is not kept.
    settings.stdout_bytes = stage.stdout.as_ref().map(|_| limits.stdout_bytes);
    settings.stderr_bytes = stage.stderr.as_ref().map(|_| limits.stderr_bytes);
    settings.stdin = stage.stdin.as_ref().and_then(|stdin| {
        // An earlier stage may have left it out.
        let path = stdin.path.as_str();
        let there = inputs.iter().any(|input| input.path == path);
        there.then(|| path.to_owned())
    });
    settings
}

/// Rights to exactly the files of the plan: the state machine has applied the policy's patterns.
fn rights(stage: &StagePlan) -> Vec<Right> {
    let reads = stage.reads.iter().map(|read| &read.path);
    let writes = stage.writes.iter().map(|write| &write.path);
    let paths: BTreeSet<&FilePath> = reads.clone().chain(writes.clone()).collect();
    let readable: BTreeSet<&FilePath> = reads.collect();
    let writable: BTreeSet<&FilePath> = writes.collect();
    paths
        .into_iter()
        .map(|path| Right {
            pattern: path.to_string(),
            read: readable.contains(path),
            write: writable.contains(path),
        })
        .collect()
}

fn writable(stage: &StagePlan) -> Vec<Output> {
    let writes = stage.writes.iter();
    writes
        .map(|write| Output {
            path: write.path.to_string(),
            max_bytes: write.max_bytes,
        })
        .collect()
}

fn account(resources: &mut Resources, report: &StageReport) {
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    resources.wall_ms = resources
        .wall_ms
        .saturating_add(milliseconds(report.wall_time));
    resources.cpu_ms = resources
        .cpu_ms
        .saturating_add(milliseconds(report.cpu_time));
    resources.memory_bytes = resources.memory_bytes.max(report.peak_memory);
}

/// Makes the files as the stage left them: what it wrote replaces what was there, and what it
/// found and removed is gone.
fn take_over(
    files: &mut Files,
    stage: &StagePlan,
    inputs: &[Input],
    report: StageReport,
) -> Result<(), Failed> {
    let found: BTreeSet<&str> = inputs.iter().map(|input| input.path.as_str()).collect();
    for write in &stage.writes {
        if found.contains(write.path.as_str()) {
            files.remove(&write.path);
        }
    }
    for output in report.outputs {
        let path = FilePath::parse(&output.path).map_err(|_| Failed::ISOLATE)?;
        files.insert(path, output.content);
    }
    for (printed, content) in [
        (&stage.stdout, report.stdout),
        (&stage.stderr, report.stderr),
    ] {
        if let Some(file) = printed {
            files.insert(file.path.clone(), content);
        }
    }
    Ok(())
}

/// What is released to receivers. An output that no stage wrote is an empty file, so that only
/// they learn whether it was written.
fn outputs(plan: &RunPlan, files: &Files) -> Result<Vec<(WrittenFile, Sealed)>, Failed> {
    let released = plan.written.iter().filter(|file| !file.intermediate);
    released
        .map(|file| {
            let content = match files.get(&file.path) {
                Some(content) => content.clone(),
                None => Sealed::copy_of("output", &[]).map_err(|_| Failed::ISOLATE)?,
            };
            Ok((describe(file.storage, &content)?, content))
        })
        .collect()
}

/// Length and digest of an output, read after its worker is dead and its bytes are sealed.
fn describe(storage: StorageId, content: &Sealed) -> Result<WrittenFile, Failed> {
    let mapping = content.map().map_err(|_| Failed::ISOLATE)?;
    let sha256 = veracruz_policy::Sha256::from_bytes(Sha256::digest(mapping.as_slice()).into());
    Ok(WrittenFile {
        storage,
        content: Content {
            length: content.len(),
            sha256,
        },
    })
}

/// What kind of failure it is.
fn class(error: &EngineError) -> FailureClass {
    match error {
        EngineError::Limit { name, .. } => exceeded(*name),
        EngineError::OutputTooLarge { .. } => FailureClass::Limit,
        EngineError::Trap { .. }
        | EngineError::InvalidModule { .. }
        | EngineError::UnsupportedImport { .. }
        | EngineError::ImportSignature { .. }
        | EngineError::MissingExport { .. } => FailureClass::Program,
        _ => FailureClass::Isolate,
    }
}

fn exceeded(limit: LimitName) -> FailureClass {
    match limit {
        LimitName::Time | LimitName::CpuTime => FailureClass::Time,
        LimitName::Memory => FailureClass::Memory,
        _ => FailureClass::Limit,
    }
}

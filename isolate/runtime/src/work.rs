//! What takes long, each in a thread of its own: compiling, running, signing receipts.
//!
//! The state machine asks for it as an effect and is told the end as an event. Whatever fails
//! here ends that piece of work and nothing else.

use crate::isolate::Isolate;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use veracruz_computation::{Resources, RunPlan, RunReport, StagePlan, StorageId, WrittenFile};
use veracruz_engine::memfd::Sealed;
use veracruz_engine::{
    EngineError, Input, LimitName, Output, Program, ProgramSettings, Right, Seed, StageReport,
    StageSettings,
};
use veracruz_policy::{FilePath, Nan, Policy};
use veracruz_protocol::{Content, FailureClass};
use veracruz_receipt::{ReceiptPayload, UnsignedReceipt};
use veracruz_vfs::Storage as _;

/// Compiles the program at `storage`, while the other inputs may still be arriving.
pub(crate) fn compile(isolate: &Arc<Isolate>, storage: StorageId, path: FilePath) {
    in_background(isolate, "compile", move |isolate| {
        let result = match isolate.look(|state| state.storage.file(storage)) {
            Some(module) => isolate
                .spawner
                .compile(&module, program_settings(&isolate.policy, &path))
                .map_err(|error| error.to_string()),
            None => Err("the program could not be kept".to_owned()),
        };
        // A report about a program that was replaced meanwhile is of no interest.
        let _ = isolate.handle(|state| match result {
            Ok(program) => {
                state.storage.compiled(storage, program);
                state.computation.compiled(storage, Ok(()))
            }
            Err(reason) => state.computation.compiled(storage, Err(reason)),
        });
    });
}

/// Carries out a run, stage by stage.
pub(crate) fn run(isolate: &Arc<Isolate>, plan: RunPlan) {
    in_background(isolate, "run", move |isolate| {
        let mut resources = Resources::default();
        let outcome = run_stages(isolate, &plan, &mut resources);
        // Only the run itself can be unknown here, and it is this one.
        let _ = isolate.handle(|state| {
            let report = match outcome {
                Ok(files) => {
                    let written = files.iter().map(|(file, _)| *file).collect();
                    for (file, content) in files {
                        state.storage.keep(file.storage, content);
                    }
                    RunReport::Finished { written, resources }
                }
                Err(class) => RunReport::Failed { class, resources },
            };
            state.computation.run_ended(plan.run, report)
        });
    });
}

/// Signs a receipt and gets evidence over it.
pub(crate) fn make_receipt(isolate: &Arc<Isolate>, run: u32, payload: ReceiptPayload) {
    in_background(isolate, "receipt", move |isolate| {
        let receipt = sign(isolate, &payload);
        let _ = isolate.handle(|state| state.computation.receipt_made(run, receipt));
    });
}

/// A thread for one piece of work.
fn in_background(
    isolate: &Arc<Isolate>,
    name: &str,
    work: impl FnOnce(&Arc<Isolate>) + Send + 'static,
) {
    let isolate = Arc::clone(isolate);
    let started = thread::Builder::new()
        .name(name.into())
        .spawn(move || work(&isolate));
    if started.is_err() {
        // The isolate cannot go on without threads; its state must not wait for ever.
        std::process::abort();
    }
}

/// How a program is compiled: by what the policy says of all stages that use it.
fn program_settings(policy: &Policy, path: &FilePath) -> ProgramSettings {
    let stages = policy
        .pipeline()
        .iter()
        .filter(|stage| stage.program == *path);
    let defaults = ProgramSettings::default();
    let stack = stages.clone().map(|stage| stage.limits.stack).max();
    let module = stages.map(|stage| stage.limits.module_bytes).min();
    ProgramSettings {
        nan_canonical: policy.execution().nan == Nan::Canonical,
        max_module_bytes: module.unwrap_or(defaults.max_module_bytes),
        max_wasm_stack: stack.unwrap_or(defaults.max_wasm_stack),
        ..defaults
    }
}

/// A file that the run wrote, and what is in it.
type Written = Vec<(WrittenFile, Sealed)>;

fn run_stages(
    isolate: &Isolate,
    plan: &RunPlan,
    resources: &mut Resources,
) -> Result<Written, FailureClass> {
    // What earlier stages wrote. It can be read by later ones and is nobody's before the end.
    let mut written: BTreeMap<FilePath, Sealed> = BTreeMap::new();
    for stage in &plan.stages {
        let (program, inputs) = prepare(isolate, stage, &written)?;
        let report = program
            .run(stage_settings(stage), &inputs, &outputs(stage))
            .map_err(|error| failure(&error))?;
        account(resources, &report);
        if report.exit_code != 0 {
            return Err(match report.limit_met {
                Some(limit) => exceeded(limit),
                None => FailureClass::Program,
            });
        }
        for output in report.outputs {
            let path = FilePath::parse(&output.path).map_err(|_| FailureClass::Isolate)?;
            written.insert(path, output.content);
        }
    }
    let files = plan.written.iter().filter_map(|file| {
        let content = written.get(&file.path)?;
        Some(describe(file.storage, content).map(|described| (described, content.clone())))
    });
    files.collect()
}

/// The compiled program and the files that a stage may read.
fn prepare(
    isolate: &Isolate,
    stage: &StagePlan,
    written: &BTreeMap<FilePath, Sealed>,
) -> Result<(Arc<Program>, Vec<Input>), FailureClass> {
    isolate.look(|state| {
        let program = state
            .storage
            .program(stage.program.storage)
            .ok_or(FailureClass::Isolate)?;
        let mut inputs = Vec::with_capacity(stage.reads.len());
        for read in &stage.reads {
            let content = match read.content {
                // A provided file must be there.
                Some(_) => state
                    .storage
                    .file(read.storage)
                    .ok_or(FailureClass::Isolate)?,
                // A stage before may have left a file out.
                None => match written.get(&read.path) {
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

/// Everything that the policy says of a stage, in the engine's words.
fn stage_settings(stage: &StagePlan) -> StageSettings {
    let limits = &stage.limits;
    let name = stage.program.path.to_string();
    let mut settings = StageSettings::new(Seed::from(*stage.seed.as_bytes()));
    settings.args = std::iter::once(name)
        .chain(stage.args.iter().cloned())
        .collect();
    settings.env = stage.env.clone();
    settings.rights = rights(stage);
    settings.wall_time = Duration::from_millis(limits.time);
    settings.cpu_time = Duration::from_millis(limits.cpu_time);
    settings.memory = limits.memory;
    settings.table_elements = limits.tables;
    settings.open_files = u32::try_from(limits.open_files).unwrap_or(u32::MAX);
    settings.files = limits.files;
    settings.written_bytes = limits.written_bytes;
    settings.args_bytes = limits.args_bytes;
    settings.env_bytes = limits.env_bytes;
    // Nobody receives what a program prints, so nothing of it is kept.
    settings.stdout_bytes = 0;
    settings.stderr_bytes = 0;
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

fn outputs(stage: &StagePlan) -> Vec<Output> {
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

/// Length and digest of an output, read after its worker is dead and its bytes are sealed.
fn describe(storage: StorageId, content: &Sealed) -> Result<WrittenFile, FailureClass> {
    let mapping = content.map().map_err(|_| FailureClass::Isolate)?;
    let sha256 = veracruz_policy::Sha256::from_bytes(Sha256::digest(mapping.as_slice()).into());
    Ok(WrittenFile {
        storage,
        content: Content {
            length: content.len(),
            sha256,
        },
    })
}

/// The class of a failure: all that anybody learns of it.
fn failure(error: &EngineError) -> FailureClass {
    match error {
        EngineError::Limit { name, .. } => exceeded(*name),
        EngineError::OutputTooLarge { .. } => FailureClass::Limit,
        EngineError::Trap { .. }
        | EngineError::InvalidModule { .. }
        | EngineError::ComponentNotSupported
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

/// The receipt with its signature and evidence, encoded; `None` where there is no evidence.
fn sign(isolate: &Isolate, payload: &ReceiptPayload) -> Option<Vec<u8>> {
    let unsigned = UnsignedReceipt::new(payload, isolate.identity.spki()).ok()?;
    let evidence = isolate.evidence.evidence(&unsigned.report_data()).ok()?;
    let signature = isolate.identity.sign_es256(&unsigned.to_be_signed()).ok()?;
    Some(unsigned.finish(&signature, evidence).ok()?.encode())
}

//! What takes long: compiling, running, signing receipts. Each kind has one thread, which exists
//! from the start, so that nothing a participant does can exhaust threads.
//!
//! The state machine asks for work as an effect and is told its end as an event. Whatever fails
//! ends that piece of work and nothing else.

use crate::fault::Fault;
use crate::isolate::Isolate;
use crate::stages::{Ended, run_stages};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use veracruz_computation::{RunPlan, RunReport, StorageId};
use veracruz_engine::{ProgramSettings, Strategy};
use veracruz_policy::{FilePath, Nan, Policy};
use veracruz_receipt::{ReceiptPayload, UnsignedReceipt};

/// What waits to be done.
pub(crate) struct Work {
    runs: mpsc::Sender<Job>,
    programs: Arc<Programs>,
}

/// What is done in order. There is at most one run and the receipt of the one before it.
enum Job {
    Run(RunPlan),
    Receipt {
        run: u32,
        payload: Box<ReceiptPayload>,
    },
}

/// The other end of [`Work`], for the threads that do it.
pub(crate) struct Orders {
    runs: mpsc::Receiver<Job>,
    programs: Arc<Programs>,
}

impl Work {
    pub(crate) fn new() -> (Self, Orders) {
        let (sender, runs) = mpsc::channel();
        let programs = Arc::new(Programs::new());
        let work = Self {
            runs: sender,
            programs: Arc::clone(&programs),
        };
        (work, Orders { runs, programs })
    }

    /// Compiles the program at `storage`, while the other inputs may still be arriving.
    pub(crate) fn compile(&self, storage: StorageId, path: FilePath) {
        self.programs.add(path, storage);
    }

    /// Carries out a run, stage by stage.
    pub(crate) fn run(&self, plan: RunPlan) {
        self.order(Job::Run(plan));
    }

    /// Signs a receipt and gets evidence over it.
    pub(crate) fn make_receipt(&self, run: u32, payload: Box<ReceiptPayload>) {
        self.order(Job::Receipt { run, payload });
    }

    fn order(&self, job: Job) {
        // The thread is there as long as the isolate is.
        let _ = self.runs.send(job);
    }
}

impl Orders {
    /// Starts the threads.
    pub(crate) fn start(self, isolate: &Arc<Isolate>) -> Result<(), Fault> {
        let Self { runs, programs } = self;
        let for_runs = Arc::clone(isolate);
        essential("runs", move || {
            for job in runs {
                match job {
                    Job::Run(plan) => run(&for_runs, &plan),
                    Job::Receipt { run, payload } => receipt(&for_runs, run, &payload),
                }
            }
        })?;
        let isolate = Arc::clone(isolate);
        essential("programs", move || {
            loop {
                let (path, storage) = programs.next();
                compile(&isolate, storage, &path);
            }
        })
    }
}

/// A thread without which the isolate cannot go on. Where it panics, the isolate ends, which the
/// host sees and tells, rather than stay in a state that it can never leave.
pub(crate) fn essential(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            if catch_unwind(AssertUnwindSafe(work)).is_err() {
                std::process::abort();
            }
        })
        .map(drop)
        .map_err(|_| Fault::Internal)
}

/// Programs to be compiled, one at a time: a compilation may take gigabytes, and uses all
/// processors by itself. One that was replaced gives its place to the one that replaced it, so
/// there are never more than the policy has programs.
struct Programs<Id = StorageId> {
    waiting: Mutex<VecDeque<(FilePath, Id)>>,
    added: Condvar,
}

impl<Id> Programs<Id> {
    fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            added: Condvar::new(),
        }
    }

    fn add(&self, path: FilePath, storage: Id) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.iter_mut().find(|(waits, _)| *waits == path) {
            Some((_, replaced)) => *replaced = storage,
            None => waiting.push_back((path, storage)),
        }
        drop(waiting);
        self.added.notify_one();
    }

    fn next(&self) -> (FilePath, Id) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(next) = waiting.pop_front() {
                return next;
            }
            waiting = self
                .added
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn compile(isolate: &Arc<Isolate>, storage: StorageId, path: &FilePath) {
    // It may have been erased while it waited.
    let Some(module) = isolate.look(|state| state.storage.file(storage)) else {
        return;
    };
    let settings = program_settings(&isolate.policy, path);
    let result = isolate
        .spawner
        .compile(&module, settings)
        .map_err(|error| error.to_string());
    let mut surplus = None;
    // A report about a program that was replaced meanwhile is of no interest.
    let _ = isolate.handle(|state| match result {
        Ok(program) => {
            surplus = state.storage.compiled(storage, program);
            state.computation.compiled(storage, Ok(()))
        }
        Err(reason) => state.computation.compiled(storage, Err(reason)),
    });
    // Ends its process: not while the state is locked.
    drop(surplus);
}

/// How a program is compiled: by what the policy says of all stages that use it.
fn program_settings(policy: &Policy, path: &FilePath) -> ProgramSettings {
    let stages = policy
        .pipeline()
        .iter()
        .filter(|stage| stage.program == *path);
    let defaults = ProgramSettings::default();
    let stack = stages.clone().map(|stage| stage.limits.stack).max();
    let metered = stages.clone().any(|stage| stage.limits.fuel.is_some());
    let module = stages.map(|stage| stage.limits.module_bytes).min();
    ProgramSettings {
        strategy: match policy.execution().strategy {
            veracruz_policy::Strategy::Compiled => Strategy::Compiled,
            _ => Strategy::Interpreted,
        },
        metered,
        nan_canonical: policy.execution().nan == Nan::Canonical,
        max_module_bytes: module.unwrap_or(defaults.max_module_bytes),
        max_wasm_stack: stack.unwrap_or(defaults.max_wasm_stack),
        ..defaults
    }
}

fn run(isolate: &Arc<Isolate>, plan: &RunPlan) {
    let Ended { outputs, resources } = run_stages(isolate, plan);
    // Only the run itself can be unknown here, and it is this one.
    let _ = isolate.handle(|state| match outputs {
        Ok(files) => {
            let written = files.iter().map(|(file, _)| *file).collect();
            let report = RunReport::Finished { written, resources };
            let reply = state.computation.run_ended(plan.run, report);
            if reply.answer.is_ok() {
                // The effects that follow erase what is not released.
                for (file, content) in files {
                    state.storage.keep(file.storage, content);
                }
            }
            reply
        }
        Err(class) => {
            let report = RunReport::Failed { class, resources };
            state.computation.run_ended(plan.run, report)
        }
    });
}

fn receipt(isolate: &Arc<Isolate>, run: u32, payload: &ReceiptPayload) {
    let receipt = sign(isolate, payload);
    let _ = isolate.handle(|state| state.computation.receipt_made(run, receipt));
}

/// The receipt with its signature and evidence, encoded; `None` where there is no evidence.
fn sign(isolate: &Isolate, payload: &ReceiptPayload) -> Option<Vec<u8>> {
    let unsigned = UnsignedReceipt::new(payload, isolate.identity.spki()).ok()?;
    let evidence = isolate.evidence.evidence(&unsigned.report_data()).ok()?;
    let signature = isolate.identity.sign_es256(&unsigned.to_be_signed()).ok()?;
    Some(unsigned.finish(&signature, evidence).ok()?.encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_replaced_gives_its_place_to_its_successor() {
        let programs = Programs::new();
        let path = |text| FilePath::parse(text).unwrap();
        programs.add(path("/a"), 1);
        programs.add(path("/b"), 2);
        programs.add(path("/a"), 3);
        assert_eq!(programs.next(), (path("/a"), 3));
        assert_eq!(programs.next(), (path("/b"), 2));
        assert!(programs.waiting.lock().unwrap().is_empty());
    }
}

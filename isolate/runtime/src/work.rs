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
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use veracruz_computation::{Agreement, RunPlan, RunReport, StorageId};
use veracruz_engine::{Cancel, ProgramSettings, Strategy};
use veracruz_policy::{FilePath, Nan, Policy};
use veracruz_receipt::{ReceiptPayload, UnsignedReceipt};

/// What waits to be done.
pub(crate) struct Work {
    runs: mpsc::Sender<Job>,
    programs: Arc<Programs>,
}

/// What is done in order. There is at most one run, and receipt and agreement of the one before it.
enum Job {
    Run(RunPlan),
    Receipt {
        run: u32,
        payload: Box<ReceiptPayload>,
    },
    Agreement(Agreement),
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

    /// Does not compile what was erased: not any more, where that has begun.
    pub(crate) fn forget(&self, storage: StorageId) {
        self.programs.forget(&storage);
    }

    /// Carries out a run, stage by stage.
    pub(crate) fn run(&self, plan: RunPlan) {
        self.order(Job::Run(plan));
    }

    /// Signs a receipt and gets evidence over it.
    pub(crate) fn make_receipt(&self, run: u32, payload: Box<ReceiptPayload>) {
        self.order(Job::Receipt { run, payload });
    }

    /// Signs what this isolate says to the others of its quorum.
    pub(crate) fn sign_agreement(&self, agreement: Agreement) {
        self.order(Job::Agreement(agreement));
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
                    Job::Agreement(said) => agreement(&for_runs, &said),
                }
            }
        })?;
        let isolate = Arc::clone(isolate);
        essential("programs", move || {
            loop {
                let (path, storage, cancel) = programs.next();
                compile(&isolate, storage, &path, &cancel);
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
/// there are never more than the policy has programs; and its compilation ends, or a provider who
/// sends what compiles long would keep the others waiting.
struct Programs<Id = StorageId> {
    queue: Mutex<Queue<Id>>,
    added: Condvar,
}

struct Queue<Id> {
    waiting: VecDeque<(FilePath, Id)>,
    /// What is being compiled, or was last.
    current: Option<(Id, Cancel)>,
}

impl<Id: Copy + PartialEq> Programs<Id> {
    fn new() -> Self {
        Self {
            queue: Mutex::new(Queue {
                waiting: VecDeque::new(),
                current: None,
            }),
            added: Condvar::new(),
        }
    }

    fn add(&self, path: FilePath, storage: Id) {
        let mut queue = self.lock();
        let mut waiting = queue.waiting.iter_mut();
        match waiting.find(|(waits, _)| *waits == path) {
            Some((_, replaced)) => *replaced = storage,
            None => queue.waiting.push_back((path, storage)),
        }
        drop(queue);
        self.added.notify_one();
    }

    fn forget(&self, storage: &Id) {
        let mut queue = self.lock();
        queue.waiting.retain(|(_, waits)| waits != storage);
        if let Some((current, cancel)) = &queue.current
            && current == storage
        {
            cancel.cancel();
        }
    }

    /// The next one, and what ends its compilation when it is forgotten.
    fn next(&self) -> (FilePath, Id, Cancel) {
        let mut queue = self.lock();
        loop {
            if let Some((path, storage)) = queue.waiting.pop_front() {
                let cancel = Cancel::new();
                queue.current = Some((storage, cancel.clone()));
                return (path, storage, cancel);
            }
            queue = self
                .added
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nothing here can be half done.
    fn lock(&self) -> MutexGuard<'_, Queue<Id>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn compile(isolate: &Arc<Isolate>, storage: StorageId, path: &FilePath, cancel: &Cancel) {
    // It may have been erased a moment ago.
    let Some(module) = isolate.look(|state| state.storage.file(storage)) else {
        return;
    };
    let settings = program_settings(&isolate.policy, path);
    let result = isolate
        .spawner
        .compile_unless(&module, settings, cancel)
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
        Err(failure) => state
            .computation
            .run_ended(plan.run, RunReport::Failed(failure)),
    });
}

fn receipt(isolate: &Arc<Isolate>, run: u32, payload: &ReceiptPayload) {
    let receipt = sign(isolate, payload);
    let _ = isolate.handle(|state| state.computation.receipt_made(run, receipt));
}

fn agreement(isolate: &Arc<Isolate>, said: &Agreement) {
    let unsigned = said.unsigned(isolate.identity.spki());
    let signature = isolate.identity.sign_es256(&unsigned.to_be_signed());
    let message = signature.ok().map(|signature| unsigned.signed(&signature));
    let _ = isolate.handle(|state| state.computation.agreement_made(said.run, message));
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
        let next = || {
            let (path, storage, _) = programs.next();
            (path, storage)
        };
        assert_eq!(next(), (path("/a"), 3));
        assert_eq!(next(), (path("/b"), 2));
        assert!(programs.lock().waiting.is_empty());
    }

    #[test]
    fn a_program_that_is_forgotten_is_not_compiled_nor_any_longer() {
        let programs = Programs::new();
        let path = |text| FilePath::parse(text).unwrap();
        programs.add(path("/a"), 1);
        programs.add(path("/b"), 2);
        programs.add(path("/c"), 3);
        let (_, first, cancel) = programs.next();
        programs.forget(&2);
        assert!(!cancel.is_cancelled());
        programs.forget(&first);
        assert!(cancel.is_cancelled());
        let (_, third, cancel) = programs.next();
        programs.forget(&first);
        assert_eq!((third, cancel.is_cancelled()), (3, false));
    }

    #[test]
    fn a_policy_can_ask_for_as_much_stack_as_there_is_and_no_more() {
        let most = veracruz_engine::GREATEST_WASM_STACK;
        assert_eq!(veracruz_policy::MAX_STACK_BYTES, most);
    }
}

//! What a shell needs to know to carry out a run: everything, so that it decides nothing.

use alloc::{string::String, vec::Vec};

use veracruz_policy::{FilePath, Limits, Nan, Sha256, Stage};
use veracruz_protocol::Content;
use zeroize::Zeroizing;

use crate::{Computation, StorageId, randomness};

/// A run, to be carried out stage by stage; the first stage that fails ends it.
#[derive(Debug)]
pub struct RunPlan {
    /// Its number; the first is 1.
    pub run: u32,
    /// The stages, in order.
    pub stages: Vec<StagePlan>,
    /// Every file that programs write, with new and empty storage. Those that are not
    /// `intermediate` are outputs; one that no stage writes is an empty output, so that nobody
    /// but its receivers learns whether it was written.
    pub written: Vec<WritePlan>,
}

/// One stage of a run.
#[derive(Debug)]
pub struct StagePlan {
    /// What to execute.
    pub program: ProgramPlan,
    /// Its arguments, without its own name.
    pub args: Vec<String>,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// The files that it may read, in order of their paths, and no others.
    pub reads: Vec<ReadPlan>,
    /// The files that it may write, in order of their paths, and no others.
    pub writes: Vec<WritePlan>,
    /// The stage is left out where this file does not exist when its turn comes. It may not be
    /// among `reads`.
    pub if_exists: Option<ReadPlan>,
    /// Its standard input, one of `reads`; empty where it does not exist.
    pub stdin: Option<ReadPlan>,
    /// What takes its standard output; discarded without.
    pub stdout: Option<WritePlan>,
    /// What takes its standard error; discarded without.
    pub stderr: Option<WritePlan>,
    /// What ends it.
    pub limits: Limits,
    /// How floating point treats NaN.
    pub nan: Nan,
    /// The seed of its randomness.
    pub seed: Seed,
}

/// A compiled program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramPlan {
    /// Its path in the policy.
    pub path: FilePath,
    /// As in [`crate::Effect::Compile`].
    pub storage: StorageId,
    /// The digest of what is to be executed.
    pub sha256: Sha256,
}

/// A file that a stage may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPlan {
    /// Its path.
    pub path: FilePath,
    /// Where it is.
    pub storage: StorageId,
    /// Length and digest of a provided file; `None` for one that an earlier stage writes.
    pub content: Option<Content>,
}

/// A file that a stage may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WritePlan {
    /// Its path.
    pub path: FilePath,
    /// Where it goes.
    pub storage: StorageId,
    /// Its largest size.
    pub max_bytes: u64,
    /// Whether it is for later stages alone.
    pub intermediate: bool,
}

/// 32 secret bytes, overwritten when they are dropped and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(pub(crate) Zeroizing<[u8; 32]>);

impl Seed {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for Seed {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Seed(..)")
    }
}

impl Computation {
    /// The plan of a run; `None` where a program is not there, which a ready computation excludes.
    pub(crate) fn plan(&mut self, run: u32, run_secret: &[u8; 32]) -> Option<RunPlan> {
        let written = self.written_files();
        let stages = self.policy.pipeline().iter().zip(0_u32..);
        let stages = stages
            .map(|(stage, index)| {
                let seed = Seed(randomness::program_seed(run_secret, index));
                self.stage_plan(stage, seed, &written)
            })
            .collect::<Option<_>>()?;
        Some(RunPlan {
            run,
            stages,
            written,
        })
    }

    fn stage_plan(&self, stage: &Stage, seed: Seed, written: &[WritePlan]) -> Option<StagePlan> {
        let program = self.slots.get(&stage.program)?.committed.as_ref()?;
        let provided = self.slots.iter().filter_map(|(path, slot)| {
            let committed = slot.committed.as_ref()?;
            let (storage, content) = (committed.storage, Some(committed.content));
            Some(ReadPlan {
                path: path.clone(),
                storage,
                content,
            })
        });
        let earlier = written.iter().map(|file| ReadPlan {
            path: file.path.clone(),
            storage: file.storage,
            content: None,
        });
        let mut there: Vec<ReadPlan> = provided.chain(earlier).collect();
        there.sort_by(|a, b| a.path.cmp(&b.path));
        let reads = there.iter().filter(|file| stage.rights(&file.path).read);
        let writes = written.iter().filter(|file| stage.rights(&file.path).write);
        Some(StagePlan {
            program: ProgramPlan {
                path: stage.program.clone(),
                storage: program.storage,
                sha256: program.content.sha256,
            },
            args: stage.args.clone(),
            env: stage.env.clone(),
            reads: reads.cloned().collect(),
            writes: writes.cloned().collect(),
            if_exists: named(stage.if_exists.as_ref(), &there, |file| &file.path)?,
            stdin: named(stage.stdin.as_ref(), &there, |file| &file.path)?,
            stdout: named(stage.stdout.as_ref(), written, |file| &file.path)?,
            stderr: named(stage.stderr.as_ref(), written, |file| &file.path)?,
            limits: stage.limits,
            nan: self.policy.execution().nan,
            seed,
        })
    }

    /// New storage for every file that has no provider, in order of paths.
    fn written_files(&mut self) -> Vec<WritePlan> {
        let files = self
            .policy
            .files()
            .iter()
            .filter(|file| file.provider.is_none());
        let mut plans: Vec<WritePlan> = files
            .map(|file| WritePlan {
                path: file.path.clone(),
                storage: StorageId(0),
                max_bytes: file.max_bytes,
                intermediate: file.intermediate,
            })
            .collect();
        plans.sort_by(|a, b| a.path.cmp(&b.path));
        for plan in &mut plans {
            plan.storage = self.next_storage();
        }
        plans
    }
}

/// The file that a stage names, where it names one; `None` where there is no such file, which a
/// checked policy excludes: a stage must not run without the condition that it has.
fn named<T: Clone>(
    path: Option<&FilePath>,
    files: &[T],
    path_of: impl Fn(&T) -> &FilePath,
) -> Option<Option<T>> {
    let Some(path) = path else { return Some(None) };
    let mut files = files.iter();
    files.find(|file| path_of(file) == path).cloned().map(Some)
}

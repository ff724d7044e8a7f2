//! The files that have a provider, and who may look at and fetch which file.

use alloc::{string::String, vec::Vec};
use core::mem;

use veracruz_policy::{File, FilePath, ParticipantName, Sha256};
use veracruz_protocol::{
    Content, ErrorCode, Problem, UploadView,
    header::{ContentRange, Range},
};
use zeroize::Zeroizing;

use crate::{Computation, Effect, Reply, Session, StorageId, uploads::Unfinished};

/// The place of a provided file.
#[derive(Default)]
pub(crate) struct Slot {
    pub(crate) committed: Option<Committed>,
    pub(crate) upload: Option<Unfinished>,
}

/// Contents that were uploaded whole.
pub(crate) struct Committed {
    pub(crate) storage: StorageId,
    pub(crate) content: Content,
    pub(crate) salt: Zeroizing<[u8; 32]>,
    pub(crate) share: Zeroizing<[u8; 32]>,
    pub(crate) compilation: Compilation,
}

/// What is known of a committed file as a program.
pub(crate) enum Compilation {
    /// No stage executes it.
    NotAProgram,
    Pending,
    Compiled,
    Refused(String),
}

/// The answer to `HEAD` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHead {
    /// Length and digest of what is committed or released.
    pub content: Option<Content>,
    /// The caller's own unfinished upload.
    pub upload: Option<UploadView>,
}

/// The answer to `GET` of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// Where the contents are.
    pub storage: StorageId,
    /// Length and digest of the whole.
    pub content: Content,
    /// The part that was asked for; `None` for the whole.
    pub part: Option<ContentRange>,
    /// What opens the receipt's commitment to an output, for the header `Veracruz-Opening`.
    pub opening: Option<[u8; 32]>,
}

impl Computation {
    /// `HEAD /v1/files/{path}`. The provider learns size and digest of its file and how far its
    /// upload got; everybody learns those of programs; receivers those of what they can fetch.
    ///
    /// # Errors
    /// 403 for everybody else, 404 where there is nothing yet.
    pub fn head(&self, session: &Session, path: &FilePath) -> Result<FileHead, Problem> {
        self.admit(session)?;
        let file = self.file(path)?;
        let Some(slot) = self.slots.get(path) else {
            let read = self.output(session, file)?;
            return Ok(FileHead {
                content: Some(read.content),
                upload: None,
            });
        };
        let own = file.provider.as_ref() == Some(&session.participant);
        if !own && !self.is_program(path) && !file.is_received_by(&session.participant) {
            return Err(not_receiver(file));
        }
        let content = slot.content();
        let upload = slot.upload.as_ref().filter(|_| own).map(Unfinished::view);
        if content.is_none() && upload.is_none() {
            return Err(Problem::new(ErrorCode::FileAbsent).found(path.as_str()));
        }
        Ok(FileHead { content, upload })
    }

    /// `GET /v1/files/{path}`, whole or a range: outputs after their run has finished, and
    /// provided files that name receivers, for those receivers alone.
    ///
    /// # Errors
    /// 403, 404, 409 where there is nothing to fetch yet, 416 for a range outside the file.
    pub fn read(
        &self,
        session: &Session,
        path: &FilePath,
        range: Option<Range>,
    ) -> Result<FileRead, Problem> {
        self.admit(session)?;
        let file = self.file(path)?;
        if !file.is_received_by(&session.participant) {
            return Err(not_receiver(file));
        }
        let mut read = match self.slots.get(path) {
            None => self.output(session, file)?,
            Some(slot) => {
                let committed = slot
                    .committed
                    .as_ref()
                    .ok_or_else(|| Problem::new(ErrorCode::FileAbsent).found(path.as_str()))?;
                let (storage, content) = (committed.storage, committed.content);
                FileRead {
                    storage,
                    content,
                    part: None,
                    opening: None,
                }
            }
        };
        if let Some(range) = range {
            let length = read.content.length;
            read.part = Some(range.resolve(length).ok_or_else(|| {
                Problem::new(ErrorCode::RangeUnsatisfiable)
                    .expected(format_args!("a part of {length} bytes"))
                    .found(range)
            })?);
        }
        Ok(read)
    }

    /// `DELETE /v1/files/{path}`: the provider takes back a file before the first run, committed
    /// or not. Without a program all approvals are void and the others' inputs are erased.
    pub fn delete(&mut self, session: &Session, path: &FilePath) -> Reply<()> {
        self.change(|this, effects| {
            this.admit(session)?;
            this.provided_by(session, path)?;
            this.refuse_during_run()?;
            this.refuse_after_first_run()?;
            let slot = this.slots.get_mut(path);
            let slot = slot.filter(|slot| slot.committed.is_some() || slot.upload.is_some());
            let Some(slot) = slot else {
                return Err(Problem::new(ErrorCode::FileAbsent).found(path.as_str()));
            };
            slot.erase_upload(effects);
            if slot.erase(effects) && this.is_program(path) {
                this.void(&session.participant, effects);
            }
            Ok(())
        })
    }

    /// The program that a shell was asked to compile is compiled, or was refused for a reason
    /// that its provider is told. Reports about contents that were replaced since are ignored.
    pub fn compiled(&mut self, storage: StorageId, result: Result<(), String>) -> Reply<()> {
        self.change(|this, _| {
            let mut committed = this
                .slots
                .values_mut()
                .filter_map(|slot| slot.committed.as_mut());
            let program = committed.find(|file| {
                file.storage == storage && matches!(file.compilation, Compilation::Pending)
            });
            let Some(program) = program else {
                return Err(Problem::new(ErrorCode::FileAbsent));
            };
            program.compilation = match result {
                Ok(()) => Compilation::Compiled,
                Err(reason) => Compilation::Refused(reason),
            };
            Ok(())
        })
    }

    /// The policy's entry for a path.
    pub(crate) fn file(&self, path: &FilePath) -> Result<&File, Problem> {
        let unknown = || Problem::new(ErrorCode::FileUnknown).found(path.as_str());
        self.policy.file(path).ok_or_else(unknown)
    }

    /// The policy's entry for a path that the caller provides.
    pub(crate) fn provided_by(&self, session: &Session, path: &FilePath) -> Result<&File, Problem> {
        let file = self.file(path)?;
        if file.provider.as_ref() == Some(&session.participant) {
            return Ok(file);
        }
        let problem = Problem::new(ErrorCode::NotProvider).found(&session.participant);
        Err(match &file.provider {
            Some(provider) => problem.expected(provider),
            None => problem.expected("a file that has a provider"),
        })
    }

    /// Inputs stay as they are once a run has read them.
    pub(crate) fn refuse_after_first_run(&self) -> Result<(), Problem> {
        match self.runs.last_started() {
            None => Ok(()),
            Some(_) => Err(Problem::new(ErrorCode::InputsFixed)),
        }
    }

    /// A program is not the one any more that was approved and provided for: all approvals are
    /// void and the inputs of everybody but its provider are erased, unfinished ones too.
    pub(crate) fn void(&mut self, provider: &ParticipantName, effects: &mut Vec<Effect>) {
        self.approvals.void();
        self.erase_where(effects, |file, program| {
            !program && file.provider.as_ref() != Some(provider)
        });
    }

    /// Erases what a participant provided. A program among it voids what rested on it.
    pub(crate) fn erase_files_of(&mut self, who: &ParticipantName, effects: &mut Vec<Effect>) {
        let had_program = self.slots.iter().any(|(path, slot)| {
            let own = self
                .policy
                .file(path)
                .is_some_and(|f| f.provider.as_ref() == Some(who));
            own && slot.committed.is_some() && self.is_program(path)
        });
        self.erase_where(effects, |file, _| file.provider.as_ref() == Some(who));
        if had_program {
            self.void(who, effects);
        }
    }

    /// Programs that the policy does not pin, in order, with the digest of what is here.
    pub(crate) fn unpinned_programs(&self) -> Vec<(&FilePath, Option<Sha256>)> {
        let unpinned = |path: &FilePath| {
            self.is_program(path) && self.policy.file(path).is_some_and(|file| !file.is_pinned())
        };
        let slots = self.slots.iter().filter(|(path, _)| unpinned(path));
        slots
            .map(|(path, slot)| (path, slot.content().map(|content| content.sha256)))
            .collect()
    }

    /// Erases files, committed and unfinished, for which `which(file, is a program)`.
    fn erase_where(&mut self, effects: &mut Vec<Effect>, which: impl Fn(&File, bool) -> bool) {
        let mut slots = mem::take(&mut self.slots);
        for (path, slot) in &mut slots {
            let chosen = self
                .policy
                .file(path)
                .is_some_and(|f| which(f, self.is_program(path)));
            if chosen {
                slot.erase(effects);
                slot.erase_upload(effects);
            }
        }
        self.slots = slots;
    }

    /// A file that programs write, for its receivers, after its run has finished.
    fn output(&self, session: &Session, file: &File) -> Result<FileRead, Problem> {
        if !file.is_received_by(&session.participant) {
            return Err(not_receiver(file));
        }
        let output = self
            .runs
            .released(&file.path)
            .ok_or_else(|| Problem::new(ErrorCode::NotReleased).found(file.path.as_str()))?;
        Ok(FileRead {
            storage: output.storage,
            content: output.content,
            part: None,
            opening: Some(*output.salt),
        })
    }
}

impl Slot {
    pub(crate) fn content(&self) -> Option<Content> {
        self.committed.as_ref().map(|committed| committed.content)
    }

    /// Forgets what is committed; tells whether there was anything.
    pub(crate) fn erase(&mut self, effects: &mut Vec<Effect>) -> bool {
        let erased = self.committed.take();
        effects.extend(
            erased
                .iter()
                .map(|committed| Effect::Erase(committed.storage)),
        );
        erased.is_some()
    }

    /// Forgets an unfinished upload. The connection that sends it finds out at its next bytes.
    pub(crate) fn erase_upload(&mut self, effects: &mut Vec<Effect>) {
        effects.extend(
            self.upload
                .take()
                .map(|upload| Effect::Erase(upload.storage)),
        );
    }
}

fn not_receiver(file: &File) -> Problem {
    Problem::new(ErrorCode::NotReceiver).found(file.path.as_str())
}

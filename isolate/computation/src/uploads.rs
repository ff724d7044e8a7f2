//! Uploads: one connection at a time for a file, whole or resumed, committed whole or not at all.
//!
//! A newer connection takes a file over from an older one. Only the file's provider can do that,
//! so it takes from nobody but itself; and an upload whose line was cut goes on at once, without
//! waiting until the isolate notices that the first connection is dead.

mod announced;

use alloc::vec::Vec;

use subtle::ConstantTimeEq;
use veracruz_policy::{File, FilePath, Sha256, Trust};
use veracruz_protocol::{Content, ErrorCode, Problem, UploadView};
use zeroize::Zeroizing;

pub use announced::Upload;
use announced::{Announced, announced};

use crate::{
    Computation, Effect, Reply, Session, StorageId,
    files::{Committed, Compilation},
};

/// The right of one connection to send one body, until that commits, suspends or aborts it, or
/// until a newer connection of the provider takes the file over: a lease that was taken over
/// changes nothing any more.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a lease that is not given back shows its file as being uploaded"]
pub struct Lease {
    path: FilePath,
    id: u64,
}

/// An upload may begin or go on.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant {
    /// For the calls that follow.
    pub lease: Lease,
    /// Where the bytes go.
    pub storage: StorageId,
    /// Offset of the body's first byte. At 0 the storage is new and empty, otherwise it holds
    /// the bytes before the offset.
    pub offset: u64,
    /// How many bytes the body has.
    pub body_length: u64,
    /// How many bytes the file will have: the size to reserve.
    pub length: u64,
}

/// How a body that did not commit its file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyEnd {
    /// It was all there, as a part of the file: `202 Accepted`.
    Part(UploadView),
    /// It broke off early: `400`, with the offset, if anybody is there to be told.
    Cut(UploadView),
}

/// An upload that has not been committed.
pub(crate) struct Unfinished {
    pub(crate) storage: StorageId,
    length: u64,
    offset: u64,
    /// Where the body that is being sent ends.
    body_end: u64,
    /// What was announced; `None` where the provider may leave that out, and did.
    digest: Option<Sha256>,
    salt: Zeroizing<[u8; 32]>,
    share: Zeroizing<[u8; 32]>,
    /// The lease that is out.
    lease: Option<u64>,
}

impl Computation {
    /// `PUT /v1/files/{path}`: the headers have arrived. Everything that can be refused is
    /// refused here, before the body is read.
    pub fn begin_upload(
        &mut self,
        session: &Session,
        path: &FilePath,
        upload: Upload,
        now: i64,
    ) -> Reply<Grant> {
        let mut effects = Vec::new();
        let answer = self.try_begin(session, path, upload, now, &mut effects);
        Reply::new(answer, effects)
    }

    /// Bytes of the body have arrived and are about to be stored: may they? The shell keeps
    /// everybody else from the contents between this answer and storing them.
    ///
    /// # Errors
    /// [`ErrorCode::UploadErased`] where the upload is gone, [`ErrorCode::UploadBusy`] where a
    /// newer connection has taken it over, [`ErrorCode::UploadCut`] where the body is longer than
    /// announced. The bytes are not to be stored then; give the lease back.
    pub fn append(&mut self, lease: &Lease, bytes: u64) -> Result<(), Problem> {
        let upload = self.leased(lease)?;
        let offset = upload
            .offset
            .checked_add(bytes)
            .filter(|offset| *offset <= upload.body_end);
        upload.offset = offset.ok_or_else(|| {
            Problem::new(ErrorCode::UploadCut)
                .expected(format_args!("a body that ends at {}", upload.body_end))
        })?;
        Ok(())
    }

    /// Whether the file is whole now, so that it is to be hashed and committed.
    #[must_use]
    pub fn is_whole(&self, lease: &Lease) -> bool {
        let upload = self
            .slots
            .get(&lease.path)
            .and_then(|slot| slot.upload.as_ref());
        upload
            .is_some_and(|upload| upload.lease == Some(lease.id) && upload.offset == upload.length)
    }

    /// The last byte has arrived, nobody can change the contents any more, and this is their
    /// digest. The file is committed if that is what was announced; otherwise it is erased.
    ///
    /// The shell makes the contents unchangeable *before* it calls this: what is committed is
    /// there. Where it cannot, it aborts the upload instead.
    pub fn commit_upload(&mut self, lease: Lease, digest: Sha256) -> Reply<Content> {
        self.change(|this, effects| this.try_commit(&lease, digest, effects))
    }

    /// The body ended, or its connection did, and the file is not whole. What arrived is kept.
    ///
    /// # Errors
    /// [`ErrorCode::UploadErased`] where the upload is gone, [`ErrorCode::UploadBusy`] where a
    /// newer connection goes on with it.
    pub fn suspend_upload(&mut self, lease: Lease) -> Result<BodyEnd, Problem> {
        let upload = self.leased(&lease)?;
        upload.lease = None;
        let view = upload.view();
        Ok(if upload.offset == upload.body_end {
            BodyEnd::Part(view)
        } else {
            BodyEnd::Cut(view)
        })
    }

    /// The shell could not keep the bytes: the upload is erased.
    pub fn abort_upload(&mut self, lease: Lease) -> Reply<()> {
        let mut effects = Vec::new();
        let answer = self.leased(&lease).map(|_| ());
        if answer.is_ok()
            && let Some(slot) = self.slots.get_mut(&lease.path)
        {
            slot.erase_upload(&mut effects);
        }
        Reply::new(answer, effects)
    }

    fn try_begin(
        &mut self,
        session: &Session,
        path: &FilePath,
        upload: Upload,
        now: i64,
        effects: &mut Vec<Effect>,
    ) -> Result<Grant, Problem> {
        self.admit(session)?;
        let file = self.provided_by(session, path)?;
        let time = self.time(now);
        self.refuse_expired(time)?;
        self.refuse_during_run()?;
        self.refuse_after_first_run()?;
        if !self.is_program(path)
            && self.must_approve(&session.participant)
            && !self.has_approved(&session.participant, time)
        {
            return Err(Problem::new(ErrorCode::ApprovalFirst));
        }
        let provider = self.policy.participant(session.participant.as_str());
        let trust = provider.map_or(Trust::Connection, |provider| provider.trust);
        let announced = announced(upload, file, self.largest(file), trust)?;
        let (lease, storage) = (self.next_id(), self.next_storage());
        let slot = self.slots.entry(path.clone()).or_default();
        if announced.offset == 0 {
            slot.erase_upload(effects);
        }
        let begun = match &mut slot.upload {
            Some(begun) => {
                begun.resume(&announced)?;
                begun
            }
            None if announced.offset == 0 => {
                slot.upload.insert(Unfinished::new(storage, &announced))
            }
            None => return Err(wrong_offset(0, announced.offset)),
        };
        // Whoever had a lease before has none from here on.
        begun.lease = Some(lease);
        begun.body_end = announced.offset.saturating_add(announced.body_length);
        Ok(Grant {
            lease: Lease {
                path: path.clone(),
                id: lease,
            },
            storage: begun.storage,
            offset: announced.offset,
            body_length: announced.body_length,
            length: announced.length,
        })
    }

    fn try_commit(
        &mut self,
        lease: &Lease,
        digest: Sha256,
        effects: &mut Vec<Effect>,
    ) -> Result<Content, Problem> {
        let upload = self.leased(lease)?;
        if upload.offset != upload.length {
            let (expected, found) = (upload.length, upload.offset);
            upload.lease = None;
            return Err(Problem::new(ErrorCode::UploadCut)
                .expected(expected)
                .found(found));
        }
        let path = &lease.path;
        let is_program = self.is_program(path);
        let file = self.file(path)?;
        let (accepted, provider) = (file.accepts(&digest), file.provider.clone());
        let Some(slot) = self.slots.get_mut(path) else {
            return Err(erased());
        };
        let Some(upload) = slot.upload.take() else {
            return Err(erased());
        };
        let as_announced = upload.digest.is_none_or(|announced| announced == digest);
        if !as_announced || !accepted {
            effects.push(Effect::Erase(upload.storage));
            let problem = Problem::new(ErrorCode::DigestMismatch).detail(path.as_str());
            let problem = match upload.digest {
                Some(announced) => problem.expected(announced),
                None => problem.expected("what the policy pins"),
            };
            return Err(problem.found(digest));
        }
        let content = Content {
            length: upload.length,
            sha256: digest,
        };
        if is_program && slot.content() == Some(content) {
            // The same program once more changes nothing that anybody approved.
            effects.push(Effect::Erase(upload.storage));
            return Ok(content);
        }
        let replaced = slot.erase(effects);
        let storage = upload.storage;
        let compilation = if is_program {
            Compilation::Pending
        } else {
            Compilation::NotAProgram
        };
        let (salt, share) = (upload.salt, upload.share);
        slot.committed = Some(Committed {
            storage,
            content,
            salt,
            share,
            compilation,
        });
        if is_program {
            if replaced && let Some(provider) = provider {
                self.void(&provider, effects);
            }
            let (path, length) = (path.clone(), content.length);
            effects.push(Effect::Compile {
                storage,
                path,
                sha256: digest,
                length,
            });
        }
        Ok(content)
    }

    /// The largest size that the policy allows for a file; a program has to fit its stages too.
    fn largest(&self, file: &File) -> u64 {
        let stages = self
            .policy
            .pipeline()
            .iter()
            .filter(|stage| stage.program == file.path);
        let limits = stages.map(|stage| stage.limits.module_bytes);
        limits
            .chain([file.max_bytes])
            .min()
            .unwrap_or(file.max_bytes)
    }

    fn leased(&mut self, lease: &Lease) -> Result<&mut Unfinished, Problem> {
        let upload = self
            .slots
            .get_mut(&lease.path)
            .and_then(|slot| slot.upload.as_mut());
        let upload = upload.ok_or_else(erased)?;
        match upload.lease {
            Some(id) if id == lease.id => Ok(upload),
            // The file is being sent again, perhaps from the start.
            _ => Err(Problem::new(ErrorCode::UploadBusy).found(lease.path.as_str())),
        }
    }
}

impl Unfinished {
    pub(crate) fn view(&self) -> UploadView {
        UploadView {
            offset: self.offset,
            length: self.length,
            active: self.lease.is_some(),
        }
    }

    fn new(storage: StorageId, announced: &Announced) -> Self {
        Self {
            storage,
            length: announced.length,
            offset: 0,
            body_end: announced.body_length,
            digest: announced.digest,
            salt: announced.salt.clone(),
            share: announced.share.clone(),
            lease: None,
        }
    }

    /// The next body goes on exactly where the last one stopped, and is about the same file.
    fn resume(&self, announced: &Announced) -> Result<(), Problem> {
        let same = self.length == announced.length
            && self.digest == announced.digest
            && bool::from(self.salt.ct_eq(&*announced.salt))
            && bool::from(self.share.ct_eq(&*announced.share));
        if !same {
            return Err(Problem::new(ErrorCode::UploadDiffers));
        }
        if announced.offset != self.offset {
            return Err(wrong_offset(self.offset, announced.offset));
        }
        Ok(())
    }
}

fn wrong_offset(expected: u64, found: u64) -> Problem {
    Problem::new(ErrorCode::UploadOffset)
        .expected(expected)
        .found(found)
}

fn erased() -> Problem {
    Problem::new(ErrorCode::UploadErased)
}

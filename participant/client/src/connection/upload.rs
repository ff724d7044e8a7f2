//! Providing files: whole, or from where an earlier upload broke off.

use std::pin::pin;

use http_body_util::BodyExt;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use veracruz_policy::{FilePath, ParticipantName, Policy, Sha256, Timestamp};
use veracruz_protocol::header::{self, ContentRange};
use veracruz_protocol::{ErrorCode, Route, limits, media};

use super::Proven;
use super::source::{Prepared, Source};
use crate::error::Error;
use crate::ledger::{Ledger, UploadSecrets};
use crate::transport::{self, Call};

/// What it takes to entrust something to an isolate.
#[derive(Clone, Copy, Debug)]
pub struct Provisioning<'a> {
    /// The ledger beside this identity.
    pub ledger: &'a Ledger,
    /// Whether a second isolate of the same policy is meant.
    pub again: bool,
    /// The time by this machine's clock.
    pub now: Timestamp,
}

/// A file that an isolate has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Its digest.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub length: u64,
    /// Where this upload began: 0, or where an earlier one had broken off.
    pub resumed_at: u64,
}

/// What is told while an upload or a download goes on: bytes so far, and bytes in all.
pub(crate) type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

impl Proven {
    /// Uploads a file that the policy has this participant provide, and returns when the isolate
    /// has committed it.
    ///
    /// Where an earlier upload of the same contents broke off, it goes on there; where they are
    /// committed already, nothing is sent. `progress` is told bytes so far and in all.
    ///
    /// # Errors
    /// Before anything is sent: [`Error::PolicyExpired`], [`Error::SecondInstance`],
    /// [`Error::FileUnknown`], [`Error::NotProvider`], [`Error::FileTooLarge`],
    /// [`Error::PinMismatch`]. Then [`Error::FileChanged`], [`Error::ConnectionLost`] (see
    /// [`Line`](crate::Line)), [`Error::Refused`].
    pub async fn upload(
        &mut self,
        path: &FilePath,
        source: &Source,
        provisioning: Provisioning<'_>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, Error> {
        check_provider(&self.party.policy, &self.party.name, path)?;
        let prepared = source.prepare().await?;
        self.upload_prepared(path, &prepared, provisioning, progress)
            .await
    }

    /// As [`Connection::upload`](super::Connection::upload), of what was read already.
    ///
    /// # Errors
    /// As there.
    pub async fn upload_prepared(
        &mut self,
        path: &FilePath,
        prepared: &Prepared,
        provisioning: Provisioning<'_>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, Error> {
        let (policy, me) = (&self.party.policy, &self.party.name);
        check_provider(policy, me, path)?;
        check_contents(policy, path, &prepared.sha256, prepared.length)?;
        self.send_file(path, prepared, provisioning, progress).await
    }

    /// As [`Connection::upload`](super::Connection::upload), without asking the own policy first
    /// whether it can succeed: to show that the isolate enforces the policy by itself.
    ///
    /// # Errors
    /// As there; the isolate's own refusals in the place of the checks.
    pub async fn upload_unchecked(
        &mut self,
        path: &FilePath,
        source: &Source,
        provisioning: Provisioning<'_>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, Error> {
        let prepared = source.prepare().await?;
        self.send_file(path, &prepared, provisioning, progress)
            .await
    }

    /// Takes back a file that this participant provided. Taking back a program voids approvals
    /// and erases the others' inputs.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn delete(&mut self, path: &FilePath) -> Result<(), Error> {
        let name = "DELETE of a file";
        let call = Call::new(name, "DELETE", Route::DeleteFile(path.clone()).path());
        let response = self.http.call(call, None).await?;
        transport::read(name, response, limits::REQUEST_BYTES).await?;
        Ok(())
    }

    /// Notes in the ledger that this isolate is about to be entrusted with something.
    pub(super) fn note(&self, provisioning: Provisioning<'_>) -> Result<(), Error> {
        let Provisioning { ledger, again, now } = provisioning;
        let all = self.entrusted()?;
        ledger.provision_together(&self.policy_hash(), &all, again, now)?;
        ledger.note_name(&self.party.policy)
    }

    async fn send_file(
        &mut self,
        path: &FilePath,
        prepared: &Prepared,
        provisioning: Provisioning<'_>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, Error> {
        let Prepared { sha256, length, .. } = *prepared;
        self.party.check_expiry(provisioning.now)?;
        self.note(provisioning)?;
        let (policy, instance) = (self.policy_hash(), self.instance());
        let ledger = provisioning.ledger;
        let secrets = match &self.party.quorum {
            Some(set) => ledger.quorum_secrets(&policy, (set, &instance), path, &sha256)?,
            None => ledger.upload_secrets(&policy, &instance, path, &sha256)?,
        };
        let upload = Upload {
            path,
            prepared,
            sha256,
            length,
            secrets,
        };
        let offset = match self.upload_state(&upload).await? {
            UploadState::Committed => {
                progress(length, length);
                return Ok(Uploaded {
                    sha256,
                    length,
                    resumed_at: length,
                });
            }
            UploadState::At(offset) => offset,
        };
        let resumed_at = match self.put(&upload, offset, progress).await {
            // The isolate holds the beginning of something else.
            Err(Error::Refused(problem))
                if offset > 0
                    && matches!(
                        problem.code,
                        ErrorCode::UploadDiffers | ErrorCode::UploadOffset
                    ) =>
            {
                self.put(&upload, 0, progress).await?;
                0
            }
            // What was read the second time is not what was read the first time.
            Err(Error::Refused(problem)) if problem.code == ErrorCode::DigestMismatch => {
                return Err(match prepared.path() {
                    Some(path) => Error::FileChanged { path: path.into() },
                    None => Error::Refused(problem),
                });
            }
            Err(error) => return Err(error),
            Ok(()) => offset,
        };
        if let Some(set) = &self.party.quorum {
            ledger.note_committed(&policy, (set, &instance), path, &sha256)?;
        }
        Ok(Uploaded {
            sha256,
            length,
            resumed_at,
        })
    }

    /// How much of the file the isolate has.
    async fn upload_state(&mut self, upload: &Upload<'_>) -> Result<UploadState, Error> {
        let call = Call::new(
            "HEAD of a file",
            "HEAD",
            Route::HeadFile(upload.path.clone()).path(),
        );
        let response = self.http.call(call, None).await?;
        let headers = response.headers();
        let digest = text(headers, header::REPR_DIGEST).and_then(header::parse_repr_digest);
        // A salt that the isolate cannot have could never open the receipt's commitment.
        if digest == Some(upload.sha256) && upload.secrets.may_be_there {
            return Ok(UploadState::Committed);
        }
        let number = |name| text(headers, name).and_then(header::decimal);
        if let (Some(offset), Some(length)) =
            (number(header::UPLOAD_OFFSET), number(header::UPLOAD_LENGTH))
        {
            let goes_on = length == upload.length && offset < length && !upload.secrets.fresh;
            return Ok(UploadState::At(if goes_on { offset } else { 0 }));
        }
        // Nothing, other contents, or a refusal, whose reason the PUT will be told.
        Ok(UploadState::At(0))
    }

    async fn put(
        &mut self,
        upload: &Upload<'_>,
        offset: u64,
        progress: Progress<'_>,
    ) -> Result<(), Error> {
        let name = "PUT of a file";
        let rest = upload.length.saturating_sub(offset);
        let mut call = Call::new(name, "PUT", Route::PutFile(upload.path.clone()).path())
            .header(CONTENT_TYPE.as_str(), media::FILE)
            .header(CONTENT_LENGTH.as_str(), rest.to_string())
            .header(header::REPR_DIGEST, header::repr_digest(&upload.sha256))
            .header(header::SALT, header::bytes(&upload.secrets.salt))
            .header(header::SHARE, header::bytes(&upload.secrets.share));
        if offset > 0
            && let Some(range) = ContentRange::from_offset(offset, upload.length)
        {
            call = call.header(header::CONTENT_RANGE, range.to_string());
        }
        let (body, reader) = upload.prepared.body(offset, &self.limit);
        progress(offset, upload.length);
        let mut sent = body.sent.subscribe();
        let mut answer = pin!(self.http.send(call, body.boxed_unsync()));
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut answer => break answer,
                Ok(()) = sent.changed() => {
                    let so_far = offset.saturating_add(*sent.borrow_and_update());
                    progress(so_far, upload.length);
                }
                // Neither took the isolate a byte, nor did it answer.
                () = tokio::time::sleep(transport::PATIENCE) => {
                    break Err(Error::ConnectionLost { reason: "the upload stalled".into() });
                }
            }
        };
        match (answer, reader.finished().await) {
            (Ok(response), _) => {
                transport::read(name, response, limits::REQUEST_BYTES).await?;
                progress(upload.length, upload.length);
                Ok(())
            }
            // The connection broke because the body could not be read to its end.
            (Err(_), Err(error)) => Err(error),
            (Err(error), Ok(())) => Err(error),
        }
    }
}

/// Refuses a file that somebody else provides.
pub(crate) fn check_provider(
    policy: &Policy,
    me: &ParticipantName,
    path: &FilePath,
) -> Result<(), Error> {
    let unknown = || Error::FileUnknown { path: path.clone() };
    let file = policy.file(path).ok_or_else(unknown)?;
    if file.provider.as_ref() == Some(me) {
        Ok(())
    } else {
        Err(Error::NotProvider { path: path.clone() })
    }
}

/// Refuses a file that is larger than the policy allows.
pub(crate) fn check_length(policy: &Policy, path: &FilePath, length: u64) -> Result<(), Error> {
    let unknown = || Error::FileUnknown { path: path.clone() };
    let file = policy.file(path).ok_or_else(unknown)?;
    if length > file.max_bytes {
        return Err(Error::FileTooLarge {
            path: path.clone(),
            expected: file.max_bytes,
            found: length,
        });
    }
    Ok(())
}

/// Refuses contents that the policy does not allow.
pub(crate) fn check_contents(
    policy: &Policy,
    path: &FilePath,
    sha256: &Sha256,
    length: u64,
) -> Result<(), Error> {
    check_length(policy, path, length)?;
    let unknown = || Error::FileUnknown { path: path.clone() };
    let file = policy.file(path).ok_or_else(unknown)?;
    if !file.accepts(sha256) {
        let pins: Vec<String> = file.sha256.iter().map(ToString::to_string).collect();
        return Err(Error::PinMismatch {
            path: path.clone(),
            expected: pins.join(", "),
            found: *sha256,
        });
    }
    Ok(())
}

struct Upload<'a> {
    path: &'a FilePath,
    prepared: &'a Prepared,
    sha256: Sha256,
    length: u64,
    secrets: UploadSecrets,
}

enum UploadState {
    Committed,
    At(u64),
}

pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

//! Providing files: whole, or from where an earlier upload broke off.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use sha2::{Digest, Sha256 as Hasher};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use veracruz_policy::{FilePath, Sha256, Timestamp};
use veracruz_protocol::header::{self, ContentRange};
use veracruz_protocol::{ErrorCode, Route, limits, media};

use super::Proven;
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

/// What is uploaded.
#[derive(Clone, Debug)]
pub enum Source {
    /// A local file. It is read twice: its digest is announced before its contents are sent.
    File(PathBuf),
    /// Bytes in memory.
    Bytes(Bytes),
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

/// Bytes that are read from a file at once. Whatever is in memory is at most five of these.
const CHUNK: usize = 256 << 10;

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
    /// [`upload_resuming`](crate::upload_resuming)), [`Error::Refused`].
    pub async fn upload(
        &mut self,
        path: &FilePath,
        source: &Source,
        provisioning: Provisioning<'_>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, Error> {
        self.check_provider(path)?;
        let (sha256, length) = source.digest().await?;
        self.check_contents(path, &sha256, length)?;
        self.send_file(path, source, (sha256, length), provisioning, progress)
            .await
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
        let contents = source.digest().await?;
        self.send_file(path, source, contents, provisioning, progress)
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
        ledger.provision(&self.policy_hash(), &self.instance(), again, now)
    }

    fn check_provider(&self, path: &FilePath) -> Result<(), Error> {
        let unknown = || Error::FileUnknown { path: path.clone() };
        let file = self.party.policy.file(path).ok_or_else(unknown)?;
        if file.provider.as_ref() == Some(&self.party.name) {
            Ok(())
        } else {
            Err(Error::NotProvider { path: path.clone() })
        }
    }

    fn check_contents(&self, path: &FilePath, sha256: &Sha256, length: u64) -> Result<(), Error> {
        let Some(file) = self.party.policy.file(path) else {
            return Err(Error::FileUnknown { path: path.clone() });
        };
        if length > file.max_bytes {
            return Err(Error::FileTooLarge {
                path: path.clone(),
                expected: file.max_bytes,
                found: length,
            });
        }
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

    async fn send_file(
        &mut self,
        path: &FilePath,
        source: &Source,
        (sha256, length): (Sha256, u64),
        provisioning: Provisioning<'_>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, Error> {
        self.party.check_expiry(provisioning.now)?;
        self.note(provisioning)?;
        let (policy, instance) = (self.policy_hash(), self.instance());
        let secrets = provisioning
            .ledger
            .upload_secrets(&policy, &instance, path, &sha256)?;
        let upload = Upload {
            path,
            source,
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
        match self.put(&upload, offset, progress).await {
            // The isolate holds the beginning of something else.
            Err(Error::Refused(problem))
                if offset > 0
                    && matches!(
                        problem.code,
                        ErrorCode::UploadDiffers | ErrorCode::UploadOffset
                    ) =>
            {
                self.put(&upload, 0, progress).await?;
                Ok(Uploaded {
                    sha256,
                    length,
                    resumed_at: 0,
                })
            }
            Err(error) => Err(error),
            Ok(()) => Ok(Uploaded {
                sha256,
                length,
                resumed_at: offset,
            }),
        }
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
        if digest == Some(upload.sha256) && !upload.secrets.fresh {
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
        let (body, reader) = upload.source.open(offset, rest).await?;
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

struct Upload<'a> {
    path: &'a FilePath,
    source: &'a Source,
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

impl Source {
    /// Digest and length, computed beside the connection.
    async fn digest(&self) -> Result<(Sha256, u64), Error> {
        let path = match self {
            Self::Bytes(bytes) => {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                return Ok((Sha256::of(bytes), length));
            }
            Self::File(path) => path.clone(),
        };
        spawn_blocking(move || {
            let mut file = File::open(&path).map_err(Error::file(&path, "open"))?;
            let mut hasher = Hasher::new();
            let length = hash_rest(&mut file, &mut hasher).map_err(Error::file(&path, "read"))?;
            Ok((Sha256::from_bytes(hasher.finalize().into()), length))
        })
        .await
        .map_err(stopped)?
    }

    /// The contents from `offset`, of which there must be `length` bytes.
    async fn open(&self, offset: u64, length: u64) -> Result<(FileBody, Reader), Error> {
        let (chunks, receiver) = mpsc::channel(4);
        let body = FileBody {
            receiver,
            left: length,
            sent: watch::Sender::new(0),
        };
        let reader = match self {
            Self::Bytes(bytes) => {
                let offset = usize::try_from(offset)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                let bytes = bytes.slice(offset..);
                tokio::spawn(send_bytes(bytes, chunks));
                Reader {
                    path: PathBuf::new(),
                    task: None,
                }
            }
            Self::File(path) => {
                let from = path.clone();
                let task = spawn_blocking(move || send_file(&from, offset, length, &chunks));
                Reader {
                    path: path.clone(),
                    task: Some(task),
                }
            }
        };
        Ok((body, reader))
    }
}

/// Hashes all that is left in a file; returns how many bytes that were.
pub(super) fn hash_rest(file: &mut File, hasher: &mut Hasher) -> io::Result<u64> {
    let mut buffer = vec![0; CHUNK];
    let mut length: u64 = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..read).unwrap_or_default());
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}

pub(super) fn stopped(error: tokio::task::JoinError) -> Error {
    Error::Machine {
        reason: format!("a task of this client ended early: {error}"),
    }
}

async fn send_bytes(mut bytes: Bytes, chunks: mpsc::Sender<io::Result<Bytes>>) {
    while !bytes.is_empty() {
        let chunk = bytes.split_to(bytes.len().min(CHUNK));
        if chunks.send(Ok(chunk)).await.is_err() {
            return;
        }
    }
}

/// Runs on a thread of its own, as reading files blocks.
fn send_file(
    path: &PathBuf,
    offset: u64,
    length: u64,
    chunks: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let read = || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut left = length;
        while left > 0 {
            let size = left.min(CHUNK as u64);
            let mut chunk = Vec::with_capacity(CHUNK);
            let length = Read::by_ref(&mut file).take(size).read_to_end(&mut chunk)?;
            let read = u64::try_from(length).unwrap_or(u64::MAX);
            if read < size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left = left.saturating_sub(read);
            if chunks.blocking_send(Ok(chunk.into())).is_err() {
                // The connection is gone, or the isolate has answered already.
                return Ok(());
            }
        }
        Ok(())
    };
    let result: io::Result<()> = read();
    if let Err(error) = &result {
        let _ = chunks.blocking_send(Err(io::Error::from(error.kind())));
    }
    result
}

/// The thread that reads the file.
struct Reader {
    path: PathBuf,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Reader {
    /// What it has to say in the end.
    async fn finished(self) -> Result<(), Error> {
        let Some(task) = self.task else { return Ok(()) };
        match task.await.map_err(stopped)? {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Error::FileChanged { path: self.path })
            }
            result => result.map_err(Error::file(self.path, "read")),
        }
    }
}

/// The body of a `PUT`: as long as announced, and never more of it in memory than a few chunks.
struct FileBody {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    left: u64,
    sent: watch::Sender<u64>,
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.receiver.poll_recv(context).map(|chunk| {
            let chunk = chunk?;
            if let Ok(bytes) = &chunk {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.left = self.left.saturating_sub(length);
                self.sent
                    .send_modify(|sent| *sent = sent.saturating_add(length));
            }
            Some(chunk.map(Frame::data))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

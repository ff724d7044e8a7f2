//! Where the bytes of an upload come from, and how they become the body of a request.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use sha2::{Digest, Sha256 as Hasher};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use veracruz_policy::Sha256;

use crate::error::Error;

/// What is uploaded.
#[derive(Clone, Debug)]
pub enum Source {
    /// A local file. It is read twice: its digest is announced before its contents are sent.
    File(PathBuf),
    /// Bytes in memory.
    Bytes(Bytes),
}

/// Bytes that are read from a file at once. Whatever is in memory is at most five of these.
const CHUNK: usize = 256 << 10;

impl Source {
    /// Digest and length, computed beside the connection.
    pub(super) async fn digest(&self) -> Result<(Sha256, u64), Error> {
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
    pub(super) async fn open(&self, offset: u64, length: u64) -> Result<(FileBody, Reader), Error> {
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
pub(super) struct Reader {
    path: PathBuf,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Reader {
    /// What it has to say in the end.
    pub(super) async fn finished(self) -> Result<(), Error> {
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
pub(super) struct FileBody {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    left: u64,
    pub(super) sent: watch::Sender<u64>,
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

//! How the bytes of a source become the body of a request.

use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use super::source::{CHUNK, Prepared, Source, reopen, stopped, unchanged};
use super::stamp::Stamp;
use crate::error::Error;
use crate::rate::RateLimit;

impl Prepared {
    /// The contents from `offset` as a body, and what becomes of reading them.
    pub(super) fn body(&self, offset: u64, limit: &RateLimit) -> (FileBody, Reader) {
        let length = self.length.saturating_sub(offset);
        let (chunks, receiver) = mpsc::channel(4);
        let body = FileBody {
            receiver,
            left: length,
            sent: watch::Sender::new(0),
        };
        let out = Out {
            chunks,
            limit: limit.clone(),
            left: length,
        };
        let task = match &self.source {
            Source::Bytes(bytes) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                let bytes = bytes.slice(offset.min(bytes.len())..);
                spawn_blocking(move || out.send_bytes(bytes))
            }
            Source::Spooled(spool) => {
                let reader = spool.reader(offset);
                spawn_blocking(move || out.send(reader, "the stream".into(), |_| Ok(())))
            }
            Source::File(path) => {
                let (path, stamp) = (path.clone(), self.stamp.clone());
                spawn_blocking(move || out.send_file(path, stamp, offset))
            }
        };
        (body, Reader { task })
    }
}

/// The thread that reads the source.
pub(super) struct Reader {
    task: JoinHandle<Result<(), Error>>,
}

impl Reader {
    /// What it has to say in the end.
    pub(super) async fn finished(self) -> Result<(), Error> {
        self.task.await.map_err(stopped)?
    }
}

/// The reading end of the way from a file to a connection. It has a thread of its own, as reading
/// files blocks.
struct Out {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    limit: RateLimit,
    left: u64,
}

impl Out {
    fn send_bytes(self, mut bytes: Bytes) -> Result<(), Error> {
        let piece = self.limit.piece(CHUNK);
        while !bytes.is_empty() {
            let chunk = bytes.split_to(bytes.len().min(piece));
            if !self.pass(chunk) {
                break;
            }
        }
        Ok(())
    }

    fn send_file(self, path: PathBuf, stamp: Option<Stamp>, offset: u64) -> Result<(), Error> {
        let file = match reopen(&path, stamp.as_ref(), offset) {
            Ok(file) => file,
            Err(error) => {
                self.give_up();
                return Err(error);
            }
        };
        let check = path.clone();
        self.send(file, path, move |file| {
            unchanged(file, &check, stamp.as_ref())
        })
    }

    /// Sends what is announced. `check` is asked before each piece goes out, so that the last
    /// bytes of a file that changed are never sent and nothing is committed.
    fn send<R: Read>(
        mut self,
        mut from: R,
        path: PathBuf,
        check: impl Fn(&R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let piece = self.limit.piece(CHUNK);
        while self.left > 0 {
            let size = self.left.min(u64::try_from(piece).unwrap_or(u64::MAX));
            let mut chunk = Vec::with_capacity(piece);
            let read = from.by_ref().take(size).read_to_end(&mut chunk);
            let read = read.map(|read| u64::try_from(read).unwrap_or(u64::MAX));
            let checked = match read {
                Ok(read) if read < size => Err(Error::FileChanged { path: path.clone() }),
                Ok(_) => check(&from),
                Err(error) => Err(Error::file(&path, "read")(error)),
            };
            if let Err(error) = checked {
                self.give_up();
                return Err(error);
            }
            self.left = self.left.saturating_sub(size);
            if !self.pass(chunk.into()) {
                break;
            }
        }
        Ok(())
    }

    /// `false` where the connection is gone, or the isolate has answered already.
    fn pass(&self, chunk: Bytes) -> bool {
        let mut wait = self.limit.charge(chunk.len());
        // In slices, so that nobody waits long for a thread whose connection is gone.
        while !wait.is_zero() && !self.chunks.is_closed() {
            let slice = wait.min(std::time::Duration::from_millis(200));
            std::thread::sleep(slice);
            wait = wait.saturating_sub(slice);
        }
        self.chunks.blocking_send(Ok(chunk)).is_ok()
    }

    /// Breaks the body off.
    fn give_up(&self) {
        let broken = io::Error::other("the source could not be read");
        let _ = self.chunks.blocking_send(Err(broken));
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

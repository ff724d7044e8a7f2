//! The host's end of the control channel.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use veracruz_protocol::control::{Decoder, Health, ToHost, ToIsolate, encode};

use crate::{Installed, LaunchError, Loss};

/// Bytes read at once: more than anything that an isolate says.
const CHUNK: usize = 4096;
/// How long the channel may take to become writable at first.
const FIRST_WRITE: Duration = Duration::from_secs(1);

/// The stream and what has arrived of the next message.
pub(super) struct Control {
    stream: UnixStream,
    decoder: Decoder,
}

impl Control {
    /// Takes over the channel's descriptor. Call it in a tokio runtime.
    pub(super) fn new(channel: OwnedFd) -> io::Result<Self> {
        let stream = std::os::unix::net::UnixStream::from(channel);
        stream.set_nonblocking(true)?;
        let stream = UnixStream::from_std(stream)?;
        let decoder = Decoder::new();
        Ok(Self { stream, decoder })
    }

    /// Forgets what the isolate said to a host that is gone. It writes short messages whole, so
    /// that nothing is cut in the middle.
    pub(super) fn forget_what_waits(&self) {
        let mut chunk = [0; CHUNK];
        while matches!(self.stream.try_read(&mut chunk), Ok(length) if length > 0) {}
    }

    /// Installs a policy and waits for the answer, without end.
    pub(super) async fn install(&mut self, policy: &[u8]) -> Result<Installed, LaunchError> {
        let found = policy.len();
        let policy = policy.to_vec();
        let frame = encode(&ToIsolate::Install { policy });
        let frame = frame.ok_or(LaunchError::PolicyTooLong { found })?;
        // An isolate that does not read all may still have said why.
        let written = self.stream.write_all(&frame).await;
        match self.next().await? {
            Some(ToHost::Installed { policy, instance }) => Ok(Installed { policy, instance }),
            Some(ToHost::Refused { class }) => Err(LaunchError::Refused { class }),
            Some(_) => Err(LaunchError::Confused),
            None => {
                written?;
                Err(LaunchError::Lost {
                    loss: Loss::Unknown,
                })
            }
        }
    }

    /// Asks for the health whenever someone wants to know, until the isolate closes the channel,
    /// says nonsense, or nobody can ask any more.
    pub(super) async fn serve(
        mut self,
        mut questions: mpsc::Receiver<oneshot::Sender<Health>>,
    ) -> Ended {
        // A fresh stream counts as not writable until it was waited for. Not for ever: the isolate
        // may have stopped reading under a host before this one.
        let _ = timeout(FIRST_WRITE, self.stream.writable()).await;
        let mut waiting: VecDeque<oneshot::Sender<Health>> = VecDeque::new();
        loop {
            tokio::select! {
                message = self.next() => match message {
                    // One answer for all who asked meanwhile.
                    Ok(Some(ToHost::Health(health))) => {
                        for asker in waiting.drain(..) {
                            let _ = asker.send(health);
                        }
                    }
                    Ok(Some(_)) => return Ended::Confused,
                    Ok(None) => return Ended::Closed,
                    Err(LaunchError::Confused) => return Ended::Confused,
                    Err(_) => return Ended::Closed,
                },
                asker = questions.recv() => {
                    let Some(asker) = asker else { return Ended::Unwanted };
                    waiting.retain(|asker| !asker.is_closed());
                    let ask = waiting.is_empty();
                    waiting.push_back(asker);
                    if ask && self.ask().is_err() {
                        return Ended::Closed;
                    }
                }
            }
        }
    }

    /// Never waits: an isolate that has not read the questions before this one needs no other.
    fn ask(&self) -> io::Result<()> {
        let Some(question) = encode(&ToIsolate::Health) else {
            return Ok(());
        };
        match self.stream.try_write(&question) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Ok(taken) if taken < question.len() => Err(io::ErrorKind::WriteZero.into()),
            other => other.map(drop),
        }
    }

    /// The next message; none at the end. May be cancelled without losing anything.
    async fn next(&mut self) -> Result<Option<ToHost>, LaunchError> {
        loop {
            match self.decoder.next() {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => {}
                Err(_) => return Err(LaunchError::Confused),
            }
            let mut chunk = [0; CHUNK];
            let length = match self.stream.read(&mut chunk).await {
                Ok(0) => return Ok(None),
                // It died with words of ours unread.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                other => other?,
            };
            let arrived = chunk.get(..length).unwrap_or_default();
            if self.decoder.push(arrived).is_err() {
                return Err(LaunchError::Confused);
            }
        }
    }
}

/// Why a control channel is not served any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The isolate closed it, most likely by dying.
    Closed,
    /// The isolate said what no runtime says.
    Confused,
    /// Nobody has a handle of the isolate any more.
    Unwanted,
}

//! The host's end of the control channel.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use veracruz_policy::KeyDigest;
use veracruz_protocol::control::{CertificateRequest, Decoder, Health, ToHost, ToIsolate, encode};

use crate::{Installed, LaunchError, Loss};

/// Bytes read at once: more than anything that an isolate says.
const CHUNK: usize = 4096;
/// How long the channel may take to become writable at first.
const FIRST_WRITE: Duration = Duration::from_secs(1);

/// What an isolate is asked, and who wants to know.
pub(crate) enum Question {
    Health(oneshot::Sender<Health>),
    /// `None` where the isolate gives no request.
    Certify {
        verifier: KeyDigest,
        nonce: [u8; 32],
        asker: oneshot::Sender<Option<CertificateRequest>>,
    },
    Certificate {
        verifier: KeyDigest,
        certificate: Vec<u8>,
        asker: oneshot::Sender<bool>,
    },
}

/// Who waits for the isolate's next answers: one of each kind answers the one who has waited longest,
/// but for health, which answers all. An answer for which nobody waits was a host's before this one.
#[derive(Default)]
struct Waiting {
    health: Vec<oneshot::Sender<Health>>,
    requests: VecDeque<oneshot::Sender<Option<CertificateRequest>>>,
    installed: VecDeque<oneshot::Sender<bool>>,
}

/// The stream and what has arrived of the next message.
pub(crate) struct Control {
    stream: UnixStream,
    decoder: Decoder,
}

impl Control {
    /// The control channel at the other end of `stream`.
    pub(crate) fn new(stream: UnixStream) -> Self {
        let decoder = Decoder::new();
        Self { stream, decoder }
    }

    /// Takes over the channel's descriptor. Call it in a tokio runtime.
    pub(crate) fn of_descriptor(channel: OwnedFd) -> io::Result<Self> {
        let stream = std::os::unix::net::UnixStream::from(channel);
        stream.set_nonblocking(true)?;
        Ok(Self::new(UnixStream::from_std(stream)?))
    }

    /// Forgets what the isolate said to a host that is gone. It writes short messages whole, so
    /// that nothing is cut in the middle.
    pub(crate) fn forget_what_waits(&self) {
        let mut chunk = [0; CHUNK];
        while matches!(self.stream.try_read(&mut chunk), Ok(length) if length > 0) {}
    }

    /// Installs a policy and waits for the answer, without end.
    pub(crate) async fn install(&mut self, policy: &[u8]) -> Result<Installed, LaunchError> {
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

    /// Asks whatever someone wants to know, until the isolate closes the channel, says nonsense, or
    /// nobody can ask any more.
    pub(crate) async fn serve(mut self, mut questions: mpsc::Receiver<Question>) -> Ended {
        // A fresh stream counts as not writable until it was waited for. Not for ever: the isolate
        // may have stopped reading under a host before this one.
        let _ = timeout(FIRST_WRITE, self.stream.writable()).await;
        let mut waiting = Waiting::default();
        loop {
            tokio::select! {
                message = self.next() => match message {
                    Ok(Some(answer)) => {
                        if !waiting.tell(answer) {
                            return Ended::Confused;
                        }
                    }
                    Ok(None) => return Ended::Closed,
                    Err(LaunchError::Confused) => return Ended::Confused,
                    Err(_) => return Ended::Closed,
                },
                question = questions.recv() => {
                    let Some(question) = question else { return Ended::Unwanted };
                    if self.ask(question, &mut waiting).is_err() {
                        return Ended::Closed;
                    }
                }
            }
        }
    }

    fn ask(&self, question: Question, waiting: &mut Waiting) -> io::Result<()> {
        match question {
            Question::Health(asker) => {
                waiting.health.retain(|asker| !asker.is_closed());
                let ask = waiting.health.is_empty();
                waiting.health.push(asker);
                if ask {
                    self.write(&ToIsolate::Health)?;
                }
            }
            Question::Certify {
                verifier,
                nonce,
                asker,
            } => {
                if self.write(&ToIsolate::Certify { verifier, nonce })? {
                    waiting.requests.push_back(asker);
                }
            }
            Question::Certificate {
                verifier,
                certificate,
                asker,
            } => {
                let message = ToIsolate::Certificate {
                    verifier,
                    certificate,
                };
                if self.write(&message)? {
                    waiting.installed.push_back(asker);
                }
            }
        }
        Ok(())
    }

    /// Never waits: an isolate that has not read the questions before this one needs no other.
    /// Whether the question is on its way.
    fn write(&self, question: &ToIsolate) -> io::Result<bool> {
        let Some(question) = encode(question) else {
            return Ok(false);
        };
        match self.stream.try_write(&question) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Ok(taken) if taken < question.len() => Err(io::ErrorKind::WriteZero.into()),
            other => other.map(|_| true),
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

impl Waiting {
    /// Tells who waits for this answer; false where an isolate at work does not say such a thing.
    fn tell(&mut self, answer: ToHost) -> bool {
        match answer {
            ToHost::Health(health) => {
                for asker in self.health.drain(..) {
                    let _ = asker.send(health);
                }
            }
            ToHost::CertificateRequest(wanted) => {
                if let Some(asker) = self.requests.pop_front() {
                    let _ = asker.send(Some(wanted));
                }
            }
            ToHost::Certified { installed } => {
                if let Some(asker) = self.installed.pop_front() {
                    let _ = asker.send(installed);
                } else if let Some(asker) = self.requests.pop_front() {
                    let _ = asker.send(None);
                }
            }
            _ => return false,
        }
        true
    }
}

/// Why a control channel is not served any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The isolate closed it, most likely by dying.
    Closed,
    /// The isolate said what no runtime says.
    Confused,
    /// Nobody has a handle of the isolate any more.
    Unwanted,
}

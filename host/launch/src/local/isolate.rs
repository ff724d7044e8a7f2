//! A running isolate of any kind on this machine.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use veracruz_attester::{Client, IsolateId};
use veracruz_policy::KeyDigest;

use super::attester::{call, end};
use super::control::{Control, Ended, Question};
use crate::{BoxFuture, CertificateRequest, Health, Installed, Isolate, Kind, LaunchError, Loss};

/// How long an isolate may take to say how it is.
const HEALTH: Duration = Duration::from_secs(5);
/// How long an isolate may take for evidence, and so for what it is asked meanwhile.
const EVIDENCE: Duration = Duration::from_secs(15);
/// Questions that may wait.
const QUESTIONS: usize = 16;
/// How long it may take until it is known how an isolate died.
const INQUEST: Duration = Duration::from_secs(5);

/// The way into an isolate for connections of participants.
pub(crate) trait Door: Send + Sync {
    /// Hands it an accepted connection, and waits (without end) while it has too many waiting.
    fn pass(&self, accepted: TcpStream) -> BoxFuture<'_, std::io::Result<()>>;
}

/// Whoever started an isolate, and can end it.
pub(crate) trait Parent: Send + Sync {
    /// Ends it, if it has not ended already, and says how it did.
    fn end(&self) -> BoxFuture<'_, Result<Loss, LaunchError>>;
}

/// The attester, with one of its children.
struct Attester {
    client: Arc<Client>,
    id: IsolateId,
}

impl Parent for Attester {
    fn end(&self) -> BoxFuture<'_, Result<Loss, LaunchError>> {
        let id = self.id;
        Box::pin(call(&self.client, move |client| end(client, id)))
    }
}

/// A running isolate. It lives on when this is dropped: isolates outlive the host.
pub(crate) struct LocalIsolate {
    parent: Arc<dyn Parent>,
    kind: Kind,
    installed: Installed,
    door: Box<dyn Door>,
    questions: mpsc::Sender<Question>,
    loss: watch::Receiver<Option<Loss>>,
    stopping: Arc<AtomicBool>,
}

impl LocalIsolate {
    /// One that was taken over from a host before this one, unless it is dead. Whoever watches it
    /// will see whether one that does not answer recovers: it must not be forgotten.
    pub(crate) async fn adopted(self) -> Result<Arc<dyn Isolate>, LaunchError> {
        match self.health().await {
            Err(LaunchError::Silent) => {
                let instance = self.installed.instance;
                tracing::warn!(%instance, "adopted, and does not answer");
            }
            other => drop(other?),
        }
        Ok(Arc::new(self))
    }

    /// Takes over the channels of an isolate with its policy installed. Call it in a tokio runtime.
    pub(crate) fn new(
        client: &Arc<Client>,
        id: IsolateId,
        kind: Kind,
        installed: Installed,
        control: Control,
        door: impl Door + 'static,
    ) -> Self {
        let parent = Attester {
            client: Arc::clone(client),
            id,
        };
        let name = id.to_string();
        Self::with_parent(Arc::new(parent), name, kind, installed, control, door)
    }

    /// The same for an isolate that somebody else started, who calls it `name`.
    pub(crate) fn with_parent(
        parent: Arc<dyn Parent>,
        name: String,
        kind: Kind,
        installed: Installed,
        control: Control,
        door: impl Door + 'static,
    ) -> Self {
        let (questions, asked) = mpsc::channel(QUESTIONS);
        let (lost, loss) = watch::channel(None);
        let stopping = Arc::new(AtomicBool::new(false));
        let watcher = Watcher {
            parent: Arc::clone(&parent),
            name,
            stopping: Arc::clone(&stopping),
            lost,
        };
        tokio::spawn(watcher.watch(control, asked));
        Self {
            parent,
            kind,
            installed,
            door: Box::new(door),
            questions,
            loss,
            stopping,
        }
    }

    async fn lost(&self) -> Loss {
        let mut loss = self.loss.clone();
        // The watcher ends without a word only with the whole runtime.
        let known = loss.wait_for(Option::is_some).await;
        known.ok().and_then(|known| *known).unwrap_or(Loss::Unknown)
    }

    /// The error for an isolate whose channels are closed.
    async fn is_lost(&self) -> LaunchError {
        let loss = timeout(INQUEST, self.lost()).await;
        let loss = loss.unwrap_or(Loss::Unknown);
        LaunchError::Lost { loss }
    }

    /// Asks, and waits for the answer.
    async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Question,
        patience: Duration,
    ) -> Result<T, LaunchError> {
        let (asker, answer) = oneshot::channel();
        let asked = async {
            // Fails where the watcher is gone.
            self.questions.send(question(asker)).await.ok()?;
            Some(answer.await.ok())
        };
        match timeout(patience, asked).await {
            Ok(Some(Some(answer))) => Ok(answer),
            // Not asked: it has not read what it was asked before. Or the watcher went meanwhile.
            Ok(Some(None)) if !self.questions.is_closed() => Err(LaunchError::Silent),
            Ok(_) => Err(self.is_lost().await),
            Err(_elapsed) => Err(LaunchError::Silent),
        }
    }

    async fn pass(&self, accepted: TcpStream) -> Result<(), LaunchError> {
        match self.door.pass(accepted).await {
            Ok(()) => Ok(()),
            Err(error) => match error.kind() {
                std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionReset => {
                    Err(self.is_lost().await)
                }
                std::io::ErrorKind::TimedOut => Err(LaunchError::Silent),
                _ => Err(error.into()),
            },
        }
    }

    async fn end(&self) -> Result<(), LaunchError> {
        if self.loss.borrow().is_some() {
            return Ok(());
        }
        self.stopping.store(true, Ordering::Release);
        self.parent.end().await?;
        self.lost().await;
        Ok(())
    }
}

impl Isolate for LocalIsolate {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn installed(&self) -> Installed {
        self.installed
    }

    fn connect(&self, accepted: TcpStream) -> BoxFuture<'_, Result<(), LaunchError>> {
        Box::pin(self.pass(accepted))
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, LaunchError>> {
        Box::pin(self.ask(Question::Health, HEALTH))
    }

    fn certificate_request(
        &self,
        verifier: KeyDigest,
        nonce: [u8; 32],
    ) -> BoxFuture<'_, Result<Option<CertificateRequest>, LaunchError>> {
        let question = move |asker| Question::Certify {
            verifier,
            nonce,
            asker,
        };
        Box::pin(self.ask(question, EVIDENCE))
    }

    fn install_certificate(
        &self,
        verifier: KeyDigest,
        certificate: Vec<u8>,
    ) -> BoxFuture<'_, Result<bool, LaunchError>> {
        let question = move |asker| Question::Certificate {
            verifier,
            certificate,
            asker,
        };
        Box::pin(self.ask(question, EVIDENCE))
    }

    fn lost(&self) -> BoxFuture<'_, Loss> {
        Box::pin(self.lost())
    }

    fn stop(&self) -> BoxFuture<'_, Result<(), LaunchError>> {
        Box::pin(self.end())
    }
}

/// Serves the control channel, and finds out how the isolate ended.
struct Watcher {
    parent: Arc<dyn Parent>,
    name: String,
    stopping: Arc<AtomicBool>,
    lost: watch::Sender<Option<Loss>>,
}

impl Watcher {
    async fn watch(self, control: Control, asked: mpsc::Receiver<Question>) {
        let ended = control.serve(asked).await;
        if ended == Ended::Unwanted {
            return;
        }
        // An isolate without its control channel is of no use: whether it is dead or only closed
        // it, stopping ends it, and says how a dead one had ended.
        let found = self.parent.end().await;
        let loss = match found {
            _ if self.stopping.load(Ordering::Acquire) => Loss::Stopped,
            Ok(loss) => loss,
            Err(_) => Loss::Unknown,
        };
        tracing::warn!(isolate = self.name, ?ended, %loss, "isolate is gone");
        self.lost.send_replace(Some(loss));
    }
}

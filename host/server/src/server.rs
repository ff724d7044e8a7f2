//! Both ports together, from start to shutdown.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::timeout;
use veracruz_launch::{LaunchError, Launcher};

use crate::computations::Computations;
use crate::config::{Config, Limits};
use crate::management::{self, Management};
use crate::participants;
use crate::token::{Token, TokenError};
use crate::verifier::{self, VerifierError};

/// So long a request to the management API may go on after the signal to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Why the host does not run. Its operator can mend it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The management API is plain HTTP and stays on this machine.
    #[error(
        "the management API listens on loopback alone: expected 127.0.0.1 or ::1, found {found}"
    )]
    NotLoopback {
        /// The address that was configured.
        found: SocketAddr,
    },
    /// The token cannot be used.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The isolates that may still run could not be asked for.
    #[error("isolates of an earlier start cannot be taken over: {0}")]
    Adopt(#[source] LaunchError),
    /// A verifier cannot be used.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// The system refuses signal handlers, or the management port failed.
    #[error("the host cannot go on: {0}")]
    Failed(#[from] io::Error),
}

/// Listens on both ports and serves until SIGINT or SIGTERM.
///
/// Isolates go on running: they belong to who started them (the attester), and the next start of
/// the host takes them over.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(config: Config, launcher: Arc<dyn Launcher>) -> Result<(), ServeError> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let server = Server::bind(config, launcher).await?;
    let asked_to_stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    server.run(asked_to_stop).await
}

/// A host that listens, and does not serve yet: for callers that want to know the ports.
pub struct Server {
    participants: TcpListener,
    management: TcpListener,
    computations: Arc<Computations>,
    token: Arc<Token>,
    limits: Limits,
}

impl Server {
    /// Listens on both ports, reads or makes the token, and takes over running isolates.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn bind(config: Config, launcher: Arc<dyn Launcher>) -> Result<Self, ServeError> {
        if !config.management.ip().is_loopback() {
            return Err(ServeError::NotLoopback {
                found: config.management,
            });
        }
        let token = Arc::new(Token::load(&config.token_file)?);
        let participants = listen(config.participants).await?;
        let management = listen(config.management).await?;
        let limits = config.limits;
        let verifiers = config.verifiers.iter().map(verifier::Client::new);
        let verifiers = verifiers.collect::<Result<_, _>>()?;
        let computations = Computations::adopt(launcher, config.resources, limits, verifiers)
            .await
            .map_err(ServeError::Adopt)?;
        Ok(Self {
            participants,
            management,
            computations,
            token,
            limits,
        })
    }

    /// Where participants connect.
    ///
    /// # Errors
    /// Those of the system.
    pub fn participants_address(&self) -> io::Result<SocketAddr> {
        self.participants.local_addr()
    }

    /// Where the management API is.
    ///
    /// # Errors
    /// Those of the system.
    pub fn management_address(&self) -> io::Result<SocketAddr> {
        self.management.local_addr()
    }

    /// Serves until `stop` is ready, then ends requests that are under way within five seconds.
    ///
    /// # Errors
    /// [`ServeError::Failed`] where the management port fails.
    pub async fn run(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        tracing::info!(
            participants = %self.participants_address()?,
            management = %self.management_address()?,
            "the host listens"
        );
        let stopping = Arc::new(Notify::new());
        let announced = Arc::clone(&stopping);
        let stop = async move {
            stop.await;
            announced.notify_one();
        };
        let router = management::router(Management {
            computations: Arc::clone(&self.computations),
            token: self.token,
        });
        let management = axum::serve(self.management, router)
            .with_graceful_shutdown(stop)
            .into_future();
        let participants = participants::serve(self.participants, self.computations, self.limits);
        tokio::pin!(management);

        tokio::select! {
            ended = &mut management => return Ok(ended?),
            () = participants => {}
            () = stopping.notified() => {}
        }
        tracing::info!("the host stops; isolates go on");
        // Those that have not ended by then are cut.
        timeout(LAST_REQUESTS, management).await.unwrap_or(Ok(()))?;
        Ok(())
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })
}

//! The service from start to shutdown.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header;
use axum::routing::get;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use veracruz_appraisal::Collateral;
use veracruz_policy::PublicKey;

use crate::api::{Peer, Service, router};
use crate::authority::Authority;
use crate::challenge::Challenges;
use crate::metrics::{self, Metrics};
use crate::rates::Rates;
use crate::verdict::Judge;
use crate::{Config, Database, Keys, VerifierError, tls};

/// How long a peer may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may be without a request, and until a request's head is there.
const IDLE: Duration = Duration::from_secs(60);
/// The line and the headers of a request.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// After accepting failed, as it does while there are no descriptors.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest name of a verifier.
const MAX_NAME_BYTES: usize = 253;

/// A verifier that listens, and does not serve yet: for callers that want to know the ports.
pub struct Server {
    participants: TcpListener,
    watchers: Option<TcpListener>,
    acceptor: TlsAcceptor,
    connections: usize,
    service: Arc<Service>,
}

impl Server {
    /// Reads keys and certificates, opens the database and listens.
    ///
    /// # Errors
    /// See [`VerifierError`].
    pub async fn bind(config: Config, collateral: Collateral) -> Result<Self, VerifierError> {
        check_name(&config.name)?;
        if let Some(found) = config.metrics.filter(|address| !address.ip().is_loopback()) {
            return Err(VerifierError::NotLoopback { found });
        }
        let keys = Keys::load(&config)?;
        let ear_key = keys.ear_key();
        let authority = Authority::new(keys.authority, &file(&config.ca_certificate)?)?;
        let tls = tls::config(keys.tls, &config.tls_certificate)?;
        let database = Database::open(&config.database).await?;
        let metrics = Arc::new(Metrics::new());
        let service = Service {
            judge: Judge {
                name: config.name,
                ear_key,
                authority: authority.certificate().to_vec(),
                collateral,
                database,
                metrics: Arc::clone(&metrics),
            },
            challenges: Challenges::new(config.limits.challenges),
            results: keys.results,
            authority,
            rates: Rates::new(config.limits.requests_a_minute),
            metrics,
        };
        let watchers = match config.metrics {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        Ok(Self {
            participants: listen(config.listen).await?,
            watchers,
            acceptor: TlsAcceptor::from(tls),
            connections: config.limits.connections,
            service: Arc::new(service),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.participants.local_addr()
    }

    /// Where its metrics are.
    ///
    /// # Errors
    /// Those of the system.
    pub fn metrics_address(&self) -> io::Result<Option<SocketAddr>> {
        self.watchers
            .as_ref()
            .map(TcpListener::local_addr)
            .transpose()
    }

    /// The key that signs results, as policies name it.
    #[must_use]
    pub fn ear_key(&self) -> PublicKey {
        self.service.results.public.clone()
    }

    /// Serves until `stop` is ready. Challenges that were not answered by then are lost, as is
    /// meant.
    ///
    /// # Errors
    /// `Failed` where the metrics port fails.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), VerifierError> {
        let database = self.service.judge.database.clone();
        let metrics = watch(self.watchers, Arc::clone(&self.service.metrics));
        let participants = serve(
            self.participants,
            self.acceptor,
            router(self.service),
            self.connections,
        );
        let ended = tokio::select! {
            () = participants => Ok(()),
            ended = metrics => ended.map_err(VerifierError::from),
            () = stop => Ok(()),
        };
        database.close().await;
        ended
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, router: Router, connections: usize) {
    let places = Arc::new(Semaphore::new(connections));
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                sleep(PAUSE).await;
                continue;
            }
        };
        let connection = attend(
            stream,
            acceptor.clone(),
            router.clone().layer(Extension(Peer(peer.ip()))),
        );
        open.spawn(async move {
            connection.await;
            drop(place);
        });
    }
}

/// One connection. Whatever its peer does wrong ends that connection alone.
async fn attend(stream: TcpStream, acceptor: TlsAcceptor, router: Router) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        return;
    };
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_header_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke");
    }
}

/// The metrics, on their own port; for ever pending without one.
async fn watch(listener: Option<TcpListener>, metrics: Arc<Metrics>) -> io::Result<()> {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    let show = async move || {
        (
            [(header::CONTENT_TYPE, metrics::MEDIA_TYPE)],
            metrics.text(),
        )
    };
    axum::serve(listener, Router::new().route("/metrics", get(show))).await
}

async fn listen(address: SocketAddr) -> Result<TcpListener, VerifierError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| VerifierError::Listen { address, source })
}

fn file(path: &Path) -> Result<Vec<u8>, VerifierError> {
    std::fs::read(path).map_err(|source| VerifierError::File {
        path: path.to_path_buf(),
        source,
    })
}

fn check_name(name: &str) -> Result<(), VerifierError> {
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'));
    if fits {
        return Ok(());
    }
    Err(VerifierError::Name { found: name.into() })
}

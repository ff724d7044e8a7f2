//! The participants' port: who is dialled is peeked at, and that isolate gets the socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use veracruz_launch::LaunchError;
use veracruz_session::{IsolateName, NameError};

use crate::computations::Computations;
use crate::config::Limits;
use crate::hello::{self, HelloError};

/// An isolate that takes no connection in this time has too many waiting.
const HAND_OVER: Duration = Duration::from_secs(2);
/// After accepting failed, as it does while there are no descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Why a connection was closed. Its peer is told nothing but that.
#[derive(Debug, Error)]
enum Closed {
    #[error(transparent)]
    Hello(#[from] HelloError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("no isolate of this name runs here")]
    Unknown,
    #[error("the limit on connections is reached")]
    TooMany,
    #[error("the isolate takes no connections at present")]
    Busy,
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error("the descriptor cannot be passed on: {0}")]
    Descriptor(std::io::Error),
}

/// Serves for ever; ends when it is dropped, and those connections with it that were not handed
/// over yet.
pub(crate) async fn serve(listener: TcpListener, computations: Arc<Computations>, limits: Limits) {
    let places = Arc::new(Semaphore::new(limits.handshakes));
    let mut pending = tokio::task::JoinSet::new();
    loop {
        let (connection, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                sleep(PAUSE).await;
                continue;
            }
        };
        while pending.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(%peer, limit = limits.handshakes, "closed: too many handshakes are pending");
            continue;
        };
        let computations = Arc::clone(&computations);
        pending.spawn(async move {
            let _place = place;
            hand_over(connection, peer, &computations, limits.handshake_time).await;
        });
    }
}

async fn hand_over(
    connection: TcpStream,
    peer: SocketAddr,
    computations: &Computations,
    time: Duration,
) {
    match route(connection, computations, Instant::now() + time).await {
        Ok(name) => tracing::debug!(%peer, %name, "handed over"),
        Err(reason) => tracing::info!(%peer, %reason, "closed"),
    }
}

async fn route(
    connection: TcpStream,
    computations: &Computations,
    deadline: Instant,
) -> Result<IsolateName, Closed> {
    let name: IsolateName = hello::peek_name(&connection, deadline).await?.parse()?;
    let computation = computations.route(&name).ok_or(Closed::Unknown)?;
    if !computations.admits_connection(&computation).await {
        return Err(Closed::TooMany);
    }
    // Small answers should not wait for the peer's acknowledgements. The isolate may not set this.
    connection.set_nodelay(true).map_err(Closed::Descriptor)?;
    let connection = connection.into_std().map_err(Closed::Descriptor)?;
    timeout(HAND_OVER, computation.connect(connection))
        .await
        .map_err(|_| Closed::Busy)??;
    Ok(name)
}

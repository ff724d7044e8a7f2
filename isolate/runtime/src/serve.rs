//! The threads: one that takes connections from the host, and one a processor that serve them.

use crate::connection;
use crate::doorman::{self, Visitor};
use crate::fault::Fault;
use crate::isolate::Isolate;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

/// Connections that may wait for a thread. The host waits beyond that.
const QUEUE: usize = 64;

/// Begins to serve the connections that come over `connections`.
pub(crate) fn start(isolate: &Arc<Isolate>, connections: OwnedFd) -> Result<(), Fault> {
    let count = thread::available_parallelism().map_or(1, usize::from);
    let mut servers = Vec::with_capacity(count);
    for _ in 0..count {
        servers.push(server(Arc::clone(isolate))?);
    }
    thread::Builder::new()
        .name("doorman".into())
        .spawn(move || let_in(&connections, &servers))
        .map(drop)
        .map_err(|_| Fault::Internal)
}

/// Deals connections to the servers in turn, until the host closes the channel.
fn let_in(connections: &OwnedFd, servers: &[mpsc::Sender<Visitor>]) {
    let mut turns = servers.iter().cycle();
    while let Ok(Some(message)) = doorman::next(connections) {
        // What is refused has been closed already; the host knows what it sent.
        let (Ok(visitor), Some(server)) = (message, turns.next()) else {
            continue;
        };
        if server.blocking_send(visitor).is_err() {
            return;
        }
    }
}

/// A thread that serves its share of the connections: nothing of TLS or HTTP moves between
/// threads.
fn server(isolate: Arc<Isolate>) -> Result<mpsc::Sender<Visitor>, Fault> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|_| Fault::Internal)?;
    let (sender, mut visitors) = mpsc::channel(QUEUE);
    let serve = move || {
        LocalSet::new().block_on(&runtime, async move {
            while let Some(visitor) = visitors.recv().await {
                let isolate = Arc::clone(&isolate);
                tokio::task::spawn_local(async move {
                    let _entered = isolate.enter();
                    connection::serve(Arc::clone(&isolate), visitor).await;
                });
            }
        });
    };
    thread::Builder::new()
        .name("server".into())
        .spawn(serve)
        .map(|_| sender)
        .map_err(|_| Fault::Internal)
}

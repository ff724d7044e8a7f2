//! The threads: one that takes connections from the host, and one a processor that serve them.

use crate::connection;
use crate::doorman::{self, Visitor};
use crate::fault::Fault;
use crate::isolate::Isolate;
use crate::seats::Seat;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

/// A connection on its way to the thread that serves it. There are no more of them than seats.
type Admitted = (Visitor, Seat);

/// Begins to serve the connections that come over `connections`.
pub(crate) fn start(isolate: &Arc<Isolate>, connections: OwnedFd) -> Result<(), Fault> {
    let count = thread::available_parallelism().map_or(1, usize::from);
    let mut servers = Vec::with_capacity(count);
    for _ in 0..count {
        servers.push(server(Arc::clone(isolate))?);
    }
    thread::Builder::new()
        .name("doorman".into())
        .spawn({
            let isolate = Arc::clone(isolate);
            move || let_in(&isolate, &connections, &servers)
        })
        .map(drop)
        .map_err(|_| Fault::Internal)
}

/// Deals connections to the servers in turn, until the host closes the channel. Those for whom
/// there is no seat are closed at once.
fn let_in(isolate: &Isolate, connections: &OwnedFd, servers: &[mpsc::UnboundedSender<Admitted>]) {
    let mut turns = servers.iter().cycle();
    while let Ok(Some(message)) = doorman::next(connections) {
        // What is refused has been closed already; the host knows what it sent.
        let Ok(visitor) = message else { continue };
        let (Some(seat), Some(server)) = (isolate.seats.take(), turns.next()) else {
            continue;
        };
        if server.send((visitor, seat)).is_err() {
            return;
        }
    }
}

/// A thread that serves its share of the connections: nothing of TLS or HTTP moves between
/// threads.
fn server(isolate: Arc<Isolate>) -> Result<mpsc::UnboundedSender<Admitted>, Fault> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|_| Fault::Internal)?;
    let (sender, mut visitors) = mpsc::unbounded_channel::<Admitted>();
    let serve = move || {
        LocalSet::new().block_on(&runtime, async move {
            while let Some((visitor, seat)) = visitors.recv().await {
                tokio::task::spawn_local(connection::serve(Arc::clone(&isolate), visitor, seat));
            }
        });
    };
    thread::Builder::new()
        .name("server".into())
        .spawn(serve)
        .map(|_| sender)
        .map_err(|_| Fault::Internal)
}

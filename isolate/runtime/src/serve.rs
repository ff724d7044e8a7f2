//! The threads: one that takes connections from the host, and one a processor that serve them.

use crate::connection;
use crate::doorman::{self, Visitor};
use crate::fault::Fault;
use crate::isolate::Isolate;
use crate::platform::Connections;
use crate::seats::Seat;
use crate::work::essential;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

/// How long the kernel has to recover before it is asked for the next connection again.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection on its way to the thread that serves it. There are no more of them than seats.
type Admitted = (Visitor, Seat);

/// Begins to serve the connections that come over `connections`.
pub(crate) fn start(isolate: &Arc<Isolate>, connections: Connections) -> Result<(), Fault> {
    let count = thread::available_parallelism().map_or(1, usize::from);
    let mut servers = Vec::with_capacity(count);
    for _ in 0..count {
        servers.push(server(Arc::clone(isolate))?);
    }
    let isolate = Arc::clone(isolate);
    essential("doorman", move || {
        let_in(&isolate, &connections, &servers);
    })
}

/// Deals connections to the servers in turn, until the host closes the channel; those who are
/// here may stay. Those for whom there is no seat are closed at once.
fn let_in(
    isolate: &Isolate,
    connections: &Connections,
    servers: &[mpsc::UnboundedSender<Admitted>],
) {
    let mut turns = servers.iter().cycle();
    loop {
        let visitor = match doorman::next(connections) {
            Ok(Some(Ok(visitor))) => visitor,
            // What is refused has been closed already; the host knows what it sent.
            Ok(Some(Err(_refusal))) => continue,
            Ok(None) => return,
            Err(_) => {
                // The kernel is short of something. Nobody is to be kept out for ever by that.
                thread::sleep(PAUSE);
                continue;
            }
        };
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
    essential("server", move || {
        let connections = LocalSet::new();
        connections.block_on(&runtime, async {
            while let Some((visitor, seat)) = visitors.recv().await {
                tokio::task::spawn_local(connection::serve(Arc::clone(&isolate), visitor, seat));
            }
        });
        runtime.block_on(connections);
    })?;
    Ok(sender)
}

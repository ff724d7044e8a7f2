//! One connection: TLS, who it is, then HTTP until it ends.

use crate::doorman::Visitor;
use crate::http;
use crate::isolate::Isolate;
use crate::seats::Seat;
use crate::short_writes::ShortWrites;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt;
use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use veracruz_protocol::limits;
use veracruz_session::Channel;

/// How long a peer may take to prove that it holds a participant's key.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// How long a connection may be without a request, and until a request's head is there: hyper
/// starts this clock when the connection becomes idle.
const IDLE: Duration = Duration::from_secs(120);
/// How long a reader may take nothing of what is sent to it, or be unreachable.
const UNREAD: Duration = Duration::from_secs(120);
/// How often a quiet connection is asked whether it is still there.
const PROBE: Duration = Duration::from_secs(30);
/// How long and for how many bytes a peer that was refused is listened to.
const PARTING: Duration = Duration::from_secs(2);
const PARTING_BYTES: u64 = 256 << 10;
/// Ciphertext that is read at once. rustls asks for 4 KiB at a time, and each system call passes
/// several filters here.
const READ_BUFFER_BYTES: usize = 128 << 10;
/// Plaintext that may wait in TLS for a slow reader.
const TLS_BUFFER_BYTES: usize = 128 << 10;
/// The most headers that a request may have.
const MAX_HEADERS: usize = 64;

/// Serves `visitor` until it leaves. Whatever it does wrong ends its own connection alone.
pub(crate) async fn serve(isolate: Arc<Isolate>, visitor: Visitor, seat: Seat) {
    match visitor {
        Visitor::Tcp(stream) => {
            // Without them a connection only takes longer to answer, or to be given up.
            let _ = tune(&stream);
            if let Ok(stream) = TcpStream::from_std(stream) {
                secure(isolate, stream, seat).await;
            }
        }
        Visitor::Unix(stream) => {
            if let Ok(stream) = UnixStream::from_std(stream) {
                secure(isolate, stream, seat).await;
            }
        }
        Visitor::Vsock(stream) => {
            if let Ok(stream) = UnixStream::from_std(stream) {
                secure(isolate, ShortWrites(stream), seat).await;
            }
        }
    }
}

fn tune(stream: &std::net::TcpStream) -> rustix::io::Result<()> {
    // Small answers must not wait for the peer's acknowledgement.
    sockopt::set_tcp_nodelay(stream, true)?;
    // hyper has no limit on how long it waits for a reader; the kernel has one.
    let unread = u32::try_from(UNREAD.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(stream, unread)?;
    sockopt::set_tcp_keepidle(stream, PROBE)?;
    sockopt::set_tcp_keepintvl(stream, PROBE)?;
    sockopt::set_socket_keepalive(stream, true)
}

async fn secure(
    isolate: Arc<Isolate>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    mut seat: Seat,
) {
    let stream = BufReader::with_capacity(READ_BUFFER_BYTES, stream);
    let acceptor = TlsAcceptor::from(Arc::clone(&isolate.tls));
    let handshake = acceptor
        .accept_with(stream, |session| {
            session.set_buffer_limit(Some(TLS_BUFFER_BYTES));
        })
        .into_fallible();
    // Strangers, other names and slow peers are turned away here, by TLS itself.
    let stream = match timeout(HANDSHAKE, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err((_, stream))) => return part(stream).await,
        Err(_) => return,
    };
    let Ok(channel) = Channel::from_server(stream.get_ref().1, &isolate.identity) else {
        return;
    };
    let Some(participant) = isolate.policy.participant_by_key(&channel.peer()) else {
        return;
    };
    if !seat.belongs_to(&participant.name) {
        return part(stream).await;
    }
    let visit = Arc::new(http::Visit::new(
        Arc::clone(&isolate),
        participant.name.clone(),
        channel,
    ));

    let service = service_fn(|request| {
        let visit = Arc::clone(&visit);
        Box::pin(async move { Ok::<_, Infallible>(http::answer(&visit, request).await) })
    });
    let mut connection = protocol().serve_connection(TokioIo::new(stream), service);
    // A peer that breaks HTTP or leaves is its own affair; there is nobody to tell but itself.
    let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    part(connection.into_parts().io.into_inner()).await;
}

/// How HTTP is spoken here: nobody takes up a seat, or memory, without asking for something.
fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_headers(MAX_HEADERS)
        .max_header_size(limits::HEAD_BYTES)
        .max_buf_size(TLS_BUFFER_BYTES);
    protocol
}

/// Ends a connection so that the peer gets what was said last, an alert or a refusal. The kernel
/// resets a connection that is closed with something unread, and a reset overtakes what was sent.
async fn part(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let listen = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(PARTING_BYTES), &mut tokio::io::sink()).await
    };
    // It has been told, or does not want to know.
    let _ = timeout(PARTING, listen).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper::Response;
    use tokio::io::DuplexStream;
    use tokio::time::{Instant, sleep};

    /// Serves a peer who first sends `first` and then `drop` every ten seconds. How long it is
    /// endured.
    async fn endured(first: &[u8], drop: &[u8]) -> Duration {
        let (mut peer, stream): (DuplexStream, _) = tokio::io::duplex(64 << 10);
        let service =
            service_fn(async |_| Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())));
        let connection = protocol().serve_connection(TokioIo::new(stream), service);
        let start = Instant::now();
        let sending = async {
            peer.write_all(first).await.unwrap();
            loop {
                sleep(Duration::from_secs(10)).await;
                peer.write_all(drop).await.unwrap();
            }
        };
        tokio::select! {
            _ = connection => start.elapsed(),
            () = sending => unreachable!("it sends for ever"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_where_no_request_comes_or_one_never_ends() {
        const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        let cases: [(&[u8], &[u8]); 4] = [
            (b"", b""),
            (b"GET / HTTP/1.1\r\nX: ", b"x"),
            // Idle after a request, and slow with the next.
            (REQUEST, b""),
            (REQUEST, b"G"),
        ];
        for (first, drop) in cases {
            let endured = endured(first, drop).await;
            assert!(
                endured >= IDLE && endured <= IDLE + Duration::from_secs(1),
                "{endured:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_refused_is_listened_to_for_a_moment() {
        let start = Instant::now();
        let (silent, stream) = tokio::io::duplex(1024);
        part(stream).await;
        assert_eq!(start.elapsed(), PARTING);
        drop(silent);

        let (mut flooding, stream) = tokio::io::duplex(1024);
        let flood = vec![0; usize::try_from(PARTING_BYTES).unwrap() * 2];
        let sent = flooding.write_all(&flood);
        let (sent, ()) = tokio::join!(sent, part(stream));
        assert!(sent.is_err(), "it was read to its end");
    }
}

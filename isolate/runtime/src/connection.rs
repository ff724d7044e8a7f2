//! One connection: TLS, who it is, then HTTP until it ends.

use crate::doorman::Visitor;
use crate::http;
use crate::isolate::Isolate;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use veracruz_protocol::limits;
use veracruz_session::Channel;

/// How long a peer may take to prove that it holds a participant's key.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// How long a request's head may take, and how long a connection may stay idle.
const IDLE: Duration = Duration::from_secs(120);
/// Plaintext that may wait in TLS for a slow reader.
const TLS_BUFFER_BYTES: usize = 128 << 10;
/// The most headers that a request may have.
const MAX_HEADERS: usize = 64;

/// Serves `visitor` until it leaves. Whatever it does wrong ends its own connection alone.
pub(crate) async fn serve(isolate: Arc<Isolate>, visitor: Visitor) {
    match visitor {
        Visitor::Tcp(stream) => {
            // Small answers must not wait for the peer's acknowledgement.
            let _ = stream.set_nodelay(true);
            if let Ok(stream) = TcpStream::from_std(stream) {
                secure(isolate, stream).await;
            }
        }
        Visitor::Unix(stream) => {
            if let Ok(stream) = UnixStream::from_std(stream) {
                secure(isolate, stream).await;
            }
        }
    }
}

async fn secure(isolate: Arc<Isolate>, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
    let acceptor = TlsAcceptor::from(Arc::clone(&isolate.tls));
    let handshake = acceptor.accept_with(stream, |session| {
        session.set_buffer_limit(Some(TLS_BUFFER_BYTES))
    });
    // Strangers, other names and slow peers are turned away here, by TLS itself.
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, handshake).await else {
        return;
    };
    let Ok(channel) = Channel::from_server(stream.get_ref().1, &isolate.identity) else {
        return;
    };
    let Some(participant) = isolate.policy.participant_by_key(&channel.peer()) else {
        return;
    };
    let visit = Arc::new(http::Visit::new(
        Arc::clone(&isolate),
        participant.name.clone(),
        channel,
    ));

    let service = service_fn(|request| {
        let visit = Arc::clone(&visit);
        async move { Ok::<_, Infallible>(http::answer(&visit, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_headers(MAX_HEADERS)
        .max_buf_size(limits::HEAD_BYTES.max(TLS_BUFFER_BYTES))
        .serve_connection(TokioIo::new(stream), service);
    // A peer that breaks HTTP or leaves is its own affair; there is nobody to tell.
    let _ = connection.await;
}

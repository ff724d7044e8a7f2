//! Answers and their bodies.

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use veracruz_protocol::{Problem, Route, media};

/// What is sent after the head.
pub(crate) enum Body {
    /// All of it, at hand. A file is a mapping of its sealed memory, not a copy.
    Whole(Option<Bytes>),
    /// Pieces, as they come up.
    Events(mpsc::Receiver<Bytes>),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Events(events) => events
                .poll_recv(context)
                .map(|event| event.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Events(_) => SizeHint::default(),
        }
    }
}

/// 200 with a whole body.
pub(super) fn whole(media_type: &'static str, bytes: impl Into<Bytes>) -> Response<Body> {
    with_status(StatusCode::OK, media_type, bytes)
}

/// Any status with a whole body.
pub(super) fn with_status(
    status: StatusCode,
    media_type: &'static str,
    bytes: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Some(bytes.into())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    // Answers depend on who asks, and none may outlive its computation.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 204.
pub(super) fn empty() -> Response<Body> {
    let mut response = Response::new(Body::Whole(None));
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A refusal, as RFC 9457 has it. `target` is what was asked for.
pub(super) fn problem(problem: &Problem, target: &str) -> Response<Body> {
    let status = StatusCode::from_u16(problem.code.http_status())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = with_status(status, media::PROBLEM, problem.to_json());
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed: Vec<_> = Route::allowed(target)
            .iter()
            .map(|method| method.as_str())
            .collect();
        set(&mut response, header::ALLOW, &allowed.join(", "));
    }
    response
}

/// Sets a header whose value is made here; one that HTTP cannot carry is left out.
pub(super) fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

//! `/v1/status` and `/v1/approval`.

use super::reply::{self, Body, set, whole};
use super::{Visit, request};
use crate::isolate::{Isolate, now};
use crate::seats::Stream;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ETAG, HeaderValue};
use hyper::{Request, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use veracruz_computation::Session;
use veracruz_protocol::{ErrorCode, Problem, StateTag, Status, limits, media};

/// `GET /v1/status`, once, or as a stream that goes on with every change.
pub(super) fn status(
    visit: &Visit,
    request: &Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let session = visit.session()?;
    let accepts = |media_type: &str| {
        request
            .headers()
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| {
                value
                    .split([',', ';'])
                    .any(|part| part.trim() == media_type)
            })
    };
    if accepts(media::EVENT_STREAM) {
        let stream = Stream::open(&visit.isolate.seats, &visit.participant)
            .ok_or(Problem::new(ErrorCode::TooManyRequests))?;
        return Ok(events(Arc::clone(&visit.isolate), session, stream));
    }
    let status = of(&visit.isolate, &session);
    let mut response = whole(media::JSON, status.to_json());
    tagged(&mut response, status.tag);
    Ok(response)
}

/// `PUT /v1/approval`: a signed statement, which the state machine verifies.
pub(super) async fn approve(
    visit: &Visit,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    request::media_type(request.headers(), media::APPROVAL)?;
    let body = request::bytes(request, limits::APPROVAL_BYTES).await?;
    let jws = str::from_utf8(&body).map_err(|_| Problem::new(ErrorCode::ApprovalMalformed))?;
    let session = visit.session()?;
    let tag = visit
        .isolate
        .handle(|state| state.computation.approve(&session, jws, now()))?;
    let mut response = reply::empty();
    tagged(&mut response, tag);
    Ok(response)
}

/// `DELETE /v1/approval`: withdraws approval and inputs.
pub(super) fn withdraw(visit: &Visit) -> Result<Response<Body>, Problem> {
    let session = visit.session()?;
    let answer = visit
        .isolate
        .handle(|state| state.computation.withdraw(&session))?;
    let json = serde_json::to_vec(&answer).map_err(|_| Problem::new(ErrorCode::Internal))?;
    Ok(whole(media::JSON, json))
}

fn of(isolate: &Isolate, session: &Session) -> Status {
    isolate.look(|state| state.computation.status(session, now()))
}

/// How long a stream is silent at most. What passes without an event (an approval's end, bytes of an
/// upload) is seen by then; and a reader who hears nothing for longer knows that the line is cut.
const SILENCE: Duration = Duration::from_secs(30);

/// A status for every change and after every silence, until the reader leaves. One that reads slowly
/// misses what lies between, and always gets the latest.
fn events(isolate: Arc<Isolate>, session: Session, stream: Stream) -> Response<Body> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::task::spawn_local(async move {
        let _counts = stream;
        let mut changes = isolate.watch();
        loop {
            changes.borrow_and_update();
            let status = of(&isolate, &session);
            let event = format!(
                "event: {}\ndata: {}\n\n",
                media::STATUS_EVENT,
                status.to_json()
            );
            if sender.send(Bytes::from(event)).await.is_err() {
                return;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(SILENCE) => {},
                () = sender.closed() => return,
            }
        }
    });
    let mut response = Response::new(Body::Events(receiver));
    response.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        HeaderValue::from_static(media::EVENT_STREAM),
    );
    set(&mut response, hyper::header::CACHE_CONTROL, "no-store");
    response
}

/// Names the state in the answer.
pub(super) fn tagged(response: &mut Response<Body>, tag: StateTag) {
    set(response, ETAG, &tag.to_header());
}

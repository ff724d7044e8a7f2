//! Reads what a request brings, within bounds.

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::HeaderMap;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use std::time::Duration;
use veracruz_protocol::{ErrorCode, Problem};

/// How long the next piece of a body may take.
pub(super) const STALL: Duration = Duration::from_secs(60);

/// The one value of a header: `None` where it is absent.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| {
            Problem::new(ErrorCode::HeaderMalformed).expected(format!("`{name}` in ASCII"))
        }),
        (Some(_), Some(_)) => Err(Problem::new(ErrorCode::HeaderMalformed)
            .expected(format!("one header `{name}`"))
            .found("several")),
    }
}

/// Refuses a body of another media type. Parameters do not matter.
pub(super) fn media_type(headers: &HeaderMap, expected: &'static str) -> Result<(), Problem> {
    let found = header(headers, CONTENT_TYPE.as_str())?.unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(Problem::new(ErrorCode::MediaTypeUnsupported)
        .expected(expected)
        .found(found))
}

/// The whole body, at most `limit` bytes of it.
pub(super) async fn bytes(request: Request<Incoming>, limit: usize) -> Result<Bytes, Problem> {
    let body = Limited::new(request.into_body(), limit).collect();
    match tokio::time::timeout(STALL, body).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::new(ErrorCode::BodyTooLarge).expected(format!("at most {limit} bytes")))
        }
        Ok(Err(_)) => Err(Problem::new(ErrorCode::BodyMalformed).found("a body that broke off")),
        Err(_) => Err(Problem::new(ErrorCode::BodyMalformed).found("a body that never ended")),
    }
}

/// The body as JSON of a given type.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(ErrorCode::BodyMalformed).detail(error))
}

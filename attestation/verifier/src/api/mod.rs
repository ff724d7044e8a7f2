//! The REST API: Veraison's challenge and response, and certificates.
//!
//! | request | answer |
//! |---|---|
//! | `GET /.well-known/veraison/verification` | what this service is |
//! | `POST /challenge-response/v1/newSession?nonceSize=32` | 201, a nonce for a minute |
//! | `POST /challenge-response/v1/session/{id}`, evidence | 200, a result; once |
//! | `DELETE /challenge-response/v1/session/{id}` | 204 |
//! | `POST /v1/certificates` | 201, a certificate; once for a session |
//!
//! `docs/reference/verifier-openapi.json` describes it in full.

mod certificates;
mod discovery;
mod failure;
pub mod media;
mod sessions;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Deserializer};
use tokio::time::timeout;
use veracruz_protocol::ErrorCode;

use crate::authority::Authority;
use crate::challenge::Challenges;
use crate::keys::ResultKey;
use crate::metrics::Metrics;
use crate::rates::Rates;
use crate::verdict::Judge;
use failure::Failure;

/// Every route with its methods, as the OpenAPI document must have them.
pub const ROUTES: &[(&str, &[&str])] = &[
    ("/.well-known/veraison/verification", &["get"]),
    ("/challenge-response/v1/newSession", &["post"]),
    ("/challenge-response/v1/session/{id}", &["delete", "post"]),
    ("/v1/certificates", &["post"]),
];

/// A policy of 1 MiB and evidence of 64 KiB in base64, and the rest.
const MAX_BODY_BYTES: usize = 2 << 20;

/// How long a request may take from its head to its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every handler sees.
pub(crate) struct Service {
    pub(crate) judge: Judge,
    pub(crate) challenges: Challenges,
    pub(crate) results: ResultKey,
    pub(crate) authority: Authority,
    pub(crate) rates: Rates,
    pub(crate) metrics: Arc<Metrics>,
}

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// All routes.
pub(crate) fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route(
            "/.well-known/veraison/verification",
            get(discovery::show).fallback(other_method),
        )
        .route(
            "/challenge-response/v1/newSession",
            post(sessions::open).fallback(other_method),
        )
        .route(
            "/challenge-response/v1/session/{id}",
            post(sessions::answer)
                .delete(sessions::delete)
                .fallback(other_method),
        )
        .route(
            "/v1/certificates",
            post(certificates::issue).fallback(other_method),
        )
        .fallback(async || Failure::from(ErrorCode::UnknownRoute))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(&service), guard))
        .with_state(service)
}

/// Around every request: how often its peer may ask, how long it may take, and what came of it.
async fn guard(
    State(service): State<Arc<Service>>,
    axum::Extension(Peer(peer)): axum::Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let response = match service.rates.take(peer, Instant::now()) {
        Ok(()) => timeout(PATIENCE, next.run(request))
            .await
            .unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response()),
        Err(wait) => {
            service.metrics.limited();
            Failure::limited(wait).into_response()
        }
    };
    service.metrics.answer(response.status().as_u16());
    response
}

async fn other_method() -> Failure {
    ErrorCode::MethodNotAllowed.into()
}

/// Bytes as base64 in a JSON string (RFC 4648 section 4).
#[derive(Debug)]
pub(crate) struct Base64(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        data_encoding::BASE64
            .decode(text.as_bytes())
            .map(Self)
            .map_err(|error| serde::de::Error::custom(format_args!("not base64: {error}")))
    }
}

//! The management API: who may start and stop computations has the token; anyone may ask how one
//! is, since a participant whose isolate is gone has nobody else to ask.
//!
//! | request | who | answer |
//! |---|---|---|
//! | `POST /v1/computations`, the policy as body | token | 201 and a [`View`] |
//! | `GET /v1/computations` | token | 200 and `{"computations": [View, …]}` |
//! | `GET /v1/computations/{policy}` | anyone | 200 and a [`View`] |
//! | `DELETE /v1/computations/{policy}` | token | 200 and a [`View`], once it is gone |
//! | `GET /v1/host` | token | 200 and a [`HostView`] |
//! | `GET /metrics` | anyone | 200 and OpenMetrics: numbers, and no word about a computation |

use std::sync::Arc;

use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use serde::Serialize;
use veracruz_launch::{ClientError, LaunchError, Refusal};
use veracruz_policy::{PolicyErrors, PolicyHash};
use veracruz_protocol::{ErrorCode, Problem, limits, media};

use crate::computation::{Computation, View};
use crate::computations::{AdmissionError, Computations};
use crate::metrics;
use crate::token::Token;

/// Seconds after which a refused launch may be tried again.
const RETRY_AFTER: &str = "5";

/// What every handler sees.
#[derive(Clone)]
pub(crate) struct Management {
    pub(crate) computations: Arc<Computations>,
    pub(crate) token: Arc<Token>,
}

/// All routes.
pub(crate) fn router(management: Management) -> Router {
    Router::new()
        .route(
            "/v1/computations",
            get(list).post(launch).fallback(other_method),
        )
        .route(
            "/v1/computations/{policy}",
            get(show).delete(stop).fallback(other_method),
        )
        .route("/v1/host", get(host).fallback(other_method))
        .route("/metrics", get(metrics).fallback(other_method))
        .fallback(async || Failure::from(ErrorCode::UnknownRoute))
        .layer(DefaultBodyLimit::max(limits::POLICY_BYTES))
        .with_state(management)
}

async fn launch(
    _: Authorized,
    State(management): State<Management>,
    document: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let document = document.map_err(|rejection| body_problem(&rejection))?;
    let computation = management
        .computations
        .launch(document.as_ref().into())
        .await?;
    let location = format!("/v1/computations/{}", computation.policy());
    let location = [(header::LOCATION, location)];
    Ok((
        StatusCode::CREATED,
        location,
        Json(computation.view().await),
    )
        .into_response())
}

async fn list(_: Authorized, State(management): State<Management>) -> Json<List> {
    // All are asked at once: one that does not answer holds up none.
    let asked = management.computations.all().into_iter();
    let asked: Vec<_> = asked
        .map(|computation| tokio::spawn(async move { computation.view().await }))
        .collect();
    let mut computations = Vec::with_capacity(asked.len());
    for view in asked {
        computations.extend(view.await);
    }
    Json(List { computations })
}

async fn host(_: Authorized, State(management): State<Management>) -> Json<HostView> {
    let now = management.computations.occupancy();
    Json(HostView {
        isolates: now.running,
        unresponsive: now.unresponsive,
        launching: now.launching,
        isolates_limit: now.isolates,
        memory_promised: now.memory_promised,
        memory_limit: now.memory,
        isolate_memory: now.isolate_memory,
        isolate_cpu: now.isolate_cpu,
        limited_by: now.limited_by.map(|kept| LimitedByView {
            memory: kept.memory.as_str(),
            processes: kept.processes.as_str(),
            cpu: kept.cpu.as_str(),
        }),
    })
}

async fn metrics(State(management): State<Management>) -> Response {
    let content_type = [(header::CONTENT_TYPE, metrics::MEDIA_TYPE)];
    (content_type, management.computations.metrics()).into_response()
}

async fn show(
    State(management): State<Management>,
    Path(policy): Path<String>,
) -> Result<Json<View>, Failure> {
    Ok(Json(find(&management, &policy)?.view().await))
}

async fn stop(
    _: Authorized,
    State(management): State<Management>,
    Path(policy): Path<String>,
) -> Result<Json<View>, Failure> {
    let computation = find(&management, &policy)?;
    computation.stop().await.map_err(AdmissionError::from)?;
    Ok(Json(computation.view().await))
}

async fn other_method() -> Failure {
    ErrorCode::MethodNotAllowed.into()
}

fn find(management: &Management, policy: &str) -> Result<Arc<Computation>, Failure> {
    let hash: PolicyHash = policy.parse().map_err(|error| {
        Problem::new(ErrorCode::ComputationUnknown)
            .detail(format_args!("not a policy hash: {error}"))
    })?;
    let found = management.computations.find(hash);
    found.ok_or_else(|| ErrorCode::ComputationUnknown.into())
}

#[derive(Serialize)]
struct List {
    computations: Vec<View>,
}

/// How much the host has taken on, and how much it may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostView {
    /// Isolates that run.
    pub isolates: usize,
    /// Those of them that did not answer when they were asked last.
    pub unresponsive: usize,
    /// Isolates that are being started.
    pub launching: usize,
    /// The most that may run.
    pub isolates_limit: usize,
    /// What isolates may use together, by their limits, in bytes.
    pub memory_promised: u64,
    /// The most that they may be promised, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
    /// What one isolate may use, in bytes.
    pub isolate_memory: u64,
    /// What one isolate may use, in thousandths of a processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolate_cpu: Option<u32>,
    /// Who keeps these limits, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limited_by: Option<LimitedByView>,
}

/// Who keeps which limit: `cgroup-v2`, `cgroup-v1`, `rlimit` or `none`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitedByView {
    /// Of memory.
    pub memory: &'static str,
    /// Of processes and threads.
    pub processes: &'static str,
    /// Of processor time.
    pub cpu: &'static str,
}

/// Whoever sent the request has the token.
struct Authorized;

impl FromRequestParts<Management> for Authorized {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut Parts,
        management: &Management,
    ) -> Result<Self, Failure> {
        let value = parts
            .headers
            .get(header::AUTHORIZATION)
            .map(HeaderValue::as_bytes);
        let presented = value.and_then(|value| {
            let (scheme, token) = value.split_at_checked("Bearer ".len())?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
        });
        match presented {
            Some(token) if management.token.is(token) => Ok(Self),
            _ => Err(ErrorCode::Unauthorized.into()),
        }
    }
}

/// A problem document as an answer.
struct Failure(Problem);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self(code.into())
    }
}

impl From<AdmissionError> for Failure {
    fn from(error: AdmissionError) -> Self {
        let code = match &error {
            AdmissionError::Policy(errors) => return Self(policy_problem(errors)),
            AdmissionError::Kind { .. } => ErrorCode::IsolateKind,
            AdmissionError::AlreadyLaunched => ErrorCode::AlreadyLaunched,
            AdmissionError::Isolates { .. }
            | AdmissionError::Launches { .. }
            | AdmissionError::Launch(LaunchError::Attester(ClientError::Refused(
                Refusal::TooManyIsolates { .. },
            ))) => ErrorCode::AdmissionLimit,
            AdmissionError::Memory { .. } => ErrorCode::AdmissionMemory,
            AdmissionError::Launch(
                LaunchError::Silent | LaunchError::Attester(ClientError::Timeout),
            ) => {
                tracing::warn!(%error, "isolate not started in time");
                ErrorCode::LaunchSlow
            }
            AdmissionError::Launch(_) | AdmissionError::OtherPolicy | AdmissionError::Abandoned => {
                tracing::warn!(%error, "isolate not started or stopped");
                ErrorCode::LaunchFailed
            }
        };
        Self(Problem::new(code).detail(error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.http_status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.0.to_json()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(media::PROBLEM),
        );
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
            }
            _ => {}
        }
        response
    }
}

/// The first fault, with its place; how many more there are.
fn policy_problem(errors: &PolicyErrors) -> Problem {
    let problem = Problem::new(ErrorCode::PolicyRefused);
    let Some((first, more)) = errors.as_slice().split_first() else {
        return problem;
    };
    let mut problem = match more.len() {
        0 => problem.detail(first),
        more => problem.detail(format_args!("{first} (and {more} more)")),
    };
    if let Some(expected) = first.expected() {
        problem = problem.expected(expected);
    }
    if let Some(found) = first.found() {
        problem = problem.found(found);
    }
    problem
}

fn body_problem(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(ErrorCode::BodyTooLarge).expected(format_args!(
            "a policy of at most {} bytes",
            limits::POLICY_BYTES
        ))
    } else {
        Problem::new(ErrorCode::BodyMalformed).detail(rejection)
    }
}

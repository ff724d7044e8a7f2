//! Problem documents (RFC 9457) as answers.

use std::time::Duration;

use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use veracruz_protocol::{ErrorCode, Problem, media};

use crate::authority::IssueError;
use crate::challenge::NoChallenge;
use crate::request::RequestError;
use crate::verdict::Refusal;

/// A problem document as an answer.
#[derive(Debug)]
pub(super) struct Failure {
    problem: Problem,
    retry_after: Option<u64>,
}

impl Failure {
    /// Where the peer asks more often than it may.
    pub(super) fn limited(wait: Duration) -> Self {
        Self {
            problem: ErrorCode::VerifierRate.into(),
            // Rounded up: a peer that waits as long as it is told is let in.
            retry_after: Some(wait.as_secs().saturating_add(1)),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            retry_after: None,
        }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Problem::new(code).into()
    }
}

impl From<BytesRejection> for Failure {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            ErrorCode::BodyTooLarge.into()
        } else {
            Problem::new(ErrorCode::BodyMalformed)
                .detail(rejection)
                .into()
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Problem::new(ErrorCode::BodyMalformed).detail(error).into()
    }
}

impl From<NoChallenge> for Failure {
    fn from(error: NoChallenge) -> Self {
        match error {
            NoChallenge::Full => Self {
                problem: ErrorCode::VerifierFull.into(),
                retry_after: Some(crate::CHALLENGE_SECONDS),
            },
            NoChallenge::NoRandomness => ErrorCode::VerifierFailed.into(),
        }
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        Problem::new(ErrorCode::CertificateRequest)
            .detail(error)
            .into()
    }
}

impl From<IssueError> for Failure {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::OtherPurpose | IssueError::OtherKey { .. } => {
                Problem::new(ErrorCode::CertificateRequest)
                    .detail(error)
                    .into()
            }
            IssueError::Failed(_) => {
                tracing::error!(%error, "no certificate");
                ErrorCode::VerifierFailed.into()
            }
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::Evidence(_) | Refusal::NoReference => ErrorCode::VerifierRefused,
            Refusal::PolicyExpired { .. } => ErrorCode::PolicyExpired,
            Refusal::NotNamed { .. } => ErrorCode::VerifierNotNamed,
            Refusal::AttesterUnknown { .. } | Refusal::AttesterRevoked { .. } => {
                ErrorCode::VerifierAttester
            }
            Refusal::NonceSize => ErrorCode::VerifierNonce,
            Refusal::Database(error) => {
                // Nobody outside needs to know how this service keeps its books.
                tracing::error!(%error, "no verdict");
                return ErrorCode::VerifierFailed.into();
            }
        };
        Problem::new(code).detail(refusal).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.code.http_status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.problem.to_json()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(media::PROBLEM),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

//! `POST /v1/certificates`: a certificate for an isolate's key, for an hour.

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use veracruz_policy::Timestamp;
use veracruz_protocol::{ErrorCode, media};

use super::failure::Failure;
use super::sessions::parse_policy;
use super::{Base64, Peer, Service};
use crate::request::ProvenRequest;
use crate::verdict::{Binding, Case};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The id of a session with a nonce of 32 bytes.
    session: String,
    policy: Base64,
    csr: Base64,
    evidence: Base64,
}

#[derive(Serialize)]
struct Answer {
    /// DER, base64.
    certificate: String,
    expires: String,
}

/// Judges, and certifies the key that was found good.
pub(super) async fn issue(
    State(service): State<Arc<Service>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let asked: Asked = serde_json::from_slice(&body?)?;
    let challenge = service
        .challenges
        .take(&asked.session, Instant::now())
        .ok_or(ErrorCode::VerifierSession)?;
    let request = ProvenRequest::parse(&asked.csr.0)?;
    let policy = parse_policy(&asked.policy)?;
    let verdict = service
        .judge
        .judge(Case {
            challenge,
            binding: Binding::Certificate {
                spki: request.spki().to_vec(),
            },
            evidence: &asked.evidence.0,
            policy: Some(policy),
            peer,
        })
        .await?;
    let issued = service
        .authority
        .issue(verdict, &request, &service.results)?;
    service.metrics.certificate();
    let answer = Answer {
        certificate: data_encoding::BASE64.encode(&issued.certificate),
        expires: Timestamp::from_seconds(issued.expires).to_string(),
    };
    let media_type = [(header::CONTENT_TYPE, media::JSON)];
    let body = serde_json::to_vec(&answer)?;
    Ok((StatusCode::CREATED, media_type, body).into_response())
}

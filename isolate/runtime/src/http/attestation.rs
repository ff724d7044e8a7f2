//! `POST /v1/attestation`: evidence for this connection, and for no other.

use super::reply::{Body, whole};
use super::{Visit, request};
use hyper::body::Incoming;
use hyper::{Request, Response};
use std::sync::atomic::Ordering;
use veracruz_evidence::Nonce;
use veracruz_protocol::{
    AttestationRequest, AttestationResponse, ErrorCode, Problem, limits, media,
};

pub(super) async fn attest(
    visit: &Visit,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    request::media_type(request.headers(), media::JSON)?;
    let body = request::bytes(request, limits::REQUEST_BYTES).await?;
    let asked: AttestationRequest = request::json(&body)?;
    let policy = visit.isolate.policy.hash();
    let report_data = visit
        .channel
        .report_data(&policy, &Nonce::from_bytes(asked.nonce));
    let evidence = visit
        .isolate
        .attestor
        .evidence(report_data)
        .await
        .ok_or(Problem::new(ErrorCode::EvidenceUnavailable))?;
    visit.attested.store(true, Ordering::Release);
    let response = AttestationResponse {
        evidence: evidence.encode(),
    };
    let json = serde_json::to_vec(&response).map_err(|_| Problem::new(ErrorCode::Internal))?;
    Ok(whole(media::JSON, json))
}

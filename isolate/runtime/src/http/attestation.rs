//! `POST /v1/attestation`: evidence for this connection, and for no other; and
//! `POST /v1/attestation/credential`: whether the key that signed it is in a certain TPM.

use super::reply::{Body, whole};
use super::{Visit, request};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use veracruz_evidence::tpm::{Credential, credential_answer};
use veracruz_evidence::{Nonce, ReportData};
use veracruz_protocol::{
    AttestationRequest, AttestationResponse, CredentialRequest, CredentialResponse, ErrorCode,
    Problem, limits, media,
};

pub(super) async fn attest(
    visit: &Visit,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let asked: AttestationRequest = read(request).await?;
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
    expect_credential(visit, Some(report_data));
    visit.attested.store(true, Ordering::Release);
    write(&AttestationResponse {
        evidence: evidence.encode(),
    })
}

pub(super) async fn activate(
    visit: &Visit,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let asked: CredentialRequest = read(request).await?;
    // One for each piece of evidence: what came of the first one does not matter.
    let report_data =
        expect_credential(visit, None).ok_or(Problem::new(ErrorCode::AttestationRequired))?;
    let secret = visit
        .isolate
        .attestor
        .activate(Credential {
            blob: asked.credential_blob,
            secret: asked.secret,
        })
        .await
        .ok_or(Problem::new(ErrorCode::CredentialRefused))?;
    write(&CredentialResponse {
        answer: credential_answer(&secret, &report_data),
    })
}

/// Notes for which evidence a credential may come, and gives what was noted before.
fn expect_credential(visit: &Visit, report_data: Option<ReportData>) -> Option<ReportData> {
    let expected = visit.credential_for.lock();
    let mut expected = expected.unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *expected, report_data)
}

async fn read<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Problem> {
    request::media_type(request.headers(), media::JSON)?;
    let body = request::bytes(request, limits::REQUEST_BYTES).await?;
    request::json(&body)
}

fn write(response: &impl Serialize) -> Result<Response<Body>, Problem> {
    let json = serde_json::to_vec(response).map_err(|_| Problem::new(ErrorCode::Internal))?;
    Ok(whole(media::JSON, json))
}

//! `GET /.well-known/veraison/verification`: what this service is, as Veraison says it.
//!
//! For convenience alone: whoever believes results has the key from the policy, not from here.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::VerifyingKey;
use serde_json::json;
use veracruz_evidence::spki;
use veracruz_protocol::ErrorCode;

use super::failure::Failure;
use super::{Service, media};

pub(super) async fn show(State(service): State<Arc<Service>>) -> Result<Response, Failure> {
    let key: VerifyingKey =
        spki::parse_p256(service.results.public.spki()).map_err(|_| ErrorCode::VerifierFailed)?;
    let point = key.to_sec1_point(false);
    let coordinate = |bytes: Option<&[u8]>| BASE64URL_NOPAD.encode(bytes.unwrap_or_default());
    let document = json!({
        "ear-verification-key": {
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": service.results.public.digest().to_string(),
            "x": coordinate(point.x().map(AsRef::as_ref)),
            "y": coordinate(point.y().map(AsRef::as_ref)),
        },
        "media-types": media::accepted(),
        "version": env!("CARGO_PKG_VERSION"),
        "service-state": "READY",
        "api-endpoints": {
            "newChallengeResponseSession": "/challenge-response/v1/newSession",
            "newCertificate": "/v1/certificates",
        },
    });
    let media_type = [(header::CONTENT_TYPE, media::DISCOVERY)];
    Ok((media_type, document.to_string()).into_response())
}

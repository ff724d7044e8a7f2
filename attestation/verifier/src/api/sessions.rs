//! `/challenge-response/v1`: a nonce, evidence over it, a result.

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use veracruz_appraisal::ear::{CWT_MEDIA_TYPE, PROFILE};
use veracruz_evidence::{Evidence, MAX_EVIDENCE_BYTES, Technology, spki};
use veracruz_policy::{Policy, Timestamp};
use veracruz_protocol::{ErrorCode, Problem, limits};

use super::failure::Failure;
use super::{Base64, Peer, Service, media};
use crate::challenge::{CHALLENGE_SECONDS, NONCE_BYTES};
use crate::verdict::{Binding, Case, now};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewSession {
    nonce_size: Option<usize>,
}

/// A session, in Veraison's words.
#[derive(Serialize)]
struct Session<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accept: Vec<&'static str>,
    /// Older clients of Veraison look for `state`, newer ones for `status`.
    state: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// Digest of the key of results, which goes into the report data of a key.
    #[serde(rename = "ear-key", skip_serializing_if = "Option::is_none")]
    ear_key: Option<&'a str>,
}

/// `POST newSession`: draws a challenge.
pub(super) async fn open(
    State(service): State<Arc<Service>>,
    query: Result<Query<NewSession>, QueryRejection>,
) -> Result<Response, Failure> {
    let wrong = || {
        Problem::new(ErrorCode::VerifierNonce).expected(format_args!(
            "nonceSize from {} to {}",
            NONCE_BYTES.start(),
            NONCE_BYTES.end()
        ))
    };
    let Query(asked) = query.map_err(|rejection| wrong().detail(rejection))?;
    let size = asked.nonce_size.unwrap_or(*NONCE_BYTES.start());
    if !NONCE_BYTES.contains(&size) {
        return Err(wrong().found(size).into());
    }
    let issued = service.challenges.issue(size, Instant::now())?;
    service.metrics.challenge();
    let seconds = i64::try_from(CHALLENGE_SECONDS).unwrap_or(i64::MAX);
    let expiry = Timestamp::from_seconds(now().seconds().saturating_add(seconds));
    let ear_key = service.results.public.digest().to_string();
    let session = Session {
        nonce: Some(BASE64.encode(&issued.nonce)),
        expiry: Some(expiry.to_string()),
        accept: media::accepted(),
        state: "waiting",
        status: "waiting",
        result: None,
        ear_key: Some(&ear_key),
    };
    let location = format!("/challenge-response/v1/session/{}", issued.id);
    let location = [(header::LOCATION, location)];
    Ok((StatusCode::CREATED, location, json(&session)?).into_response())
}

/// `POST session/{id}`: judges evidence. Whatever comes of it, the session is over.
pub(super) async fn answer(
    State(service): State<Arc<Service>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let challenge = service
        .challenges
        .take(&id, Instant::now())
        .ok_or(ErrorCode::VerifierSession)?;
    let answer = Answer::parse(&headers, &body?)?;
    let verdict = service
        .judge
        .judge(Case {
            challenge,
            binding: answer.binding,
            evidence: &answer.evidence,
            policy: answer.policy,
            peer,
        })
        .await?;
    if wants_cwt(&headers) {
        let media_type = [(header::CONTENT_TYPE, CWT_MEDIA_TYPE)];
        return Ok((media_type, service.results.sign_cwt(&verdict)).into_response());
    }
    let session = Session {
        nonce: None,
        expiry: None,
        accept: vec![],
        state: "complete",
        status: "complete",
        result: Some(service.results.sign_jwt(&verdict)),
        ear_key: None,
    };
    Ok(json(&session)?.into_response())
}

/// `DELETE session/{id}`: nobody will answer it.
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let taken = service.challenges.take(&id, Instant::now());
    taken.ok_or(ErrorCode::VerifierSession)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What stands in the body of an answer.
struct Answer {
    evidence: Vec<u8>,
    policy: Option<Policy>,
    binding: Binding,
}

/// `application/vnd.veracruz.appraisal+json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Appraisal {
    policy: Base64,
    evidence: Base64,
    binding: BoundTo,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "purpose", rename_all = "kebab-case")]
enum BoundTo {
    /// One TLS connection.
    Session {
        server_spki: Base64,
        client_spki: Base64,
        exporter: Base64,
    },
    /// The isolate's key.
    Key { spki: Base64 },
}

impl Answer {
    fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Failure> {
        let content_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if media::is(content_type, media::APPRAISAL) {
            return Self::parse_appraisal(body);
        }
        if body.len() > MAX_EVIDENCE_BYTES {
            return Err(Problem::new(ErrorCode::BodyTooLarge)
                .expected(format_args!(
                    "evidence of at most {MAX_EVIDENCE_BYTES} bytes"
                ))
                .found(body.len())
                .into());
        }
        let technology = Technology::ALL
            .iter()
            .find(|technology| media::is(content_type, technology.media_type()));
        let evidence = match technology {
            Some(technology) => Evidence::new(*technology, body.to_vec()).encode(),
            None if media::is(content_type, media::CMW) => body.to_vec(),
            None => {
                return Err(Problem::new(ErrorCode::MediaTypeUnsupported)
                    .expected("one of those that the session accepts")
                    .found(content_type)
                    .into());
            }
        };
        Ok(Self {
            evidence,
            policy: None,
            binding: Binding::Challenge,
        })
    }

    fn parse_appraisal(body: &[u8]) -> Result<Self, Failure> {
        let appraisal: Appraisal = serde_json::from_slice(body)?;
        let binding = match appraisal.binding {
            BoundTo::Session {
                server_spki,
                client_spki,
                exporter,
            } => Binding::Session {
                server_spki: p256_key(server_spki, "server_spki")?,
                client_spki: p256_key(client_spki, "client_spki")?,
                exporter: exporter.0.try_into().map_err(|found: Vec<u8>| {
                    Problem::new(ErrorCode::BodyMalformed)
                        .expected("an exporter of 32 bytes")
                        .found(found.len())
                })?,
            },
            BoundTo::Key { spki } => Binding::Key {
                spki: p256_key(spki, "spki")?,
            },
        };
        Ok(Self {
            policy: Some(parse_policy(&appraisal.policy)?),
            evidence: appraisal.evidence.0,
            binding,
        })
    }
}

/// A policy that came over the network.
pub(super) fn parse_policy(document: &Base64) -> Result<Policy, Problem> {
    if document.0.len() > limits::POLICY_BYTES {
        return Err(Problem::new(ErrorCode::BodyTooLarge));
    }
    Policy::parse(&document.0).map_err(|errors| {
        let problem = Problem::new(ErrorCode::PolicyRefused);
        match errors.as_slice().first() {
            Some(first) => problem.detail(first),
            None => problem,
        }
    })
}

/// One encoding for one key: another one would hash to other report data anyway.
fn p256_key(der: Base64, name: &str) -> Result<Vec<u8>, Problem> {
    match spki::parse_p256(&der.0) {
        Ok(_) => Ok(der.0),
        Err(error) => Err(Problem::new(ErrorCode::BodyMalformed)
            .expected(format_args!("{name}: a P-256 key"))
            .detail(error)),
    }
}

/// Whether the peer would have the result itself, as CWT, instead of a session with a JWT.
fn wants_cwt(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    accept.starts_with("application/eat+cwt") && accept.contains(PROFILE)
}

fn json(session: &Session<'_>) -> Result<Response, Failure> {
    let media_type = [(header::CONTENT_TYPE, media::SESSION)];
    Ok((media_type, serde_json::to_vec(session)?).into_response())
}

//! `/v1/runs`.

use super::reply::{self, Body, whole};
use super::{Visit, request};
use crate::isolate::now;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use veracruz_protocol::{
    ErrorCode, Problem, RunRequest, RunState, StateTag, header as names, limits, media,
};

/// `POST /v1/runs`: starts a run on the state that the caller saw.
pub(super) async fn start(
    visit: &Visit,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let seen = match request::header(request.headers(), names::IF_MATCH)? {
        None => None,
        Some(value) => Some(
            StateTag::parse_header(value)
                .ok_or_else(|| Problem::new(ErrorCode::HeaderMalformed).found(value))?,
        ),
    };
    let body = request::bytes(request, limits::REQUEST_BYTES).await?;
    if !body.is_empty() {
        let RunRequest {} = request::json(&body)?;
    }
    let session = visit.session()?;
    let run = visit
        .isolate
        .handle(|state| state.computation.start_run(&session, seen, now()))?;
    let mut response = json(&run)?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// `GET /v1/runs/{n}`.
pub(super) fn state(visit: &Visit, run: u32) -> Result<Response<Body>, Problem> {
    let session = visit.session()?;
    json(
        &visit
            .isolate
            .look(|state| state.computation.run(&session, run))?,
    )
}

/// `GET /v1/runs/{n}/receipt`.
pub(super) fn receipt(visit: &Visit, run: u32) -> Result<Response<Body>, Problem> {
    let session = visit.session()?;
    let receipt = visit
        .isolate
        .look(|state| state.computation.receipt(&session, run).map(<[u8]>::to_vec))?;
    Ok(reply::whole(media::RECEIPT, receipt))
}

/// `GET /v1/runs/{n}/agreement`: what this isolate says to the others of its quorum.
pub(super) fn agreement(visit: &Visit, run: u32) -> Result<Response<Body>, Problem> {
    let session = visit.session()?;
    let said = visit.isolate.look(|state| {
        let said = state.computation.agreement(&session, run);
        said.map(<[u8]>::to_vec)
    })?;
    Ok(reply::whole(media::AGREEMENT, said))
}

/// `PUT /v1/runs/{n}/agreement`: what another isolate of the quorum says.
pub(super) async fn agree(
    visit: &Visit,
    run: u32,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    request::media_type(request.headers(), media::AGREEMENT)?;
    let said = request::bytes(request, limits::AGREEMENT_BYTES).await?;
    let session = visit.session()?;
    json(
        &visit
            .isolate
            .handle(|state| state.computation.agree(&session, run, &said))?,
    )
}

fn json(run: &RunState) -> Result<Response<Body>, Problem> {
    let json = serde_json::to_vec(run).map_err(|_| Problem::new(ErrorCode::Internal))?;
    Ok(whole(media::JSON, json))
}

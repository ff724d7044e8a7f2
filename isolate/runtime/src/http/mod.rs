//! The participant API over one attested connection: a plain match around the state machine.

mod attestation;
mod files;
mod reply;
mod request;
mod runs;
mod status;

use crate::isolate::Isolate;
use hyper::body::Incoming;
use hyper::{Request, Response, header};
use reply::{Body, problem};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use veracruz_computation::Session;
use veracruz_evidence::ReportData;
use veracruz_policy::{ParticipantName, Trust};
use veracruz_protocol::{ErrorCode, Problem, Route, Versions, media};
use veracruz_session::{Channel, IsolateName};

/// One participant's connection.
pub(crate) struct Visit {
    isolate: Arc<Isolate>,
    participant: ParticipantName,
    channel: Channel,
    /// Whether evidence was fetched on this very connection.
    attested: AtomicBool,
    /// The report data of the last evidence, until a credential comes for it.
    credential_for: Mutex<Option<ReportData>>,
}

impl Visit {
    pub(crate) fn new(
        isolate: Arc<Isolate>,
        participant: ParticipantName,
        channel: Channel,
    ) -> Self {
        Self {
            isolate,
            participant,
            channel,
            attested: AtomicBool::new(false),
            credential_for: Mutex::new(None),
        }
    }

    /// Whether this participant relies on a verifier, and so may come with a client that knows
    /// HTTP and nothing of this system.
    fn relies_on_verifier(&self) -> bool {
        self.isolate
            .policy
            .participant(self.participant.as_str())
            .is_some_and(|participant| participant.trust == Trust::Verifier)
    }

    /// Who asks, in the words of the state machine.
    fn session(&self) -> Result<Session, Problem> {
        let attested = self.attested.load(Ordering::Acquire);
        self.isolate
            .look(|state| {
                state
                    .computation
                    .session(self.participant.as_str(), attested)
            })
            .ok_or(Problem::new(ErrorCode::PeerUnknown))
    }
}

/// Answers one request. Every failure becomes a problem document; none ends the isolate.
pub(crate) async fn answer(visit: &Visit, request: Request<Incoming>) -> Response<Body> {
    let target = request.uri().path().to_owned();
    let mut response = match dispatch(visit, request).await {
        Ok(response) => response,
        Err(found) => problem(&found, &target),
    };
    let name = header::HeaderName::from_static(veracruz_protocol::header::VERSIONS);
    reply::set(&mut response, name, &Versions::spoken().to_string());
    response
}

async fn dispatch(visit: &Visit, request: Request<Incoming>) -> Result<Response<Body>, Problem> {
    own_authority(visit, &request)?;
    let target = request
        .uri()
        .path_and_query()
        .map_or("", |target| target.as_str());
    let route = Route::parse(request.method().as_str(), target)?;
    if !route.open_before_attestation() && !visit.session()?.attested() {
        return Err(Problem::new(ErrorCode::AttestationRequired));
    }
    match route {
        Route::Policy => Ok(reply::whole(
            media::JSON,
            visit.isolate.policy.document().to_vec(),
        )),
        Route::Attestation => attestation::attest(visit, request).await,
        Route::Credential => attestation::activate(visit, request).await,
        Route::Status => status::status(visit, &request),
        Route::Approve => status::approve(visit, request).await,
        Route::Withdraw => status::withdraw(visit),
        Route::PutFile(path) => files::put(visit, &path, request).await,
        Route::GetFile(path) => files::get(visit, &path, &request),
        Route::HeadFile(path) => files::head(visit, &path),
        Route::DeleteFile(path) => files::delete(visit, &path),
        Route::StartRun => runs::start(visit, request).await,
        Route::Run { run } => runs::state(visit, run),
        Route::Receipt { run } => runs::receipt(visit, run),
        Route::GetAgreement { run } => runs::agreement(visit, run),
        Route::PutAgreement { run } => runs::agree(visit, run, request).await,
        _ => Err(Problem::new(ErrorCode::UnknownRoute)),
    }
}

/// Refuses requests that name another computation: a connection belongs to one.
fn own_authority(visit: &Visit, request: &Request<Incoming>) -> Result<(), Problem> {
    let refused = |found: &str| {
        Problem::new(ErrorCode::AuthorityUnknown)
            .expected(visit.isolate.name())
            .found(found)
    };
    let mut named = request.headers().get_all(header::HOST).iter();
    let (host, further) = (named.next(), named.next());
    let host = host
        .and_then(|host| host.to_str().ok())
        .ok_or_else(|| refused("no Host"))?;
    if further.is_some() {
        return Err(refused("several Host headers"));
    }
    let in_target = request
        .uri()
        .authority()
        .map(hyper::http::uri::Authority::as_str);
    for authority in [Some(host), in_target].into_iter().flatten() {
        let name = authority
            .rsplit_once(':')
            .map_or(authority, |(name, _port)| name);
        let own = name
            .parse::<IsolateName>()
            .is_ok_and(|name| visit.isolate.answers_to(&name));
        if !own {
            return Err(refused(authority));
        }
    }
    Ok(())
}

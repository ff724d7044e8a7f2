//! `/v1/files/{path}`: uploads whole or in parts, downloads whole or in ranges.

use super::Visit;
use super::reply::{self, Body, set};
use super::request::{STALL, header};
use crate::isolate::{Isolate, now};
use crate::randomness;
use crate::storage;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue,
};
use hyper::{HeaderMap, Request, Response, StatusCode};
use veracruz_computation::{BodyEnd, Grant, Lease, Reply, Session, StorageId, Upload};
use veracruz_engine::memfd::Mapping;
use veracruz_policy::{FilePath, Sha256};
use veracruz_protocol::header::{ContentRange, Range};
use veracruz_protocol::{ErrorCode, Problem, UploadView, header as names, media};
use veracruz_vfs::Storage as _;
use zeroize::Zeroizing;

/// `PUT`: streams the body into the computation's memory, as fast as the peer sends and no
/// further ahead than one piece.
pub(super) async fn put(
    visit: &Visit,
    path: &FilePath,
    request: Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let mut announced = announced(request.headers())?;
    if visit.relies_on_verifier() {
        draw_secrets(&mut announced)?;
    }
    let session = visit.session()?;
    let mut receiving = Receiving::begin(&visit.isolate, &session, path, announced)?;
    let mut body = request.into_body();
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(STALL, body.frame()).await {
        if let Ok(bytes) = frame.into_data() {
            receiving.take(&bytes)?;
        }
    }
    receiving.end()
}

/// `GET`: the contents, or the part of them that was asked for.
pub(super) fn get(
    visit: &Visit,
    path: &FilePath,
    request: &Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    let range = match header(request.headers(), names::RANGE)? {
        None => None,
        Some(value) => Some(
            Range::parse(value)
                .ok_or_else(|| Problem::new(ErrorCode::RangeMalformed).found(value))?,
        ),
    };
    let session = visit.session()?;
    let (read, file) = visit.isolate.look(|state| {
        let read = state.computation.read(&session, path, range)?;
        let file = state.storage.file(read.storage);
        file.map(|file| (read, file))
            .ok_or(Problem::new(ErrorCode::Internal))
    })?;
    let mapping = file
        .map()
        .map_err(|_| Problem::new(ErrorCode::StorageFull))?;
    let mut contents = Bytes::from_owner(Mapped(mapping));
    let mut status = StatusCode::OK;
    if let Some(part) = &read.part {
        contents = slice(&contents, part).ok_or(Problem::new(ErrorCode::Internal))?;
        status = StatusCode::PARTIAL_CONTENT;
    }
    let mut response = reply::with_status(status, media::FILE, contents);
    set(&mut response, ACCEPT_RANGES, "bytes");
    set(
        &mut response,
        REPR_DIGEST,
        &names::repr_digest(&read.content.sha256),
    );
    if let Some(part) = &read.part {
        set(&mut response, CONTENT_RANGE, &part.to_string());
    }
    if let Some(opening) = &read.opening {
        set(&mut response, OPENING, &names::bytes(opening));
    }
    Ok(response)
}

/// `HEAD`: size and digest of what is there, and how far one's own upload got.
pub(super) fn head(visit: &Visit, path: &FilePath) -> Result<Response<Body>, Problem> {
    let session = visit.session()?;
    let head = visit
        .isolate
        .look(|state| state.computation.head(&session, path))?;
    let mut response = reply::empty();
    *response.status_mut() = StatusCode::OK;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media::FILE));
    if let Some(content) = &head.content {
        set(&mut response, CONTENT_LENGTH, &content.length.to_string());
        set(
            &mut response,
            REPR_DIGEST,
            &names::repr_digest(&content.sha256),
        );
    }
    if let Some(upload) = &head.upload {
        unfinished(&mut response, upload);
    }
    Ok(response)
}

/// `DELETE`: the provider takes its file back.
pub(super) fn delete(visit: &Visit, path: &FilePath) -> Result<Response<Body>, Problem> {
    let session = visit.session()?;
    visit
        .isolate
        .handle(|state| state.computation.delete(&session, path))?;
    Ok(reply::empty())
}

const REPR_DIGEST: HeaderName = HeaderName::from_static(names::REPR_DIGEST);
const OPENING: HeaderName = HeaderName::from_static(names::OPENING);
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static(names::UPLOAD_OFFSET);
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static(names::UPLOAD_LENGTH);

/// A body that is being received. However this ends (also when the connection does, and the
/// whole request is dropped), what arrived is kept for the next attempt.
struct Receiving<'a> {
    isolate: &'a Isolate,
    storage: StorageId,
    contents: storage::Upload,
    /// Here until the end.
    lease: Option<Lease>,
}

impl<'a> Receiving<'a> {
    fn begin(
        isolate: &'a Isolate,
        session: &Session,
        path: &FilePath,
        announced: Upload,
    ) -> Result<Self, Problem> {
        // One step, so that nobody can erase or take over what has no contents yet.
        let (grant, contents) = isolate.handle(|state| {
            let begun = state
                .computation
                .begin_upload(session, path, announced, now());
            Reply {
                answer: begun.answer.map(|grant| {
                    let contents = state
                        .storage
                        .upload(grant.storage, grant.offset, grant.length);
                    (grant, contents)
                }),
                effects: begun.effects,
            }
        })?;
        let Grant { lease, storage, .. } = grant;
        match contents {
            Ok(contents) => Ok(Self {
                isolate,
                storage,
                contents,
                lease: Some(lease),
            }),
            Err(_) => Err(abort(isolate, lease)),
        }
    }

    /// Keeps a piece of the body.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let lease = self
            .lease
            .as_ref()
            .ok_or(Problem::new(ErrorCode::Internal))?;
        // The contents are held before anybody else can get at the state: what is counted there
        // is written here, or nobody goes on with this upload.
        let mut contents = self.isolate.change(|state| {
            state.computation.append(lease, bytes.len() as u64)?;
            Ok::<_, Problem>(self.contents.hold())
        })?;
        if contents.append(bytes).is_ok() {
            return Ok(());
        }
        drop(contents);
        let lease = self.lease.take().ok_or(Problem::new(ErrorCode::Internal))?;
        Err(abort(self.isolate, lease))
    }

    /// The body is over: commits the file if it is whole.
    fn end(mut self) -> Result<Response<Body>, Problem> {
        let lease = self.lease.take().ok_or(Problem::new(ErrorCode::Internal))?;
        let whole = self.isolate.look(|state| {
            let whole = state.computation.is_whole(&lease);
            whole.then(|| self.contents.hold())
        });
        if let Some(contents) = whole {
            return self.commit(lease, contents);
        }
        match self
            .isolate
            .change(|state| state.computation.suspend_upload(lease))?
        {
            BodyEnd::Part(upload) => {
                let mut response = reply::empty();
                *response.status_mut() = StatusCode::ACCEPTED;
                unfinished(&mut response, &upload);
                Ok(response)
            }
            BodyEnd::Cut(upload) => Err(Problem::new(ErrorCode::UploadCut)
                .expected(format!("{} bytes in all", upload.length))
                .found(format!("{}, which are kept", upload.offset))),
        }
    }

    /// What is committed is there and unchangeable before anybody is told so.
    fn commit(&self, lease: Lease, contents: storage::Held<'_>) -> Result<Response<Body>, Problem> {
        let Ok((file, digest)) = contents.seal() else {
            return Err(abort(self.isolate, lease));
        };
        let content = self.isolate.handle(|state| {
            let committed = state
                .computation
                .commit_upload(lease, Sha256::from_bytes(digest));
            if committed.answer.is_ok() {
                state.storage.keep(self.storage, file);
            }
            committed
        })?;
        let mut response = reply::empty();
        *response.status_mut() = StatusCode::CREATED;
        set(
            &mut response,
            REPR_DIGEST,
            &names::repr_digest(&content.sha256),
        );
        Ok(response)
    }
}

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            // Nobody is left to be told how far it got, or that it is gone or taken over.
            let _ = self
                .isolate
                .change(|state| state.computation.suspend_upload(lease));
        }
    }
}

/// There is no memory for the bytes: the upload is given up.
fn abort(isolate: &Isolate, lease: Lease) -> Problem {
    match isolate.handle(|state| state.computation.abort_upload(lease)) {
        Ok(()) => Problem::new(ErrorCode::StorageFull),
        Err(problem) => problem,
    }
}

/// What the headers of a `PUT` say.
fn announced(headers: &HeaderMap) -> Result<Upload, Problem> {
    fn parsed<T>(
        headers: &HeaderMap,
        name: &'static str,
        malformed: ErrorCode,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = header(headers, name)? else {
            return Ok(None);
        };
        parse(value)
            .map(Some)
            .ok_or_else(|| Problem::new(malformed).expected(name))
    }
    let secret = |name| {
        parsed(headers, name, ErrorCode::SecretMissing, |value| {
            names::parse_bytes(value).map(Zeroizing::new)
        })
    };
    Ok(Upload {
        body_length: parsed(
            headers,
            CONTENT_LENGTH_NAME,
            ErrorCode::LengthRequired,
            names::decimal,
        )?,
        range: parsed(
            headers,
            names::CONTENT_RANGE,
            ErrorCode::RangeMalformed,
            ContentRange::parse,
        )?,
        digest: parsed(
            headers,
            names::REPR_DIGEST,
            ErrorCode::DigestMissing,
            names::parse_repr_digest,
        )?,
        salt: secret(names::SALT)?,
        share: secret(names::SHARE)?,
    })
}

/// Draws what a standard client does not send. Its owner believes this isolate without evidence of
/// the own, so it may as well believe that these are random.
fn draw_secrets(announced: &mut Upload) -> Result<(), Problem> {
    for secret in [&mut announced.salt, &mut announced.share] {
        if secret.is_none() {
            let mut drawn = Zeroizing::new([0; 32]);
            randomness::fill(drawn.as_mut_slice()).map_err(|_| ErrorCode::Internal)?;
            *secret = Some(drawn);
        }
    }
    Ok(())
}

const CONTENT_LENGTH_NAME: &str = "content-length";

/// Says how far an upload got.
fn unfinished(response: &mut Response<Body>, upload: &UploadView) {
    set(response, UPLOAD_OFFSET, &upload.offset.to_string());
    set(response, UPLOAD_LENGTH, &upload.length.to_string());
}

fn slice(contents: &Bytes, part: &ContentRange) -> Option<Bytes> {
    let first = usize::try_from(part.first()).ok()?;
    let end = first.checked_add(usize::try_from(part.body_length()).ok()?)?;
    (end <= contents.len()).then(|| contents.slice(first..end))
}

/// A sealed file as bytes that a connection can send without copying them first.
struct Mapped(Mapping);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}

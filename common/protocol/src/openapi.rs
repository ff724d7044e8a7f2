//! The OpenAPI 3.1 description of the participant API. Only documentation is made here; what is
//! described is what the types and [`crate::Route`] do.
#![expect(
    dead_code,
    reason = "the functions carry attributes and are never called"
)]

use utoipa::OpenApi;

use crate::{
    ApprovalStatement, AttestationRequest, AttestationResponse, CredentialRequest,
    CredentialResponse, RunRequest, RunState, Status, WithdrawalAnswer,
    approval::openapi_shape::Instances, error::Document,
};

/// The description of the whole API, as in `docs/reference/openapi.json`.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Veracruz participant API",
        description = "What a participant and an isolate say to each other, over TLS 1.3 that \
            ends inside the isolate, both ends authenticated. A client appraises the isolate's \
            evidence before it sends anything else, on this very connection. See api.md.",
        version = "1",
        license(name = "Apache-2.0 OR MIT"),
    ),
    servers((
        url = "https://{policy}.veracruz.internal",
        description = "The name is never looked up in DNS: connect to the host's address.",
        variables(("policy" = (
            default = "policy-hash",
            description = "The policy's hash: 52 characters of lower-case base32",
        ))),
    )),
    paths(
        get_policy,
        post_attestation,
        post_credential,
        get_status,
        put_approval,
        delete_approval,
        put_file,
        get_file,
        head_file,
        delete_file,
        post_run,
        get_run,
        get_receipt,
        get_agreement,
        put_agreement,
    ),
    components(schemas(ApprovalStatement, Instances)),
)]
struct Api;

/// The policy that the isolate enforces, as it was installed.
///
/// To be compared with one's own copy, byte by byte; never an input to appraisal.
#[utoipa::path(
    get,
    path = "/v1/policy",
    responses(
        (status = 200, description = "The document", content_type = "application/json",
            body = serde_json::Value),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn get_policy() {}

/// Evidence for this connection.
#[utoipa::path(
    post,
    path = "/v1/attestation",
    request_body(content = AttestationRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "Evidence, to be appraised by the client",
            body = AttestationResponse, content_type = "application/json"),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn post_attestation() {}

/// Whether the key that signed this connection's last evidence is in a certain TPM.
///
/// Once for each piece of evidence, by clients whose policy names roots of endorsement keys.
#[utoipa::path(
    post,
    path = "/v1/attestation/credential",
    request_body(content = CredentialRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "What that TPM alone can answer, to be compared by the client",
            body = CredentialResponse, content_type = "application/json"),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn post_credential() {}

/// Where the computation stands, as far as the caller may know.
///
/// With `Accept: text/event-stream`, an event `status` with this document on one line now and
/// after every change.
#[utoipa::path(
    get,
    path = "/v1/status",
    responses(
        (status = 200, description = "The status", body = Status,
            content_type = "application/json",
            headers(("ETag" = String, description = "The state's name, for `If-Match`"))),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn get_status() {}

/// Approves: a signed approval statement, one's own or somebody else's.
///
/// The body is a JWS in compact form whose payload is an `ApprovalStatement`.
#[utoipa::path(
    put,
    path = "/v1/approval",
    request_body(content = String, content_type = "application/jose"),
    responses(
        (status = 204, description = "Accepted",
            headers(("ETag" = String, description = "The new state's name"))),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn put_approval() {}

/// Withdraws the caller's approval and erases everything that it provided.
#[utoipa::path(
    delete,
    path = "/v1/approval",
    responses(
        (status = 200, description = "Withdrawn: before, during or after a run",
            body = WithdrawalAnswer, content_type = "application/json"),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn delete_approval() {}

/// Uploads a file, whole or from the offset where an upload stopped.
#[utoipa::path(
    put,
    path = "/v1/files/{path}",
    params(
        ("path" = String, Path, description = "The file's path without its leading `/`; \
            slashes stand for themselves, other reserved characters are percent-encoded"),
        ("Content-Length" = u64, Header, description = "Length of the body"),
        ("Content-Range" = Option<String>, Header,
            description = "`bytes FIRST-LAST/LENGTH`; absent where the body is the whole file"),
        ("Repr-Digest" = String, Header,
            description = "`sha-256=:BASE64:` over the whole file"),
        ("Veracruz-Salt" = String, Header, description = "`:BASE64:` of 32 random bytes"),
        ("Veracruz-Share" = String, Header, description = "`:BASE64:` of 32 random bytes"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "Committed", headers(("Repr-Digest" = String))),
        (status = 202, description = "The part is kept; the file is not whole yet",
            headers(("Upload-Offset" = u64), ("Upload-Length" = u64))),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn put_file() {}

/// Fetches a file of which the caller is a receiver.
#[utoipa::path(
    get,
    path = "/v1/files/{path}",
    params(
        ("path" = String, Path, description = "As for uploads"),
        ("Range" = Option<String>, Header, description = "`bytes=FIRST-LAST`, a single range"),
    ),
    responses(
        (status = 200, description = "The whole file", content_type = "application/octet-stream",
            body = Vec<u8>,
            headers(("Repr-Digest" = String), ("Veracruz-Opening" = String))),
        (status = 206, description = "The part", content_type = "application/octet-stream",
            body = Vec<u8>,
            headers(("Content-Range" = String), ("Repr-Digest" = String),
                ("Veracruz-Opening" = String))),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn get_file() {}

/// Size and digest of a file, or how far its upload got.
///
/// For its provider and its receivers; of a program for every participant.
#[utoipa::path(
    head,
    path = "/v1/files/{path}",
    params(("path" = String, Path, description = "As for uploads")),
    responses(
        (status = 200, description = "Committed or released (`Repr-Digest`), under way \
            (`Upload-Offset`), or both",
            headers(("Content-Length" = u64), ("Repr-Digest" = String),
                ("Upload-Offset" = u64), ("Upload-Length" = u64))),
        (status = "default", description = "A problem, without its body"),
    ),
)]
fn head_file() {}

/// Erases a file that the caller provided, committed or not, before the first run.
#[utoipa::path(
    delete,
    path = "/v1/files/{path}",
    params(("path" = String, Path, description = "As for uploads")),
    responses(
        (status = 204, description = "Erased"),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn delete_file() {}

/// Starts a run on the state that the caller saw.
#[utoipa::path(
    post,
    path = "/v1/runs",
    params(("If-Match" = String, Header, description = "The `ETag` of the status: one strong tag")),
    request_body(content = RunRequest, content_type = "application/json"),
    responses(
        (status = 201, description = "Started", body = RunState,
            content_type = "application/json"),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn post_run() {}

/// Where a run stands.
#[utoipa::path(
    get,
    path = "/v1/runs/{run}",
    params(("run" = u32, Path, minimum = 1, description = "Its number")),
    responses(
        (status = 200, description = "The run", body = RunState,
            content_type = "application/json"),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn get_run() {}

/// The receipt of a run, for every participant.
#[utoipa::path(
    get,
    path = "/v1/runs/{run}/receipt",
    params(("run" = u32, Path, minimum = 1, description = "The run's number")),
    responses(
        (status = 200, description = "The receipt with evidence over its payload",
            content_type = "application/vnd.veracruz.receipt+cbor", body = Vec<u8>),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn get_receipt() {}

/// What this isolate says to the others of its quorum, for every participant to carry.
///
/// Signed by the isolate. It tells nothing about the outputs to those who do not have every
/// provider's share of randomness.
#[utoipa::path(
    get,
    path = "/v1/runs/{run}/agreement",
    params(("run" = u32, Path, minimum = 1, description = "The run's number")),
    responses(
        (status = 200, description = "A COSE_Sign1, to be carried as it is",
            content_type = "application/vnd.veracruz.agreement+cose", body = Vec<u8>),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn get_agreement() {}

/// What another isolate of the quorum says, carried by any participant.
#[utoipa::path(
    put,
    path = "/v1/runs/{run}/agreement",
    params(("run" = u32, Path, minimum = 1, description = "The run's number")),
    request_body(content = Vec<u8>, content_type = "application/vnd.veracruz.agreement+cose"),
    responses(
        (status = 200, description = "Heard; the run as it stands now", body = RunState,
            content_type = "application/json"),
        (status = "default", description = "A problem",
            content_type = "application/problem+json", body = Document),
    ),
)]
fn put_agreement() {}

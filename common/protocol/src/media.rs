//! Media types of requests and replies.

/// Policies, statuses, attestation, runs.
pub const JSON: &str = "application/json";
/// Errors (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";
/// A signed approval: a JWS in compact serialisation (RFC 7515 section 9.2.1).
pub const APPROVAL: &str = "application/jose";
/// The `typ` in an approval's protected header.
pub const APPROVAL_TYPE: &str = "veracruz-approval+jws";
/// The contents of a file.
pub const FILE: &str = "application/octet-stream";
/// A receipt with the evidence over its payload.
pub const RECEIPT: &str = "application/vnd.veracruz.receipt+cbor";
/// What an isolate of a quorum says of a run, signed: COSE_Sign1 (RFC 9052).
pub const AGREEMENT: &str = "application/vnd.veracruz.agreement+cose";
/// `GET /v1/status` as a stream of events (WHATWG HTML, server-sent events).
pub const EVENT_STREAM: &str = "text/event-stream";
/// The name of an event in that stream; its data is a status document on one line.
pub const STATUS_EVENT: &str = "status";

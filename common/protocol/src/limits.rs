//! The size of everything that is not a file. A size is checked before memory is taken for it.
//!
//! The sizes of files are the policy's (`max_bytes`).

/// A policy: 1 MiB.
pub const POLICY_BYTES: usize = 1 << 20;
/// A JSON request: 4 KiB.
pub const REQUEST_BYTES: usize = 4 << 10;
/// A signed approval in its compact form: 16 KiB.
pub const APPROVAL_BYTES: usize = 16 << 10;
/// The line and the headers of a request together: 16 KiB.
pub const HEAD_BYTES: usize = 16 << 10;
/// One header's value: 4 KiB.
pub const HEADER_BYTES: usize = 4 << 10;
/// The path of a request, percent-encoded: three times the longest file path, and the prefix.
pub const TARGET_BYTES: usize = 3 * 4096 + 64;
/// Evidence in its envelope: 64 KiB.
pub const EVIDENCE_BYTES: usize = 64 << 10;
/// A credential for the attestation key of a TPM: two digests of at most 64 bytes, with lengths.
pub const CREDENTIAL_BLOB_BYTES: usize = 2 * (2 + 64);
/// Its seed, encrypted to an endorsement key: RSA with at most 4096 bits.
pub const CREDENTIAL_SECRET_BYTES: usize = 512;
/// The answer to `GET /v1/status`: 16 MiB. 256 approvals and 1,024 long paths are 10 MiB.
pub const STATUS_BYTES: usize = 16 << 20;
/// A problem document: 16 KiB.
pub const PROBLEM_BYTES: usize = 16 << 10;
/// One text field of a problem document; longer ones are cut at a character.
pub const PROBLEM_FIELD_BYTES: usize = 1 << 10;
/// A receipt with its evidence: 1 MiB.
pub const RECEIPT_BYTES: usize = 1 << 20;
/// What an isolate of a quorum says of a run, signed: 1 KiB.
pub const AGREEMENT_BYTES: usize = 1 << 10;
/// A frame of the control channel, without its length: 2 MiB.
pub const CONTROL_FRAME_BYTES: usize = 2 << 20;
/// A request for a certificate: 4 KiB.
pub const CERTIFICATE_REQUEST_BYTES: usize = 4 << 10;
/// A certificate: 8 KiB.
pub const CERTIFICATE_BYTES: usize = 8 << 10;
/// An approval names at most this many instances.
pub const APPROVAL_INSTANCES: usize = 64;
/// An approval names at most this many programs.
pub const APPROVAL_PROGRAMS: usize = 256;
/// A salt or a share of randomness.
pub const SECRET_BYTES: usize = 32;

//! The routes of the participant API: a plain match, and its inverse for clients.

use alloc::{format, string::String, string::ToString as _, vec::Vec};

use veracruz_policy::FilePath;

use crate::{ErrorCode, Problem, SPOKEN, Versions, header, limits, version};

/// The methods that the API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Read the headers only.
    Head,
    /// Provide or replace.
    Put,
    /// Take away.
    Delete,
    /// Ask for something to be done.
    Post,
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// `GET /v1/policy`: the bytes of the policy.
    Policy,
    /// `POST /v1/attestation`: evidence for this connection.
    Attestation,
    /// `POST /v1/attestation/credential`: whether the key of that evidence is in a certain TPM.
    Credential,
    /// `GET /v1/status`: where the computation stands, once or as a stream of events.
    Status,
    /// `PUT /v1/approval`: approve.
    Approve,
    /// `DELETE /v1/approval`: withdraw approval and inputs.
    Withdraw,
    /// `PUT /v1/files/{path}`: upload, whole or from the offset where an upload broke off.
    PutFile(FilePath),
    /// `GET /v1/files/{path}`: contents, or a range of them.
    GetFile(FilePath),
    /// `HEAD /v1/files/{path}`: size and digest, or how far an upload got.
    HeadFile(FilePath),
    /// `DELETE /v1/files/{path}`: erase what one provided.
    DeleteFile(FilePath),
    /// `POST /v1/runs`: start a run.
    StartRun,
    /// `GET /v1/runs/{n}`: where a run stands.
    Run {
        /// Its number.
        run: u32,
    },
    /// `GET /v1/runs/{n}/receipt`: its receipt.
    Receipt {
        /// The run's number.
        run: u32,
    },
    /// `GET /v1/runs/{n}/agreement`: what this isolate says to the others of its quorum.
    GetAgreement {
        /// The run's number.
        run: u32,
    },
    /// `PUT /v1/runs/{n}/agreement`: what another isolate of the quorum says.
    PutAgreement {
        /// The run's number.
        run: u32,
    },
}

const FILES: &str = "/v1/files/";
const RUNS: &str = "/v1/runs";
const CREDENTIAL: &str = "/v1/attestation/credential";

impl Route {
    /// Finds the route of a request from its method and its target's path (percent-encoded, as
    /// received).
    ///
    /// # Errors
    /// [`ErrorCode::VersionUnsupported`] for a path of another version of the protocol;
    /// [`ErrorCode::UnknownRoute`], [`ErrorCode::MethodNotAllowed`] (see [`Route::allowed`]),
    /// [`ErrorCode::FilePathMalformed`]. A query is refused: no route has one.
    pub fn parse(method: &str, target: &str) -> Result<Self, Problem> {
        if target.len() > limits::TARGET_BYTES {
            return Err(Problem::new(ErrorCode::UnknownRoute)
                .expected(format!("a path of at most {} bytes", limits::TARGET_BYTES))
                .found(format!("{} bytes", target.len())));
        }
        let allowed = Self::allowed(target);
        if allowed.is_empty() {
            return Err(match version::of_path(target) {
                Some(version) if !SPOKEN.contains(&version) => {
                    Problem::new(ErrorCode::VersionUnsupported)
                        .expected(Versions::spoken().to_string())
                        .found(version.to_string())
                }
                _ => Problem::new(ErrorCode::UnknownRoute).found(target),
            });
        }
        let method = Method::parse(method)
            .filter(|method| allowed.contains(method))
            .ok_or_else(|| {
                let names: Vec<&str> = allowed.iter().map(|method| method.as_str()).collect();
                Problem::new(ErrorCode::MethodNotAllowed)
                    .expected(names.join(", "))
                    .found(method)
            })?;
        if let Some(path) = target.strip_prefix(FILES) {
            let path = file_path(path)?;
            return Ok(match method {
                Method::Put => Self::PutFile(path),
                Method::Head => Self::HeadFile(path),
                Method::Delete => Self::DeleteFile(path),
                Method::Get | Method::Post => Self::GetFile(path),
            });
        }
        match (target, method) {
            ("/v1/policy", _) => Ok(Self::Policy),
            ("/v1/attestation", _) => Ok(Self::Attestation),
            (CREDENTIAL, _) => Ok(Self::Credential),
            ("/v1/status", _) => Ok(Self::Status),
            ("/v1/approval", Method::Delete) => Ok(Self::Withdraw),
            ("/v1/approval", _) => Ok(Self::Approve),
            (RUNS, _) => Ok(Self::StartRun),
            (_, method) => match (run(target), method) {
                (Some((run, OfRun::Itself)), _) => Ok(Self::Run { run }),
                (Some((run, OfRun::Receipt)), _) => Ok(Self::Receipt { run }),
                (Some((run, OfRun::Agreement)), Method::Put) => Ok(Self::PutAgreement { run }),
                (Some((run, OfRun::Agreement)), _) => Ok(Self::GetAgreement { run }),
                (None, _) => Err(Problem::new(ErrorCode::UnknownRoute).found(target)),
            },
        }
    }

    /// The methods that a path allows, for the header `Allow`; empty where there is no such path.
    #[must_use]
    pub fn allowed(target: &str) -> &'static [Method] {
        match target {
            "/v1/policy" | "/v1/status" => &[Method::Get],
            "/v1/attestation" | CREDENTIAL | RUNS => &[Method::Post],
            "/v1/approval" => &[Method::Put, Method::Delete],
            _ if target.starts_with(FILES) => {
                &[Method::Get, Method::Head, Method::Put, Method::Delete]
            }
            _ => match run(target) {
                Some((_, OfRun::Agreement)) => &[Method::Get, Method::Put],
                Some((_, OfRun::Itself | OfRun::Receipt)) => &[Method::Get],
                None => &[],
            },
        }
    }

    /// The method to ask with.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self {
            Self::Policy
            | Self::Status
            | Self::GetFile(_)
            | Self::Run { .. }
            | Self::Receipt { .. }
            | Self::GetAgreement { .. } => Method::Get,
            Self::HeadFile(_) => Method::Head,
            Self::Approve | Self::PutFile(_) | Self::PutAgreement { .. } => Method::Put,
            Self::Withdraw | Self::DeleteFile(_) => Method::Delete,
            Self::Attestation | Self::Credential | Self::StartRun => Method::Post,
        }
    }

    /// The path to ask for, percent-encoded.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Policy => "/v1/policy".into(),
            Self::Attestation => "/v1/attestation".into(),
            Self::Credential => CREDENTIAL.into(),
            Self::Status => "/v1/status".into(),
            Self::Approve | Self::Withdraw => "/v1/approval".into(),
            Self::PutFile(path)
            | Self::GetFile(path)
            | Self::HeadFile(path)
            | Self::DeleteFile(path) => encode(path),
            Self::StartRun => RUNS.into(),
            Self::Run { run } => format!("{RUNS}/{run}"),
            Self::Receipt { run } => format!("{RUNS}/{run}/receipt"),
            Self::GetAgreement { run } | Self::PutAgreement { run } => {
                format!("{RUNS}/{run}/agreement")
            }
        }
    }

    /// Whether the route answers before evidence was fetched on the connection; the others
    /// answer 428 ([`ErrorCode::AttestationRequired`]).
    #[must_use]
    pub const fn open_before_attestation(&self) -> bool {
        matches!(self, Self::Policy | Self::Status | Self::Attestation)
    }
}

impl Method {
    /// The method of this name; names are case-sensitive (RFC 9110 section 9.1).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Get, Self::Head, Self::Put, Self::Delete, Self::Post]
            .into_iter()
            .find(|method| method.as_str() == name)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Post => "POST",
        }
    }
}

/// What of a run a path is about.
#[derive(Clone, Copy)]
enum OfRun {
    Itself,
    Receipt,
    Agreement,
}

/// The number in `/v1/runs/{n}`, `/v1/runs/{n}/receipt` and `/v1/runs/{n}/agreement`, and which of
/// them it is.
fn run(target: &str) -> Option<(u32, OfRun)> {
    let rest = target.strip_prefix("/v1/runs/")?;
    let (number, of_run) = match rest.split_once('/') {
        None => (rest, OfRun::Itself),
        Some((number, "receipt")) => (number, OfRun::Receipt),
        Some((number, "agreement")) => (number, OfRun::Agreement),
        Some(_) => return None,
    };
    let run = u32::try_from(header::decimal(number)?).ok()?;
    (run > 0).then_some((run, of_run))
}

/// The file that a percent-encoded path names. It is decoded once, then has to be canonical:
/// `..`, empty parts and relative spellings are refused, never resolved.
fn file_path(encoded: &str) -> Result<FilePath, Problem> {
    let malformed = || {
        Problem::new(ErrorCode::FilePathMalformed)
            .expected("a canonical path, percent-encoded once")
            .found(encoded)
    };
    let mut bytes = Vec::with_capacity(encoded.len().saturating_add(1));
    bytes.push(b'/');
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let high = rest.next().and_then(hexadecimal).ok_or_else(malformed)?;
                let low = rest.next().and_then(hexadecimal).ok_or_else(malformed)?;
                bytes.push(high << 4 | low);
            }
            // A query or fragment does not belong here; the rest must be printable ASCII.
            b'?' | b'#' => return Err(malformed()),
            0x21..=0x7e => bytes.push(byte),
            _ => return Err(malformed()),
        }
    }
    let path = String::from_utf8(bytes).map_err(|_| malformed())?;
    FilePath::parse(&path).map_err(|_| malformed())
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// `/v1/files` and the path; everything but unreserved characters and `/` percent-encoded.
fn encode(path: &FilePath) -> String {
    let mut out = String::from("/v1/files");
    for byte in path.as_str().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(method: &str, target: &str) -> ErrorCode {
        Route::parse(method, target).unwrap_err().code
    }

    #[test]
    fn every_route_comes_back_from_its_method_and_path() {
        let path = FilePath::parse("/input/two words ü%2f.csv").unwrap();
        for route in [
            Route::Policy,
            Route::Attestation,
            Route::Credential,
            Route::Status,
            Route::Approve,
            Route::Withdraw,
            Route::PutFile(path.clone()),
            Route::GetFile(path.clone()),
            Route::HeadFile(path.clone()),
            Route::DeleteFile(path),
            Route::StartRun,
            Route::Run { run: 1 },
            Route::Receipt { run: u32::MAX },
            Route::GetAgreement { run: 7 },
            Route::PutAgreement { run: 7 },
        ] {
            assert_eq!(
                Route::parse(route.method().as_str(), &route.path()),
                Ok(route)
            );
        }
    }

    #[test]
    fn refuses_paths_that_are_not_canonical_after_one_decoding() {
        for path in [
            "/v1/files/",
            "/v1/files//input/a",
            "/v1/files/input/../program/p.wasm",
            "/v1/files/input/%2e%2e/program/p.wasm",
            "/v1/files/input%2f%2e%2e%2fprogram/p.wasm",
            "/v1/files/./a",
            "/v1/files/a/",
            "/v1/files/%ff",
            "/v1/files/%2",
            "/v1/files/%zz",
            "/v1/files/a?b",
            "/v1/files/a b",
            "/v1/files/%00",
        ] {
            assert_eq!(code("GET", path), ErrorCode::FilePathMalformed, "{path}");
        }
    }

    #[test]
    fn refuses_what_is_no_route() {
        for path in ["", "/", "*", "/v1", "/v1/policy/", "/v1/policy?x"] {
            assert_eq!(code("GET", path), ErrorCode::UnknownRoute, "{path}");
        }
        for path in [
            "/v1/runs/0",
            "/v1/runs/01",
            "/v1/runs/-1",
            "/v1/runs/4294967296",
            "/v1/runs/1/",
            "/v1/runs/1/agreements",
            "/v1/runs/1/agreement/",
        ] {
            assert_eq!(code("GET", path), ErrorCode::UnknownRoute, "{path}");
        }
        assert_eq!(code("POST", "/v1/policy"), ErrorCode::MethodNotAllowed);
        assert_eq!(code("get", "/v1/policy"), ErrorCode::MethodNotAllowed);
        assert_eq!(code("PATCH", "/v1/files/a"), ErrorCode::MethodNotAllowed);
    }

    #[test]
    fn a_path_of_another_version_is_refused_as_such() {
        for path in ["/v2/status", "/v0/status", "/v17/whatever"] {
            assert_eq!(code("GET", path), ErrorCode::VersionUnsupported, "{path}");
        }
    }

    #[test]
    fn only_policy_status_and_attestation_answer_before_attestation() {
        assert!(Route::Policy.open_before_attestation());
        assert!(Route::Status.open_before_attestation());
        assert!(Route::Attestation.open_before_attestation());
        assert!(!Route::Approve.open_before_attestation());
        assert!(!Route::Run { run: 1 }.open_before_attestation());
    }

    proptest! {
        #[test]
        fn no_target_panics(method in "[A-Z]{0,8}", target in "(/v1/(files|runs)/)?.{0,60}") {
            if let Ok(route) = Route::parse(&method, &target) {
                prop_assert_eq!(Route::parse(&method, &route.path()), Ok(route));
            }
        }
    }
}

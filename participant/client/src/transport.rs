//! One HTTP/1.1 connection. No pool, no second connection, no redirect, no proxy.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use veracruz_protocol::{Problem, Versions, header, limits, media};

use crate::error::Error;
use crate::last_word::LastWord;

/// What a request can carry.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// How long the other end may be silent while it owes something.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Http {
    sender: SendRequest<Body>,
    driver: Option<JoinHandle<Result<(), hyper::Error>>>,
    authority: String,
}

/// What is asked, before the body.
pub(crate) struct Call {
    /// For error messages: `PUT of a file`.
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Call {
    pub(crate) fn new(name: &'static str, method: &'static str, path: impl Into<String>) -> Self {
        Self {
            name,
            method,
            path: path.into(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Http {
    /// Speaks HTTP over `stream`; `authority` goes into every request's `Host`.
    pub(crate) async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        authority: String,
    ) -> Result<Self, Error> {
        let (sender, connection) = http1::Builder::new()
            .max_headers(64)
            .handshake(TokioIo::new(LastWord::new(stream)))
            .await
            .map_err(|error| Error::ConnectionLost {
                reason: error.to_string(),
            })?;
        Ok(Self {
            sender,
            driver: Some(tokio::spawn(connection)),
            authority,
        })
    }

    /// Sends a small request, or one without a body.
    pub(crate) async fn call(
        &mut self,
        call: Call,
        body: Option<(&str, Bytes)>,
    ) -> Result<Response<Incoming>, Error> {
        let answer = async {
            match body {
                None => {
                    // hyper leaves the length out where there is no body, and some methods need it.
                    let call = match call.method {
                        "PUT" | "POST" => call.header(CONTENT_LENGTH.as_str(), "0"),
                        _ => call,
                    };
                    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
                    self.send(call, body).await
                }
                Some((media_type, bytes)) => {
                    let call = call.header(CONTENT_TYPE.as_str(), media_type);
                    let body = Full::new(bytes)
                        .map_err(|never| match never {})
                        .boxed_unsync();
                    self.send(call, body).await
                }
            }
        };
        in_time(answer).await?
    }

    /// Sends a request with a body. Its answer may come before the body is through.
    pub(crate) async fn send(
        &mut self,
        call: Call,
        body: Body,
    ) -> Result<Response<Incoming>, Error> {
        let malformed = |error: hyper::http::Error| Error::Machine {
            reason: error.to_string(),
        };
        let mut request = Request::builder()
            .method(call.method)
            .uri(call.path)
            .header(HOST, &self.authority);
        for (name, value) in call.headers {
            let value = HeaderValue::try_from(value).map_err(|error| malformed(error.into()))?;
            request = request.header(name, value);
        }
        let request = request.body(body).map_err(malformed)?;
        if let Err(error) = self.sender.ready().await {
            return Err(self.broken(&error).await);
        }
        match self.sender.send_request(request).await {
            Ok(response) => same_language(response),
            Err(error) => Err(self.broken(&error).await),
        }
    }

    /// Finds out why the connection ended: the task that drives it knows, where the request only
    /// knows that it did.
    async fn broken(&mut self, error: &hyper::Error) -> Error {
        if let Some(found) = cause(error) {
            return found;
        }
        if let Some(mut driver) = self.driver.take() {
            let ended = tokio::time::timeout(Duration::from_secs(1), &mut driver).await;
            if let Ok(Ok(Err(error))) = &ended
                && let Some(found) = cause(error)
            {
                return found;
            }
            // It holds the body, whose reader would wait for it.
            driver.abort();
        }
        Error::ConnectionLost {
            reason: error.to_string(),
        }
    }
}

impl Drop for Http {
    /// Whoever lets go of a connection means it, also in the middle of a body.
    fn drop(&mut self) {
        if let Some(driver) = &self.driver {
            driver.abort();
        }
    }
}

/// Whether the end that gave this answer speaks a version of the protocol that this client speaks.
/// One that does not say is of the time when there was one version.
fn same_language(response: Response<Incoming>) -> Result<Response<Incoming>, Error> {
    let said = response.headers().get(header::VERSIONS);
    let said = said.and_then(|value| value.to_str().ok());
    let (client, runtime) = (Versions::spoken(), said.and_then(Versions::parse));
    match runtime {
        Some(runtime) if !client.share_one_with(&runtime) => Err(Error::VersionsDiffer {
            older: if client.are_older_than(&runtime) {
                "the client"
            } else {
                "the runtime"
            },
            runtime,
            client,
        }),
        _ => Ok(response),
    }
}

/// Reads an answer that has to be a success, of at most `limit` bytes.
pub(crate) async fn read(
    request: &'static str,
    response: Response<Incoming>,
    limit: usize,
) -> Result<Bytes, Error> {
    let response = successful(request, response).await?;
    body_of(request, response, limit).await
}

/// Reads an answer that has to be a success with JSON in it.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: &'static str,
    response: Response<Incoming>,
    limit: usize,
) -> Result<T, Error> {
    let bytes = read(request, response, limit).await?;
    serde_json::from_slice(&bytes).map_err(|error| Error::ReplyMalformed {
        request,
        expected: "JSON as the protocol has it",
        found: error.to_string(),
    })
}

/// Lets a success (2xx) through and turns everything else into an error.
///
/// A redirect is no success: nothing is ever sent to where an answer points.
pub(crate) async fn successful(
    request: &'static str,
    response: Response<Incoming>,
) -> Result<Response<Incoming>, Error> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let is_problem = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes() == media::PROBLEM.as_bytes());
    let unexpected = |status: StatusCode| Error::ReplyMalformed {
        request,
        expected: "a success or a problem document",
        found: format!("the status {}", status.as_u16()),
    };
    if !is_problem || !(status.is_client_error() || status.is_server_error()) {
        return Err(unexpected(status));
    }
    let bytes = body_of(request, response, limits::PROBLEM_BYTES).await?;
    match serde_json::from_slice::<Problem>(&bytes) {
        Ok(problem) => Err(Error::Refused(Box::new(problem))),
        Err(_) => Err(unexpected(status)),
    }
}

async fn body_of(
    request: &'static str,
    response: Response<Incoming>,
    limit: usize,
) -> Result<Bytes, Error> {
    match in_time(Limited::new(response.into_body(), limit).collect()).await? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Error::ReplyMalformed {
                request,
                expected: "an answer within its limit",
                found: format!("more than {limit} bytes"),
            })
        }
        Err(error) => Err(lost(error.as_ref())),
    }
}

/// Waits for something that the other end owes.
pub(crate) async fn in_time<T>(owed: impl Future<Output = T>) -> Result<T, Error> {
    tokio::time::timeout(PATIENCE, owed)
        .await
        .map_err(|_| Error::ConnectionLost {
            reason: format!("nothing came for {} seconds", PATIENCE.as_secs()),
        })
}

/// A connection that ended while an answer was read.
pub(crate) fn lost(error: &(dyn StdError + 'static)) -> Error {
    cause(error).unwrap_or_else(|| Error::ConnectionLost {
        reason: error.to_string(),
    })
}

/// What TLS has to say about an error, where it has.
pub(crate) fn cause(error: &(dyn StdError + 'static)) -> Option<Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(match found {
                rustls::Error::AlertReceived(alert) => Error::HandshakeRefused {
                    alert: format!("{alert:?}"),
                },
                other => Error::ConnectionLost {
                    reason: other.to_string(),
                },
            });
        }
        // An io::Error does not name what it wraps as its source.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(|error| error.get_ref())
            .map(|inner| -> &(dyn StdError + 'static) { inner });
        next = wrapped.or_else(|| error.source());
    }
    None
}

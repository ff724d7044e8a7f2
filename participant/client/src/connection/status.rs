//! What may be asked of anyone who claims to be the isolate, and proves nothing.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use veracruz_policy::Policy;
use veracruz_protocol::{Route, Status, limits, media};

use super::Connection;
use crate::error::Error;
use crate::transport::{self, Call};
use crate::watch::EventParser;

const NAME: &str = "GET of the status";

impl<State> Connection<State> {
    /// Fetches the isolate's policy and compares it with the participant's own copy.
    ///
    /// It is a help to find mistakes: what protects is the appraisal, which uses the own copy
    /// alone. Returns the bytes that the isolate has, which may differ in white space.
    ///
    /// # Errors
    /// [`Error::PolicyDiffers`] with both hashes.
    pub async fn fetch_policy(&mut self) -> Result<Vec<u8>, Error> {
        let name = "GET of the policy";
        let response = self
            .http
            .call(Call::new(name, "GET", Route::Policy.path()), None)
            .await?;
        let document = transport::read(name, response, limits::POLICY_BYTES).await?;
        let expected = self.policy_hash();
        let found = match Policy::parse(&document) {
            Ok(policy) if policy.hash() == expected => return Ok(document.into()),
            Ok(policy) => policy.hash().to_string(),
            Err(_) => "a document that is no policy".to_owned(),
        };
        Err(Error::PolicyDiffers { expected, found })
    }

    /// Asks how far the computation is, as this participant may know it.
    ///
    /// On an unattested connection the answer is a claim.
    ///
    /// # Errors
    /// [`Error::PolicyDiffers`], [`Error::ReplyMalformed`] where the answer names another isolate
    /// than the one that shook hands; those of every call.
    pub async fn status(&mut self) -> Result<Status, Error> {
        let call = Call::new(NAME, "GET", Route::Status.path());
        let response = self.http.call(call, None).await?;
        let status = transport::read_json(NAME, response, limits::STATUS_BYTES).await?;
        self.of_this_isolate(status)
    }

    /// Asks for the status at once and after every change. From here on the connection is for that
    /// alone.
    ///
    /// # Errors
    /// [`Error::ReplyMalformed`] where the answer is no stream of events; those of every call.
    pub async fn status_events(mut self) -> Result<StatusEvents<State>, Error> {
        let call = Call::new(NAME, "GET", Route::Status.path());
        let call = call.header("accept", media::EVENT_STREAM);
        let response = self.http.call(call, None).await?;
        let response = transport::successful(NAME, response).await?;
        let found = response.headers().get(CONTENT_TYPE);
        if found.is_none_or(|found| found.as_bytes() != media::EVENT_STREAM.as_bytes()) {
            return Err(Error::ReplyMalformed {
                request: NAME,
                expected: media::EVENT_STREAM,
                found: format!("{found:?}"),
            });
        }
        Ok(StatusEvents {
            connection: self,
            body: response.into_body(),
            parser: EventParser::default(),
        })
    }

    /// What it says is about this policy and this isolate.
    fn of_this_isolate(&self, status: Status) -> Result<Status, Error> {
        if status.policy != self.policy_hash() {
            return Err(Error::PolicyDiffers {
                expected: self.policy_hash(),
                found: status.policy.to_string(),
            });
        }
        if status.instance != self.instance() {
            return Err(Error::ReplyMalformed {
                request: NAME,
                expected: "the status of the isolate whose key signed the handshake",
                found: format!("that of {}", status.instance),
            });
        }
        Ok(status)
    }
}

/// The status of a computation as it changes, over one connection.
#[derive(Debug)]
pub struct StatusEvents<State> {
    connection: Connection<State>,
    body: Incoming,
    parser: EventParser,
}

impl<State> StatusEvents<State> {
    /// Waits for the next status. An isolate sends one every 30 seconds at least.
    ///
    /// # Errors
    /// [`Error::ConnectionLost`] where the stream ends or is silent for too long;
    /// [`Error::ReplyMalformed`], [`Error::PolicyDiffers`] as for a status that was asked for once.
    pub async fn next(&mut self) -> Result<Status, Error> {
        loop {
            if let Some(document) = self.parser.next_event() {
                let status =
                    serde_json::from_slice(&document).map_err(|error| Error::ReplyMalformed {
                        request: NAME,
                        expected: "JSON as the protocol has it",
                        found: error.to_string(),
                    })?;
                return self.connection.of_this_isolate(status);
            }
            let frame = match transport::in_time(self.body.frame()).await? {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Err(transport::lost(&error)),
                None => {
                    return Err(Error::ConnectionLost {
                        reason: "the stream of events ended".into(),
                    });
                }
            };
            if let Ok(bytes) = frame.into_data() {
                self.parser
                    .push(&bytes)
                    .map_err(|found| Error::ReplyMalformed {
                        request: NAME,
                        expected: "events named `status`",
                        found: found.to_string(),
                    })?;
            }
        }
    }
}

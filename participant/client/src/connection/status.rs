//! What may be asked of anyone who claims to be the isolate, and proves nothing.

use veracruz_policy::Policy;
use veracruz_protocol::{Route, Status, limits};

use super::Connection;
use crate::error::Error;
use crate::transport::{self, Call};

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
        let name = "GET of the status";
        let response = self
            .http
            .call(Call::new(name, "GET", Route::Status.path()), None)
            .await?;
        let status: Status = transport::read_json(name, response, limits::STATUS_BYTES).await?;
        if status.policy != self.policy_hash() {
            return Err(Error::PolicyDiffers {
                expected: self.policy_hash(),
                found: status.policy.to_string(),
            });
        }
        if status.instance != self.instance() {
            return Err(Error::ReplyMalformed {
                request: name,
                expected: "the status of the isolate whose key signed the handshake",
                found: format!("that of {}", status.instance),
            });
        }
        Ok(status)
    }
}

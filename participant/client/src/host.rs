//! The host's management API: plain HTTP, on the host's own machine.
//!
//! What a host says about a computation is its word and nothing more.

use bytes::Bytes;
use serde::Deserialize;
use tokio::net::TcpStream;
use veracruz_policy::{Policy, PolicyHash};
use veracruz_protocol::{limits, media};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::transport::{self, Call, Http};

/// A client of a host. Each call is a connection of its own.
#[derive(Clone)]
pub struct HostClient {
    address: String,
    token: Option<Zeroizing<String>>,
}

/// A computation, as the host sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct HostedComputation {
    /// The hash of its policy.
    pub policy: String,
    /// The name of the isolate.
    pub instance: String,
    /// The kind of isolate, as policies name it.
    pub kind: String,
    /// Whether the host says that this kind protects the participants from it.
    #[serde(default)]
    pub protects_from_host: bool,
    /// What the isolate says (`awaiting`, `ready`, ...), or `lost`, or `unresponsive`.
    pub state: String,
    /// Where it is lost: how that came.
    #[serde(default)]
    pub lost: Option<String>,
}

impl HostClient {
    /// A client of the management API at `address` (`127.0.0.1:PORT`). The token is needed for
    /// everything but [`HostClient::bare_state`]; it travels unencrypted, so the address should
    /// be a loopback one.
    pub fn new(address: impl Into<String>, token: Option<String>) -> Self {
        Self {
            address: address.into(),
            token: token.map(Zeroizing::new),
        }
    }

    /// Starts an isolate with a policy.
    ///
    /// # Errors
    /// [`Error::HostUnreachable`]; [`Error::Refused`] with the host's reason.
    pub async fn launch(&self, policy: &Policy) -> Result<HostedComputation, Error> {
        self.launch_document(policy.document()).await
    }

    /// As [`HostClient::launch`], with a document that nobody has checked.
    ///
    /// # Errors
    /// As there.
    pub async fn launch_document(&self, policy: &[u8]) -> Result<HostedComputation, Error> {
        let body = Bytes::copy_from_slice(policy);
        let call = Call::new("POST of a policy", "POST", COMPUTATIONS);
        self.call(call, Some((media::JSON, body)), VIEW_BYTES).await
    }

    /// All computations of this host.
    ///
    /// # Errors
    /// As [`HostClient::launch`].
    pub async fn list(&self) -> Result<Vec<HostedComputation>, Error> {
        let call = Call::new("GET of the computations", "GET", COMPUTATIONS);
        let List { computations } = self.call(call, None, limits::STATUS_BYTES).await?;
        Ok(computations)
    }

    /// Ends an isolate; all that it holds is gone.
    ///
    /// # Errors
    /// As [`HostClient::launch`].
    pub async fn stop(&self, policy: &PolicyHash) -> Result<HostedComputation, Error> {
        let call = Call::new("DELETE of a computation", "DELETE", one(policy));
        self.call(call, None, VIEW_BYTES).await
    }

    /// The bare state of a computation, for anyone: what is left to ask when the isolate itself
    /// does not answer any more.
    ///
    /// # Errors
    /// As [`HostClient::launch`].
    pub async fn bare_state(&self, policy: &PolicyHash) -> Result<HostedComputation, Error> {
        let call = Call::new("GET of a computation", "GET", one(policy));
        self.call(call, None, VIEW_BYTES).await
    }

    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        mut call: Call,
        body: Option<(&str, Bytes)>,
        limit: usize,
    ) -> Result<T, Error> {
        let name = call.name;
        if let Some(token) = &self.token {
            call = call.header("authorization", format!("Bearer {}", token.as_str()));
        }
        let unreachable = |source| Error::HostUnreachable {
            address: self.address.clone(),
            source,
        };
        let stream = TcpStream::connect(&self.address)
            .await
            .map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let mut http = Http::over(stream, self.address.clone()).await?;
        let response = http.call(call, body).await?;
        transport::read_json(name, response, limit).await
    }
}

impl std::fmt::Debug for HostClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostClient")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

const COMPUTATIONS: &str = "/v1/computations";
const VIEW_BYTES: usize = 64 << 10;

fn one(policy: &PolicyHash) -> String {
    format!("{COMPUTATIONS}/{policy}")
}

#[derive(Deserialize)]
struct List {
    computations: Vec<HostedComputation>,
}

//! Dialling an isolate.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio_rustls::TlsConnector;
use veracruz_policy::{InstanceId, Policy, Timestamp};
use veracruz_session::{Channel, Identity, Session, SessionError, client_config, server_name};

use super::{Connection, Party, Unproven};
use crate::dial::{DIAL_TIME, HostAddress};
use crate::error::Error;
use crate::rate::RateLimit;
use crate::transport::{self, Http};

/// rustls asks the socket for 4 KiB at a time; this asks for all that is there.
const READ_BUFFER: usize = 128 << 10;

/// How much plain text rustls takes before it makes its writer wait.
const WRITE_BUFFER: usize = 128 << 10;

impl Unproven {
    /// Dials the host at `address` (`name:port`, or a [`HostAddress`] with a proxy) for the isolate of `policy`: of a certain one
    /// where `instance` is given.
    ///
    /// `policy` is the participant's *own copy*, obtained from the other parties and not from the
    /// host. Nothing is sent but the handshake, in which the isolate learns who calls.
    ///
    /// # Errors
    /// [`Error::NotAParticipant`] and [`Error::CertificateDates`] before anything is dialled;
    /// [`Error::HostUnreachable`]; [`Error::Proxy`]; [`Error::HandshakeRefused`], which may also come at the first
    /// request, since TLS 1.3 clients finish first; [`Error::OtherInstance`].
    pub async fn open(
        address: impl Into<HostAddress>,
        policy: &Arc<Policy>,
        identity: &Identity,
        instance: Option<InstanceId>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let party = Party::new(policy, identity, now)?;
        let address = address.into();
        let stream = address.connect().await?;
        let stream = BufReader::with_capacity(READ_BUFFER, stream);
        Self::shake_hands(stream, &address.to_string(), party, instance).await
    }

    /// As [`Connection::open`], over a stream that leads to the isolate already.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        policy: &Arc<Policy>,
        identity: &Identity,
        instance: Option<InstanceId>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let party = Party::new(policy, identity, now)?;
        Self::shake_hands(stream, "the given stream", party, instance).await
    }

    async fn shake_hands(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        address: &str,
        party: Party,
        instance: Option<InstanceId>,
    ) -> Result<Self, Error> {
        let machine = |reason: String| Error::Machine { reason };
        let config = client_config(&party.identity).map_err(|error| machine(error.to_string()))?;
        let policy = party.policy.hash();
        let name = server_name(&policy, instance.as_ref());
        let server =
            ServerName::try_from(name.clone()).map_err(|error| machine(error.to_string()))?;
        let limit = |connection: &mut rustls::ClientConnection| {
            connection.set_buffer_limit(Some(WRITE_BUFFER));
        };
        let handshake = TlsConnector::from(Arc::new(config)).connect_with(server, stream, limit);
        let stream = tokio::time::timeout(DIAL_TIME, handshake)
            .await
            .map_err(|_| Error::ConnectionLost {
                reason: "no answer to the handshake".into(),
            })?
            .map_err(|error| handshake_failed(address, &error))?;
        // Read off here, where the connection is still in sight; hyper hides it.
        let channel = Channel::from_client(stream.get_ref().1, &party.identity)
            .map_err(|error| no_isolate(address, error.to_string()))?;
        let session =
            Session::new(channel, policy, instance.as_ref()).map_err(|error| match error {
                SessionError::OtherInstance { expected, found } => {
                    Error::OtherInstance { expected, found }
                }
                other => machine(other.to_string()),
            })?;
        let http = Http::over(stream, name).await?;
        Ok(Connection {
            http,
            session,
            party,
            limit: RateLimit::none(),
        })
    }
}

fn handshake_failed(address: &str, error: &std::io::Error) -> Error {
    match transport::cause(error) {
        Some(Error::ConnectionLost { reason }) => no_isolate(address, reason),
        Some(refused) => refused,
        None => Error::ConnectionLost {
            reason: error.to_string(),
        },
    }
}

fn no_isolate(address: &str, reason: String) -> Error {
    Error::NoIsolate {
        address: address.to_owned(),
        reason,
    }
}

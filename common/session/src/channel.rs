//! What makes one TLS connection different from all others.

use core::fmt;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConnection, CommonState, HandshakeKind, ProtocolVersion, ServerConnection};
use thiserror::Error;
use veracruz_evidence::{Nonce, ReportData, report_data};
use veracruz_policy::{KeyDigest, PolicyHash};

use crate::certificate::spki_of;
use crate::config::ALPN;
use crate::identity::Identity;

/// A finished handshake: both ends' public keys and the secret that only they share.
///
/// Both ends come to the same values, and so to the same report data. Taken from a connection
/// once its handshake is over and before it is given to anything that reads from it.
pub struct Channel {
    server_spki: Vec<u8>,
    client_spki: Vec<u8>,
    exporter: [u8; 32],
    peer: KeyDigest,
}

/// The connection is not one that evidence may be bound to. Where both ends use this crate's
/// configurations none of these can happen; they are checked all the same.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The caller came too early.
    #[error("the handshake is not over")]
    Unfinished,
    /// Another protocol version than TLS 1.3.
    #[error("expected TLS 1.3, found {found:?}")]
    Version {
        /// What was negotiated.
        found: ProtocolVersion,
    },
    /// A resumed session: its keys stem from another handshake.
    #[error("expected a full handshake, found a resumed session")]
    Resumed,
    /// The application protocol was not negotiated.
    #[error("expected the application protocol http/1.1")]
    ApplicationProtocol,
    /// The peer showed no usable certificate.
    #[error("the peer's certificate is not usable: {0}")]
    Certificate(rustls::Error),
    /// The exporter failed.
    #[error("no keying material could be exported: {0}")]
    Exporter(rustls::Error),
}

impl Channel {
    /// The isolate's view. `own` is the identity that the connection's configuration was made of.
    ///
    /// # Errors
    /// See [`ChannelError`].
    pub fn from_server(
        connection: &ServerConnection,
        own: &Identity,
    ) -> Result<Self, ChannelError> {
        let client_spki = checked_peer(connection)?;
        let exporter = connection
            .export_keying_material([0; 32], EXPORTER_LABEL, None)
            .map_err(ChannelError::Exporter)?;
        let peer = KeyDigest::of_spki(&client_spki);
        Ok(Self {
            server_spki: own.spki().to_vec(),
            client_spki,
            exporter,
            peer,
        })
    }

    /// The participant's view. `own` is the identity that the connection's configuration was made
    /// of.
    ///
    /// # Errors
    /// See [`ChannelError`].
    pub fn from_client(
        connection: &ClientConnection,
        own: &Identity,
    ) -> Result<Self, ChannelError> {
        let server_spki = checked_peer(connection)?;
        let exporter = connection
            .export_keying_material([0; 32], EXPORTER_LABEL, None)
            .map_err(ChannelError::Exporter)?;
        let peer = KeyDigest::of_spki(&server_spki);
        Ok(Self {
            server_spki,
            client_spki: own.spki().to_vec(),
            exporter,
            peer,
        })
    }

    /// What evidence for this connection must carry.
    pub fn report_data(&self, policy: &PolicyHash, nonce: &Nonce) -> ReportData {
        report_data::session(
            policy,
            &self.server_spki,
            &self.client_spki,
            &self.exporter,
            nonce,
        )
    }

    /// The key at the other end, which signed the handshake.
    pub fn peer(&self) -> KeyDigest {
        self.peer
    }

    /// The isolate's public key, a DER SubjectPublicKeyInfo.
    pub fn server_spki(&self) -> &[u8] {
        &self.server_spki
    }

    /// The participant's public key, a DER SubjectPublicKeyInfo.
    pub fn client_spki(&self) -> &[u8] {
        &self.client_spki
    }
}

/// RFC 9266, section 2; there is no context, which in TLS 1.3 equals an empty one.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

impl fmt::Debug for Channel {
    /// Without the exporter: whoever knows it could ask for evidence in this connection's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// The peer's public key, from a connection that is what the configurations promise.
fn checked_peer(connection: &CommonState) -> Result<Vec<u8>, ChannelError> {
    if connection.is_handshaking() {
        return Err(ChannelError::Unfinished);
    }
    match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => {}
        Some(found) => return Err(ChannelError::Version { found }),
        None => return Err(ChannelError::Unfinished),
    }
    match connection.handshake_kind() {
        Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest) => {}
        Some(_) => return Err(ChannelError::Resumed),
        None => return Err(ChannelError::Unfinished),
    }
    if connection.alpn_protocol() != Some(ALPN) {
        return Err(ChannelError::ApplicationProtocol);
    }
    let certificate: &CertificateDer<'_> = connection
        .peer_certificates()
        .and_then(|certificates| certificates.first())
        .ok_or(ChannelError::Certificate(
            rustls::Error::NoCertificatesPresented,
        ))?;
    spki_of(certificate).map_err(ChannelError::Certificate)
}

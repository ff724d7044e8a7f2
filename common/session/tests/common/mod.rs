//! Two ends of a connection in memory.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, Error, ServerConfig, ServerConnection};
use veracruz_policy::PolicyHash;
use veracruz_session::{Identity, client_config, server_config, server_name};

pub(crate) const POLICY: PolicyHash = PolicyHash::from_bytes([7; 32]);

/// An isolate that knows acme, and acme.
pub(crate) struct Parties {
    pub(crate) isolate: Identity,
    pub(crate) acme: Identity,
}

impl Parties {
    pub(crate) fn new() -> Self {
        Self {
            isolate: Identity::generate("isolate").unwrap(),
            acme: Identity::generate("acme").unwrap(),
        }
    }

    pub(crate) fn server(&self) -> ServerConfig {
        server_config(&self.isolate, vec![self.acme.key()], POLICY).unwrap()
    }

    pub(crate) fn client(&self) -> ClientConfig {
        client_config(&self.acme).unwrap()
    }
}

/// What each end says after the handshake, or after it broke.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) client: ClientConnection,
    pub(crate) server: ServerConnection,
    pub(crate) client_error: Option<Error>,
    pub(crate) server_error: Option<Error>,
}

impl Outcome {
    pub(crate) fn expect_finished(self) -> (ClientConnection, ServerConnection) {
        assert_eq!(self.client_error, None);
        assert_eq!(self.server_error, None);
        assert!(!self.client.is_handshaking() && !self.server.is_handshaking());
        (self.client, self.server)
    }
}

pub(crate) fn handshake(client: ClientConfig, server: ServerConfig) -> Outcome {
    handshake_at(&server_name(&POLICY, None), client, server)
}

pub(crate) fn handshake_at(name: &str, client: ClientConfig, server: ServerConfig) -> Outcome {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let client = ClientConnection::new(Arc::new(client), name).unwrap();
    let server = ServerConnection::new(Arc::new(server)).unwrap();
    let mut outcome = Outcome {
        client,
        server,
        client_error: None,
        server_error: None,
    };
    // A handshake takes three flights; what is not over after ten will not be.
    for _ in 0..10 {
        let mut flight = Vec::new();
        while outcome.client.wants_write() {
            outcome.client.write_tls(&mut flight).unwrap();
        }
        if outcome.server_error.is_none() {
            let mut rest = flight.as_slice();
            while !rest.is_empty() && outcome.server_error.is_none() {
                outcome.server.read_tls(&mut rest).unwrap();
                outcome.server_error = outcome.server.process_new_packets().err();
            }
        }
        let mut flight = Vec::new();
        while outcome.server.wants_write() {
            outcome.server.write_tls(&mut flight).unwrap();
        }
        if outcome.client_error.is_none() {
            let mut rest = flight.as_slice();
            while !rest.is_empty() && outcome.client_error.is_none() {
                outcome.client.read_tls(&mut rest).unwrap();
                outcome.client_error = outcome.client.process_new_packets().err();
            }
        }
    }
    outcome
}

/// The certificate of one and the key of another: what an impostor can show.
pub(crate) fn impostor(certificate_of: &Identity, key_of: &Identity) -> Arc<CertifiedKey> {
    let key = PrivateKeyDer::from_pem_slice(key_of.to_pem().unwrap().as_bytes()).unwrap();
    Arc::new(CertifiedKey::new(
        vec![CertificateDer::from(certificate_of.certificate().to_vec())],
        any_ecdsa_type(&key).unwrap(),
    ))
}

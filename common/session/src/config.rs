//! How both ends speak TLS. Nothing here is an option.

use std::sync::Arc;

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, Error, ServerConfig, SignatureScheme};
use veracruz_policy::{InstanceId, KeyDigest, PolicyHash};

use crate::identity::Identity;
use crate::name::IsolateName;
use crate::presented::Presented;
use crate::verifier::{IsolateVerifier, ParticipantVerifier};

/// The one application protocol, required by both ends.
pub const ALPN: &[u8] = b"http/1.1";

/// The isolate's end.
///
/// TLS 1.3 alone, X25519MLKEM768 first, full handshakes only, [`ALPN`] required. A handshake ends
/// in an alert where the SNI is absent or not one of this isolate's two names, where the client
/// has no certificate, where the certificate's key is not one of `participants`, or did not sign.
///
/// # Errors
/// Only where the cryptographic library is not what this crate was built against.
pub fn server_config(
    identity: &Identity,
    participants: Vec<KeyDigest>,
    policy: PolicyHash,
) -> Result<ServerConfig, Error> {
    server_config_presenting(Presented::new(identity), participants, policy)
}

/// As [`server_config`], with a certificate that can change between two handshakes; the key stays.
///
/// # Errors
/// As [`server_config`].
pub fn server_config_presenting(
    presented: Arc<Presented>,
    participants: Vec<KeyDigest>,
    policy: PolicyHash,
) -> Result<ServerConfig, Error> {
    let provider = provider();
    let verifier = ParticipantVerifier::new(participants, &provider);
    let resolver = OwnNameOnly {
        policy,
        instance: InstanceId::from(presented.identity().key()),
        presented,
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Evidence is bound to one full handshake; what resumes another has no place here.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    config.send_half_rtt_data = false;
    Ok(config)
}

/// The participant's end.
///
/// As [`server_config`]; it accepts *any* isolate whose key signed the handshake, since which one
/// it is comes out only at the appraisal. See [`Session`](crate::Session).
///
/// # Errors
/// Only where the cryptographic library is not what this crate was built against.
pub fn client_config(identity: &Identity) -> Result<ClientConfig, Error> {
    let provider = provider();
    let verifier = IsolateVerifier::new(&provider);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(OneIdentity(identity.certified_key())));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.enable_sni = true;
    Ok(config)
}

/// aws-lc-rs, with nothing in it that the two ends would not choose themselves.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        // AES-128 is the fastest here; it is no weaker than the P-256 keys around it.
        cipher_suites: vec![
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ],
        // What is recorded today must not be readable by tomorrow's quantum computer: inputs are
        // worth protecting for longer than a run takes. The classic group is for other clients.
        kx_groups: vec![kx_group::X25519MLKEM768, kx_group::X25519],
        ..aws_lc_rs::default_provider()
    })
}

/// The isolate answers to its own names alone, and to those who speak [`ALPN`].
#[derive(Debug)]
struct OwnNameOnly {
    policy: PolicyHash,
    instance: InstanceId,
    presented: Arc<Presented>,
}

impl ResolvesServerCert for OwnNameOnly {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name: IsolateName = hello.server_name()?.parse().ok()?;
        let own = name.policy == self.policy
            && name
                .instance
                .is_none_or(|instance| instance == self.instance);
        // rustls refuses another protocol than ours, but would go on with none at all.
        (own && hello.alpn().is_some()).then(|| self.presented.certified_key())
    }
}

#[derive(Debug)]
struct OneIdentity(Arc<CertifiedKey>);

impl ResolvesClientCert for OneIdentity {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

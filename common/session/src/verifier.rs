//! Who may be at the other end of a handshake.
//!
//! Both verifiers check CertificateVerify: the key in the certificate signed *this* handshake.
//! A verifier that leaves that out accepts anybody who has seen the certificate once.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible,
    PeerMisbehaved, SignatureScheme,
};
use veracruz_policy::KeyDigest;

use crate::certificate::spki_of;

/// The isolate's: lets in those keys that the policy names.
///
/// A certificate's names, dates and issuers play no part: a participant *is* a key. Further
/// certificates that a client sends along are not looked at.
#[derive(Debug)]
pub(crate) struct ParticipantVerifier {
    participants: Vec<KeyDigest>,
    signatures: SignatureVerifier,
}

impl ParticipantVerifier {
    pub(crate) fn new(participants: Vec<KeyDigest>, provider: &CryptoProvider) -> Arc<Self> {
        Arc::new(Self {
            participants,
            signatures: SignatureVerifier::new(provider),
        })
    }
}

impl ClientCertVerifier for ParticipantVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // No names are given out: who takes part is nobody's business before the handshake.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let key = KeyDigest::of_spki(&spki_of(end_entity)?);
        if self.participants.contains(&key) {
            Ok(ClientCertVerified::assertion())
        } else {
            // The peer sees the alert `access_denied` at its first read.
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

/// The participant's: lets any isolate in whose key signed the handshake.
///
/// No isolate can be known before it is appraised. Until then the connection is only *private to
/// whoever holds that key*, and `veracruz-client` sends nothing over it but a nonce.
#[derive(Debug)]
pub(crate) struct IsolateVerifier {
    signatures: SignatureVerifier,
}

impl IsolateVerifier {
    pub(crate) fn new(provider: &CryptoProvider) -> Arc<Self> {
        Arc::new(Self {
            signatures: SignatureVerifier::new(provider),
        })
    }
}

impl ServerCertVerifier for IsolateVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        spki_of(end_entity)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

/// In TLS 1.3 a scheme names its curve too, so this admits no other key.
const SCHEMES: [SignatureScheme; 1] = [SignatureScheme::ECDSA_NISTP256_SHA256];

#[derive(Debug)]
struct SignatureVerifier(WebPkiSupportedAlgorithms);

impl SignatureVerifier {
    fn new(provider: &CryptoProvider) -> Self {
        Self(provider.signature_verification_algorithms)
    }

    fn verify(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !SCHEMES.contains(&signed.scheme) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        verify_tls13_signature(message, certificate, signed, &self.0)
    }
}

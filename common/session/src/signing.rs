//! The private key of an identity, in the three shapes in which it signs.

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use zeroize::Zeroizing;

/// An ECDSA P-256 private key.
///
/// It lives in memory of aws-lc alone, which wipes what it frees. TLS, JWS and certificates sign
/// with it where it is; nothing is handed a copy but who asks for [`PrivateKey::to_pkcs8`].
pub(crate) struct PrivateKey {
    /// Signs as DER: TLS and X.509.
    asn1: EcdsaKeyPair,
    /// Signs as r ‖ s: JWS and COSE.
    fixed: EcdsaKeyPair,
    spki: Vec<u8>,
}

/// The key did not parse, is of another curve, or the cryptographic library failed.
#[derive(Debug)]
pub(crate) struct KeyUnusable;

impl PrivateKey {
    pub(crate) fn generate() -> Result<Self, KeyUnusable> {
        let asn1 =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| KeyUnusable)?;
        Self::from_pair(asn1)
    }

    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyUnusable> {
        let asn1 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8)
            .map_err(|_| KeyUnusable)?;
        Self::from_pair(asn1)
    }

    fn from_pair(asn1: EcdsaKeyPair) -> Result<Self, KeyUnusable> {
        // The format of signatures is a property of aws-lc's key object, hence two of them. The
        // document between them is wiped when it is dropped.
        let pkcs8 = asn1.to_pkcs8v1().map_err(|_| KeyUnusable)?;
        let fixed = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())
            .map_err(|_| KeyUnusable)?;
        let spki = asn1
            .public_key()
            .as_der()
            .map_err(|_| KeyUnusable)?
            .as_ref()
            .to_vec();
        Ok(Self { asn1, fixed, spki })
    }

    /// The public half, as a DER SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// ES256: r ‖ s over the SHA-256 of `message` (RFC 7518, section 3.4).
    pub(crate) fn sign_fixed(&self, message: &[u8]) -> Result<[u8; 64], KeyUnusable> {
        let signature = self
            .fixed
            .sign(&SystemRandom::new(), message)
            .map_err(|_| KeyUnusable)?;
        signature.as_ref().try_into().map_err(|_| KeyUnusable)
    }

    fn sign_asn1(&self, message: &[u8]) -> Result<Vec<u8>, KeyUnusable> {
        let signature = self
            .asn1
            .sign(&SystemRandom::new(), message)
            .map_err(|_| KeyUnusable)?;
        Ok(signature.as_ref().to_vec())
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyUnusable> {
        let document = self.asn1.to_pkcs8v1().map_err(|_| KeyUnusable)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(P-256)")
    }
}

/// Self-signed certificates.
impl rcgen::PublicKeyData for PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        self.asn1.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.sign_asn1(message)
            .map_err(|KeyUnusable| rcgen::Error::RemoteKeyError)
    }
}

/// CertificateVerify of TLS.
#[derive(Debug)]
pub(crate) struct TlsKey(pub(crate) Arc<PrivateKey>);

impl SigningKey for TlsKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ECDSA_NISTP256_SHA256)
            .then(|| Box::new(TlsSigner(Arc::clone(&self.0))) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(SubjectPublicKeyInfoDer::from(self.0.spki()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

#[derive(Debug)]
struct TlsSigner(Arc<PrivateKey>);

impl Signer for TlsSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.0
            .sign_asn1(message)
            .map_err(|KeyUnusable| Error::General("signing failed".into()))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}

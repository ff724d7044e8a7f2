//! A party's key and the certificate that shows it.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use thiserror::Error;
use veracruz_policy::KeyDigest;
use x509_cert::der::pem::{self, LineEnding};
use zeroize::{Zeroize, Zeroizing};

use crate::certificate::spki_of;
use crate::signing::{KeyUnusable, PrivateKey, TlsKey};

/// A P-256 key and a self-signed X.509 certificate for it: a participant's, or an isolate's.
///
/// The key is the identity; the certificate is only the wrapping in which TLS wants to see it.
/// Cloning shares the key, which is wiped when the last clone is dropped.
#[derive(Clone)]
pub struct Identity {
    key: Arc<PrivateKey>,
    certificate: CertificateDer<'static>,
}

/// When a certificate is valid: seconds since 1970, UTC, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: u64,
    /// The last second.
    pub not_after: u64,
}

/// Why there is no identity.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The operating system or the cryptographic library failed; nobody's input did.
    #[error("no key could be made")]
    NoKey,
    /// The name does not fit into a certificate.
    #[error("no certificate can be made for {name:?}: {reason}")]
    Name {
        /// The name that was asked for.
        name: String,
        /// What the certificate's encoder says.
        reason: String,
    },
    /// The text holds no PEM block of this kind, or more than one, or a damaged one.
    #[error("expected exactly one PEM block {expected}, found {found}")]
    Pem {
        /// The block's label.
        expected: &'static str,
        /// What was found instead.
        found: String,
    },
    /// The private key is not PKCS #8 of ECDSA over P-256.
    #[error("the private key is not an ECDSA P-256 key in PKCS #8")]
    PrivateKey,
    /// The certificate is not X.509 v3 over a P-256 key, or has unknown critical extensions.
    #[error("the certificate is not X.509 v3 over an ECDSA P-256 key: {0}")]
    Certificate(rustls::Error),
    /// The certificate is somebody else's.
    #[error("the certificate is for the key {found}, the private key is {expected}")]
    OtherKey {
        /// Digest of the private key's public half.
        expected: KeyDigest,
        /// Digest of the certificate's key.
        found: KeyDigest,
    },
}

impl Identity {
    /// Makes a fresh key and a certificate without an end, whose common name is `name`.
    ///
    /// The name is for people who read the certificate; nothing here ever trusts it.
    ///
    /// # Errors
    /// [`IdentityError::NoKey`], [`IdentityError::Name`].
    pub fn generate(name: &str) -> Result<Self, IdentityError> {
        // "No well-defined expiration date", RFC 5280, section 4.1.2.5: 9999-12-31T23:59:59Z.
        Self::generate_valid(
            name,
            Validity {
                not_before: 0,
                not_after: 253_402_300_799,
            },
        )
    }

    /// As [`Identity::generate`], with dates, which `policy check` and clients look at.
    ///
    /// # Errors
    /// [`IdentityError::NoKey`], [`IdentityError::Name`].
    pub fn generate_valid(name: &str, validity: Validity) -> Result<Self, IdentityError> {
        let key = PrivateKey::generate().map_err(|KeyUnusable| IdentityError::NoKey)?;
        let certificate =
            self_signed(name, validity, &key).map_err(|reason| IdentityError::Name {
                name: name.to_owned(),
                reason,
            })?;
        Ok(Self {
            key: Arc::new(key),
            certificate,
        })
    }

    /// Reads a private key (`PRIVATE KEY`) and a certificate (`CERTIFICATE`), in any order.
    ///
    /// # Errors
    /// A block is missing, doubled or damaged; the key is not P-256; the two do not belong
    /// together.
    pub fn from_pem(pem: &[u8]) -> Result<Self, IdentityError> {
        let mut pkcs8 = one_block::<PrivatePkcs8KeyDer<'static>>(pem, "PRIVATE KEY")?;
        let key = PrivateKey::from_pkcs8(pkcs8.secret_pkcs8_der());
        pkcs8.zeroize();
        let key = key.map_err(|KeyUnusable| IdentityError::PrivateKey)?;
        let certificate = one_block::<CertificateDer<'static>>(pem, "CERTIFICATE")?;
        Self::from_parts(key, certificate)
    }

    fn from_parts(
        key: PrivateKey,
        certificate: CertificateDer<'static>,
    ) -> Result<Self, IdentityError> {
        let certified = spki_of(&certificate).map_err(IdentityError::Certificate)?;
        if certified != key.spki() {
            return Err(IdentityError::OtherKey {
                expected: KeyDigest::of_spki(key.spki()),
                found: KeyDigest::of_spki(&certified),
            });
        }
        Ok(Self {
            key: Arc::new(key),
            certificate,
        })
    }

    /// Key and certificate as PEM: secret, for a file that nobody else can read.
    ///
    /// # Errors
    /// [`IdentityError::NoKey`] where the library cannot write the key out.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, IdentityError> {
        let pkcs8 = self
            .key
            .to_pkcs8()
            .map_err(|KeyUnusable| IdentityError::NoKey)?;
        let key = Zeroizing::new(pem_block("PRIVATE KEY", &pkcs8)?);
        let certificate = self.certificate_pem()?;
        // Sized at once: a string that grows would leave the key in memory that it gave back.
        let mut text = Zeroizing::new(String::with_capacity(
            key.len().saturating_add(certificate.len()),
        ));
        text.push_str(&key);
        text.push_str(&certificate);
        Ok(text)
    }

    /// The certificate alone as PEM: what goes into the policy.
    ///
    /// # Errors
    /// [`IdentityError::NoKey`] where the library cannot write it out.
    pub fn certificate_pem(&self) -> Result<String, IdentityError> {
        pem_block("CERTIFICATE", &self.certificate)
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The public key, a DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        self.key.spki()
    }

    /// SHA-256 of [`Identity::spki`]: the name under which policies know this party.
    pub fn key(&self) -> KeyDigest {
        KeyDigest::of_spki(self.spki())
    }

    /// ES256 over `message`: r ‖ s, 32 bytes each, as JWS and COSE want it.
    ///
    /// # Errors
    /// [`IdentityError::NoKey`] where the library failed.
    pub fn sign_es256(&self, message: &[u8]) -> Result<[u8; 64], IdentityError> {
        self.key
            .sign_fixed(message)
            .map_err(|KeyUnusable| IdentityError::NoKey)
    }

    /// A request (PKCS #10, DER) for a certificate over this key, without a name or anything else:
    /// whoever certifies an isolate gets the name from its policy.
    ///
    /// # Errors
    /// [`IdentityError::NoKey`] where the library failed.
    pub fn certificate_request(&self) -> Result<Vec<u8>, IdentityError> {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let request = params
            .serialize_request(&*self.key)
            .map_err(|_| IdentityError::NoKey)?;
        Ok(request.der().to_vec())
    }

    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        self.certified_by(self.certificate.clone())
    }

    /// The key in another certificate, which the caller has seen to be for it.
    pub(crate) fn certified_by(&self, certificate: CertificateDer<'static>) -> Arc<CertifiedKey> {
        Arc::new(CertifiedKey::new(
            vec![certificate],
            Arc::new(TlsKey(Arc::clone(&self.key))),
        ))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.key()).finish()
    }
}

fn self_signed(
    name: &str,
    validity: Validity,
    key: &PrivateKey,
) -> Result<CertificateDer<'static>, String> {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |seconds: u64| {
        // The calendar of the certificate's encoder ends where X.509's ends.
        (seconds <= 253_402_300_799)
            .then(|| epoch + Duration::from_secs(seconds))
            .ok_or_else(|| "a date after the year 9999".to_owned())
    };
    let mut params = rcgen::CertificateParams::default();
    params.not_before = at(validity.not_before)?;
    params.not_after = at(validity.not_after)?;
    params.is_ca = rcgen::IsCa::ExplicitNoCa;
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    let certificate = params.self_signed(key).map_err(|error| error.to_string())?;
    Ok(certificate.der().clone())
}

fn one_block<T: PemObject>(pem: &[u8], expected: &'static str) -> Result<T, IdentityError> {
    let wrong = |found: String| IdentityError::Pem { expected, found };
    let mut blocks = T::pem_slice_iter(pem);
    let first = blocks
        .next()
        .ok_or_else(|| wrong("none".to_owned()))?
        .map_err(|error| wrong(format!("{error:?}")))?;
    match blocks.next() {
        None => Ok(first),
        Some(_) => Err(wrong("several".to_owned())),
    }
}

/// RFC 7468.
fn pem_block(label: &'static str, der: &[u8]) -> Result<String, IdentityError> {
    pem::encode_string(label, LineEnding::LF, der).map_err(|_| IdentityError::NoKey)
}

//! What an identity's file says to everybody: its certificate.

use std::path::Path;

use veracruz_policy::{KeyDigest, Timestamp};
use x509_cert::Certificate;
use x509_cert::der::asn1::Any;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{DecodePem as _, Encode as _};

use super::{pem, read, unusable};
use crate::error::Error;

/// commonName (RFC 5280, appendix A.1).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// What is known of an identity without its passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// The certificate's common name, for people; nothing trusts it.
    pub name: Option<String>,
    /// By which policies know the party.
    pub key: KeyDigest,
    /// The first moment of the certificate.
    pub not_before: Timestamp,
    /// The last moment of the certificate.
    pub not_after: Timestamp,
    /// Whether the key is under a passphrase.
    pub sealed: bool,
    /// The certificate, PEM.
    pub certificate: String,
}

/// Reads what an identity's file says without its key, and so without a passphrase. Whether the
/// key belongs to the certificate is seen when it is loaded.
///
/// # Errors
/// As [`load`](super::load), but those of passphrases.
pub fn describe(path: &Path) -> Result<Description, Error> {
    let text = read(path)?;
    let text = std::str::from_utf8(&text).map_err(|_| unusable(path, &"it is not PEM"))?;
    pem::check(path, text)?;
    let damaged = || unusable(path, &"its certificate is damaged");
    let certificate = pem::certificate(text).ok_or_else(damaged)?;
    let parsed = Certificate::from_pem(certificate).map_err(|_| damaged())?;
    let body = parsed.tbs_certificate();
    let spki = body.subject_public_key_info().to_der();
    let moment = |time: x509_cert::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs());
        seconds.map(Timestamp::from_seconds).map_err(|_| damaged())
    };
    let name = body
        .subject()
        .iter()
        .find(|attribute| attribute.oid == COMMON_NAME)
        .and_then(|attribute| text_of(&attribute.value));
    Ok(Description {
        name,
        key: KeyDigest::of_spki(&spki.map_err(|_| damaged())?),
        not_before: moment(body.validity().not_before)?,
        not_after: moment(body.validity().not_after)?,
        sealed: pem::is_sealed(text),
        certificate: certificate.to_owned(),
    })
}

/// The string types that common names have in practice (RFC 5280, section 4.1.2.4).
fn text_of(value: &Any) -> Option<String> {
    std::str::from_utf8(value.value()).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Passphrase, create_sealed};
    use veracruz_session::Validity;

    #[test]
    fn a_sealed_identity_says_whose_it_is_without_the_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.pem");
        let validity = Validity {
            not_before: 1_700_000_000,
            not_after: 1_800_000_000,
        };
        let passphrase = Passphrase::new("open sesame").unwrap();
        let made = create_sealed(&path, "Acme AG", Some(validity), Some(&passphrase)).unwrap();
        let description = describe(&path).unwrap();
        assert_eq!(description.name.as_deref(), Some("Acme AG"));
        assert_eq!(description.key, made.key());
        assert_eq!(description.not_before.to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(description.not_after.to_string(), "2027-01-15T08:00:00Z");
        assert!(description.sealed);
        assert_eq!(description.certificate, made.certificate_pem().unwrap());
    }
}

//! Participants' certificates.

use alloc::{string::ToString as _, vec::Vec};

use p256::pkcs8::ObjectIdentifier;
use x509_cert::{
    Certificate, TbsCertificate, Version,
    der::{Decode as _, Encode as _},
    ext::{Extension, pkix::BasicConstraints},
};

use crate::{
    Cause, Timestamp,
    key::{self, Curves},
    pem::{Block, one_block},
};

/// What a policy keeps of a certificate.
pub(crate) struct Parsed {
    pub(crate) certificate: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

/// Extensions that TLS libraries understand, so that they may be critical (RFC 5280, section 4.2.1):
/// subjectAltName, keyUsage, basicConstraints, extKeyUsage.
const UNDERSTOOD: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
];

/// basicConstraints (RFC 5280, section 4.2.1.9).
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// nameConstraints (RFC 5280, section 4.2.1.10): authorities alone have it, and it is critical.
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");

/// Reads exactly one PEM block with an X.509 v3 certificate for an ECDSA key on P-256.
///
/// Its signature and its dates are not looked at: nobody vouches for a participant's key but the
/// policy that names it.
pub(crate) fn parse(text: &str) -> Result<Parsed, Cause> {
    let (der, certificate) = decode(text)?;
    let body = certificate.tbs_certificate();
    check_extensions(extensions(body), &UNDERSTOOD)?;
    key::check(body.subject_public_key_info(), Curves::P256)?;
    parsed(der, body)
}

/// Reads exactly one PEM block with the X.509 v3 certificate of an authority (its basicConstraints
/// say so) that has an ECDSA key on P-256.
pub(crate) fn parse_authority(text: &str) -> Result<Parsed, Cause> {
    let (der, certificate) = decode(text)?;
    let body = certificate.tbs_certificate();
    let [a, b, c, d] = UNDERSTOOD;
    check_extensions(extensions(body), &[a, b, c, d, NAME_CONSTRAINTS])?;
    key::check(body.subject_public_key_info(), Curves::P256)?;
    let constraints = extensions(body)
        .iter()
        .find(|extension| extension.extn_id == BASIC_CONSTRAINTS)
        .and_then(|found| BasicConstraints::from_der(found.extn_value.as_bytes()).ok());
    match constraints {
        Some(BasicConstraints { ca: true, .. }) => parsed(der, body),
        _ => Err(Cause::NotAnAuthority),
    }
}

/// What is kept of it.
fn parsed(der: Vec<u8>, body: &TbsCertificate) -> Result<Parsed, Cause> {
    let spki = body
        .subject_public_key_info()
        .to_der()
        .map_err(|_| invalid("the key is not in DER's one encoding"))?;
    let validity = body.validity();
    Ok(Parsed {
        spki,
        not_before: timestamp(validity.not_before)?,
        not_after: timestamp(validity.not_after)?,
        certificate: der,
    })
}

/// One certificate of version 3, and its DER.
fn decode(text: &str) -> Result<(Vec<u8>, Certificate), Cause> {
    let der = one_block(text, Block::Certificate).map_err(invalid)?;
    let certificate = Certificate::from_der(&der)
        .map_err(|_| invalid("the block is not a certificate in DER"))?;
    if certificate.to_der().ok().as_deref() != Some(&der) {
        return Err(invalid("the certificate is not in DER's one encoding"));
    }
    check_version(certificate.tbs_certificate())?;
    Ok((der, certificate))
}

fn extensions(body: &TbsCertificate) -> &[Extension] {
    body.extensions().map_or(&[][..], Vec::as_slice)
}

fn invalid(reason: &'static str) -> Cause {
    Cause::InvalidCertificate { reason }
}

fn check_version(body: &TbsCertificate) -> Result<(), Cause> {
    match body.version() {
        Version::V3 => Ok(()),
        Version::V2 => Err(Cause::CertificateVersion { found: 2 }),
        Version::V1 => Err(Cause::CertificateVersion { found: 1 }),
    }
}

fn check_extensions(
    extensions: &[Extension],
    understood: &[ObjectIdentifier],
) -> Result<(), Cause> {
    for (index, extension) in extensions.iter().enumerate() {
        let refused = |reason| Cause::CertificateExtension {
            oid: extension.extn_id.to_string(),
            reason,
        };
        let earlier = extensions.get(..index).unwrap_or_default();
        if earlier
            .iter()
            .any(|other| other.extn_id == extension.extn_id)
        {
            return Err(refused("stands there twice"));
        }
        if extension.critical && !understood.contains(&extension.extn_id) {
            return Err(refused("is critical, and TLS does not understand it"));
        }
    }
    Ok(())
}

fn timestamp(time: x509_cert::time::Time) -> Result<Timestamp, Cause> {
    i64::try_from(time.to_unix_duration().as_secs())
        .map(Timestamp::from_seconds)
        .map_err(|_| invalid("its validity is out of range"))
}

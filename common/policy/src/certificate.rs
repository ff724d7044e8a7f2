//! Participants' certificates.

use alloc::{string::ToString as _, vec::Vec};

use p256::pkcs8::ObjectIdentifier;
use x509_cert::{
    Certificate, TbsCertificate, Version,
    der::{Decode as _, Encode as _, pem},
    ext::Extension,
    spki::SubjectPublicKeyInfoOwned,
};

use crate::{Cause, Timestamp};

/// What a policy keeps of a certificate.
pub(crate) struct Parsed {
    pub(crate) certificate: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// id-ecPublicKey (RFC 5480, section 2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1 (RFC 5480, section 2.1.1.1).
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// Extensions that TLS libraries understand, so that they may be critical (RFC 5280, section 4.2.1):
/// subjectAltName, keyUsage, basicConstraints, extKeyUsage.
const UNDERSTOOD: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
];

/// Bytes of an uncompressed point on P-256 (SEC 1, section 2.3.3).
const UNCOMPRESSED_POINT: usize = 65;

/// Reads exactly one PEM block with an X.509 v3 certificate for an ECDSA key on P-256.
///
/// Its signature and its dates are not looked at: nobody vouches for a participant's key but the
/// policy that names it.
pub(crate) fn parse(text: &str) -> Result<Parsed, Cause> {
    let der = one_block(text)?;
    let certificate = Certificate::from_der(&der)
        .map_err(|_| invalid("the block is not a certificate in DER"))?;
    if certificate.to_der().ok().as_deref() != Some(&der) {
        return Err(invalid("the certificate is not in DER's one encoding"));
    }
    let body = certificate.tbs_certificate();
    check_version(body)?;
    check_extensions(body.extensions().map_or(&[][..], Vec::as_slice))?;
    let key = body.subject_public_key_info();
    check_key(key)?;
    let spki = key
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

fn invalid(reason: &'static str) -> Cause {
    Cause::InvalidCertificate { reason }
}

/// RFC 7468 allows text around a block, which readers skip; here nothing is skipped.
fn one_block(text: &str) -> Result<Vec<u8>, Cause> {
    let text = text.trim_end_matches(['\r', '\n']);
    if !text.starts_with(BEGIN) {
        return Err(invalid(
            "it does not start with -----BEGIN CERTIFICATE-----",
        ));
    }
    if !text.ends_with(END) {
        return Err(invalid("it does not end with -----END CERTIFICATE-----"));
    }
    if text.matches("-----BEGIN").count() > 1 {
        return Err(invalid("there is more than one block"));
    }
    match pem::decode_vec(text.as_bytes()) {
        Ok(("CERTIFICATE", der)) => Ok(der),
        _ => Err(invalid("the block is not base64 in lines of one length")),
    }
}

fn check_version(body: &TbsCertificate) -> Result<(), Cause> {
    match body.version() {
        Version::V3 => Ok(()),
        Version::V2 => Err(Cause::CertificateVersion { found: 2 }),
        Version::V1 => Err(Cause::CertificateVersion { found: 1 }),
    }
}

fn check_extensions(extensions: &[Extension]) -> Result<(), Cause> {
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
        if extension.critical && !UNDERSTOOD.contains(&extension.extn_id) {
            return Err(refused("is critical, and TLS does not understand it"));
        }
    }
    Ok(())
}

fn check_key(key: &SubjectPublicKeyInfoOwned) -> Result<(), Cause> {
    if key.algorithm.oid != EC_PUBLIC_KEY {
        return Err(Cause::KeyNotSupported {
            found: key.algorithm.oid.to_string(),
        });
    }
    let curve = key
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
    match curve {
        Some(P_256) => {}
        Some(other) => {
            return Err(Cause::KeyNotSupported {
                found: other.to_string(),
            });
        }
        None => return Err(Cause::InvalidKey),
    }
    let point = key
        .subject_public_key
        .as_bytes()
        .filter(|point| point.len() == UNCOMPRESSED_POINT)
        .ok_or(Cause::InvalidKey)?;
    p256::PublicKey::from_sec1_bytes(point)
        .map(|_| ())
        .map_err(|_| Cause::InvalidKey)
}

fn timestamp(time: x509_cert::time::Time) -> Result<Timestamp, Cause> {
    i64::try_from(time.to_unix_duration().as_secs())
        .map(Timestamp::from_seconds)
        .map_err(|_| invalid("its validity is out of range"))
}

//! Certificate requests: PKCS #10 (RFC 2986), of which a key and the proof that its owner sent it
//! are taken, and nothing else.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use veracruz_evidence::spki;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::request::CertReq;

/// A request without anything but a key has 170 bytes or so.
const MAX_REQUEST_BYTES: usize = 4096;

/// RFC 5758, section 3.2.
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// A key whose owner asked for a certificate. Only [`ProvenRequest::parse`] makes one.
#[derive(Debug)]
pub(crate) struct ProvenRequest {
    spki: Vec<u8>,
    /// The point alone, uncompressed (SEC 1 section 2.3.3).
    point: Vec<u8>,
}

/// A certificate request that is not good. Whoever made it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not a request in DER.
    #[error("expected a PKCS #10 request in DER of at most {MAX_REQUEST_BYTES} bytes: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// For another kind of key.
    #[error("expected a P-256 key and ECDSA with SHA-256, found another {what}")]
    Algorithm {
        /// What is of another kind.
        what: &'static str,
    },
    /// It asks for a name, or for something else that is not its to choose.
    #[error("expected a request for a key alone, found {what}: names come from the evidence")]
    AsksForMore {
        /// What it asks for.
        what: &'static str,
    },
    /// Its key did not sign it.
    #[error("the request is not signed by its own key")]
    NoPossession,
}

impl ProvenRequest {
    /// Reads a request and checks that its key signed it.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub(crate) fn parse(der: &[u8]) -> Result<Self, RequestError> {
        let malformed = |reason: String| RequestError::Malformed { reason };
        if der.len() > MAX_REQUEST_BYTES {
            return Err(malformed(format!("{} bytes", der.len())));
        }
        let request = CertReq::from_der(der).map_err(|error| malformed(error.to_string()))?;
        if request.algorithm.oid != ECDSA_WITH_SHA256 {
            return Err(RequestError::Algorithm { what: "signature" });
        }
        let encode = |error: x509_cert::der::Error| malformed(error.to_string());
        let spki = request.info.public_key.to_der().map_err(encode)?;
        let key: VerifyingKey =
            spki::parse_p256(&spki).map_err(|_| RequestError::Algorithm { what: "key" })?;
        if !request.info.subject.is_empty() {
            return Err(RequestError::AsksForMore { what: "a subject" });
        }
        if !request.info.attributes.is_empty() {
            return Err(RequestError::AsksForMore { what: "attributes" });
        }
        let signed = request.info.to_der().map_err(encode)?;
        let signature = request
            .signature
            .as_bytes()
            .and_then(|bytes| DerSignature::from_bytes(bytes).ok())
            .ok_or(RequestError::NoPossession)?;
        key.verify(&signed, &signature)
            .map_err(|_| RequestError::NoPossession)?;
        let point = key.to_sec1_point(false).as_bytes().to_vec();
        Ok(Self { spki, point })
    }

    /// The key, a DER SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }
}

/// For the certificate's encoder.
impl rcgen::PublicKeyData for ProvenRequest {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P384_SHA384};

    fn bare() -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
    }

    fn request(params: &CertificateParams, key: &KeyPair) -> Vec<u8> {
        params.serialize_request(key).unwrap().der().to_vec()
    }

    #[test]
    fn a_request_gives_its_key_and_nothing_else() {
        let key = KeyPair::generate().unwrap();
        let request = ProvenRequest::parse(&request(&bare(), &key)).unwrap();
        assert_eq!(
            request.spki(),
            rcgen::PublicKeyData::subject_public_key_info(&key)
        );
    }

    #[test]
    fn refuses_a_request_that_asks_for_names() {
        let key = KeyPair::generate().unwrap();
        let mut named = bare();
        named
            .distinguished_name
            .push(DnType::CommonName, "bank.example");
        assert_eq!(
            ProvenRequest::parse(&request(&named, &key)).unwrap_err(),
            RequestError::AsksForMore { what: "a subject" }
        );
        let mut alternative = CertificateParams::new(vec!["bank.example".to_owned()]).unwrap();
        alternative.distinguished_name = DistinguishedName::new();
        assert_eq!(
            ProvenRequest::parse(&request(&alternative, &key)).unwrap_err(),
            RequestError::AsksForMore { what: "attributes" }
        );
    }

    #[test]
    fn refuses_a_key_whose_owner_did_not_ask() {
        let (mine, theirs) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut forged = request(&bare(), &mine);
        let swap = |key: &KeyPair| rcgen::PublicKeyData::der_bytes(key).to_vec();
        let (from, to) = (swap(&mine), swap(&theirs));
        let at = forged
            .windows(from.len())
            .position(|window| window == from)
            .unwrap();
        forged[at..at + to.len()].copy_from_slice(&to);
        assert_eq!(
            ProvenRequest::parse(&forged).unwrap_err(),
            RequestError::NoPossession
        );
    }

    #[test]
    fn refuses_other_algorithms_and_other_bytes() {
        let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        assert_eq!(
            ProvenRequest::parse(&request(&bare(), &p384)).unwrap_err(),
            RequestError::Algorithm { what: "signature" }
        );
        let good = request(&bare(), &KeyPair::generate().unwrap());
        for at in 0..good.len() {
            assert!(ProvenRequest::parse(&good[..at]).is_err());
            let mut mutant = good.clone();
            mutant[at] ^= 1;
            assert!(ProvenRequest::parse(&mutant).is_err(), "byte {at}");
        }
        assert!(ProvenRequest::parse(&vec![0x30; MAX_REQUEST_BYTES + 1]).is_err());
        assert!(ProvenRequest::parse(&[good.as_slice(), b"\0"].concat()).is_err());
    }
}

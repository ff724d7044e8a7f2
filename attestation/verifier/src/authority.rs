//! The authority that certifies isolates, for an hour each.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use veracruz_appraisal::ear::CWT_MEDIA_TYPE;
use veracruz_evidence::cbor::Writer;
use veracruz_policy::KeyDigest;
use veracruz_session::{DOMAIN, server_name};
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::{Decode as _, Encode as _};

use crate::keys::ResultKey;
use crate::request::ProvenRequest;
use crate::{Verdict, VerifierError};

/// How long a certificate is good, in seconds.
pub const CERTIFICATE_SECONDS: u64 = 3600;

/// The extension with what was found: `id-pe-cmw` (draft-ietf-rats-msg-wrap, section 4.4), an octet
/// string that holds the CBOR `[media type, EAR as CWT, 8 (attestation results)]`. Platform and
/// measurement stand in that result.
pub const CMW_EXTENSION: &str = "1.3.6.1.5.5.7.1.35";

const CMW_EXTENSION_ARCS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 35];
/// The indicator of attestation results in a conceptual message wrapper: bit 3.
const RESULTS: u64 = 8;

/// Clocks that are behind ours by this much take a new certificate, in seconds.
const BACKDATED: u64 = 60;
/// RFC 5280, section 4.1.2.2: at most 20 bytes. 16 of them random.
const SERIAL_BYTES: usize = 16;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// An issuing authority: it can certify names of isolates, and no others.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

/// A certificate that was issued.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) certificate: Vec<u8>,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

/// Why no certificate was issued for a good verdict. A fault of ours, but for `OtherKey`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    #[error("the verdict is not about a key that is to be certified")]
    OtherPurpose,
    #[error("the verdict is about the key {expected:?}, the request about {found}")]
    OtherKey {
        expected: Option<KeyDigest>,
        found: KeyDigest,
    },
    #[error("no certificate could be made: {0}")]
    Failed(String),
}

impl Authority {
    /// Makes the certificate of a new authority for `key`: self-signed, PEM, for ten years.
    ///
    /// It is constrained to names under `veracruz.internal`, to certificates of servers, and to
    /// issuing them itself. It belongs into `--cacert`, never into the system's store.
    ///
    /// # Errors
    /// `File` where the key cannot be read, `Authority` where no certificate can be made.
    pub fn create(name: &str, key_pem: &str) -> Result<String, VerifierError> {
        let failed = |error: rcgen::Error| VerifierError::Authority {
            expected: "a certificate",
            found: error.to_string(),
        };
        let key = KeyPair::from_pkcs8_pem_and_sign_algo(key_pem, &rcgen::PKCS_ECDSA_P256_SHA256)
            .map_err(failed)?;
        let mut params = CertificateParams::default();
        let now = u64::try_from(crate::verdict::now().seconds()).unwrap_or(0);
        let at = |seconds| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
        params.not_before = at(now.saturating_sub(BACKDATED));
        params.not_after = at(now.saturating_add(10 * 365 * 24 * 3600));
        params.serial_number = Some(serial().map_err(|()| VerifierError::Authority {
            expected: "randomness",
            found: "none".into(),
        })?);
        params.distinguished_name = common_name(&format!("Veracruz isolates by {name}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName(DOMAIN.into())],
            excluded_subtrees: vec![],
        });
        Ok(params.self_signed(&key).map_err(failed)?.pem())
    }

    /// An authority from its key and its certificate, PEM.
    ///
    /// # Errors
    /// `Authority` where the certificate is for another key, or is not constrained to isolates:
    /// another one would let this service, or whoever steals its key, speak for any server.
    pub(crate) fn new(key: KeyPair, certificate_pem: &[u8]) -> Result<Self, VerifierError> {
        use rustls::pki_types::pem::PemObject as _;
        let wrong = |expected, found: String| VerifierError::Authority { expected, found };
        let der = CertificateDer::from_pem_slice(certificate_pem)
            .map_err(|error| wrong("a certificate in PEM", format!("{error:?}")))?;
        let certificate = Certificate::from_der(&der)
            .map_err(|error| wrong("an X.509 certificate", error.to_string()))?;
        let body = certificate.tbs_certificate();
        let spki = body.subject_public_key_info().to_der();
        let own = rcgen::PublicKeyData::subject_public_key_info(&key);
        if spki.ok().as_deref() != Some(own.as_slice()) {
            return Err(wrong("the certificate of ca_key", "another key".into()));
        }
        let extension = |wanted: ObjectIdentifier, critical: bool, expected: &'static str| {
            let found = body.extensions().into_iter().flatten();
            let found: Vec<_> = found.filter(|one| one.extn_id == wanted).collect();
            match found.as_slice() {
                [one] if one.critical || !critical => Ok(one.extn_value.as_bytes()),
                _ => Err(wrong(expected, "none, or one that is not critical".into())),
            }
        };
        // Compared as DER: each of these has one encoding.
        let expected = [
            (
                BASIC_CONSTRAINTS,
                true,
                "basicConstraints of an authority with path length 0, critical",
                vec![0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00],
            ),
            (
                NAME_CONSTRAINTS,
                true,
                "nameConstraints that permit veracruz.internal alone, critical",
                permitted_names(),
            ),
            (
                EXTENDED_KEY_USAGE,
                false,
                "extKeyUsage serverAuth alone",
                vec![
                    0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01,
                ],
            ),
            (
                KEY_USAGE,
                true,
                "keyUsage keyCertSign alone, critical",
                vec![0x03, 0x02, 0x02, 0x04],
            ),
        ];
        for (wanted, critical, what, value) in expected {
            let found = extension(wanted, critical, what)?;
            if found != value {
                return Err(wrong(what, data_encoding::HEXLOWER.encode(found)));
            }
        }
        let key_id = extension(SUBJECT_KEY_ID, false, "a subjectKeyIdentifier")?;
        let key_id = OctetString::from_der(key_id)
            .map_err(|error| wrong("a subjectKeyIdentifier", error.to_string()))?;
        let mut issuer = CertificateParams::default();
        issuer.distinguished_name = common_name(&own_name(body)?);
        issuer.key_identifier_method = KeyIdMethod::PreSpecified(key_id.as_bytes().to_vec());
        issuer.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Ok(Self {
            issuer: Issuer::new(issuer, key),
            certificate: der,
        })
    }

    /// The authority's certificate, DER: what policies name as `ca`.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Certifies the key that a verdict is about, under the name that the verdict gives it. The
    /// verdict is used up.
    pub(crate) fn issue(
        &self,
        verdict: Verdict,
        request: &ProvenRequest,
        results: &ResultKey,
    ) -> Result<Issued, IssueError> {
        let found = KeyDigest::of_spki(request.spki());
        if !verdict.is_for_certificate() {
            return Err(IssueError::OtherPurpose);
        }
        if verdict.isolate() != Some(found) {
            return Err(IssueError::OtherKey {
                expected: verdict.isolate(),
                found,
            });
        }
        let failed = |error: rcgen::Error| IssueError::Failed(error.to_string());
        let name = server_name(&verdict.appraised().policy(), None);
        let now = u64::try_from(verdict.appraised().at().seconds()).unwrap_or(0);
        let expires = now.saturating_add(CERTIFICATE_SECONDS - BACKDATED);
        let mut params = CertificateParams::default();
        let at = |seconds| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
        // From its first second to its last, an hour.
        params.not_before = at(now.saturating_sub(BACKDATED));
        params.not_after = at(expires);
        params.serial_number =
            Some(serial().map_err(|()| IssueError::Failed("no randomness".into()))?);
        // No subject, so the alternative name is critical (RFC 5280, section 4.2.1.6).
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = vec![SanType::DnsName(name.try_into().map_err(failed)?)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.custom_extensions = vec![CustomExtension::from_oid_content(
            CMW_EXTENSION_ARCS,
            wrapped(&results.sign_cwt(&verdict)).map_err(IssueError::Failed)?,
        )];
        let certificate = params.signed_by(request, &self.issuer).map_err(failed)?;
        Ok(Issued {
            certificate: certificate.der().to_vec(),
            expires: i64::try_from(expires).unwrap_or(i64::MAX),
        })
    }
}

/// A result in its wrapper, as the value of [`CMW_EXTENSION`].
fn wrapped(result: &[u8]) -> Result<Vec<u8>, String> {
    let cbor = Writer::encode(|w| {
        w.array(3);
        w.text(CWT_MEDIA_TYPE);
        w.bytes(result);
        w.unsigned(RESULTS);
    });
    OctetString::new(cbor)
        .and_then(|octets| octets.to_der())
        .map_err(|error| error.to_string())
}

/// NameConstraints (RFC 5280, section 4.2.1.10) with one permitted DNS name.
fn permitted_names() -> Vec<u8> {
    fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
        // All of these have fewer than 128 bytes.
        let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
        [&[tag, length], content].concat()
    }
    let name = tagged(0x82, DOMAIN.as_bytes());
    tagged(0x30, &tagged(0xa0, &tagged(0x30, &name)))
}

/// The one name that the authority has.
fn own_name(body: &x509_cert::TbsCertificate) -> Result<String, VerifierError> {
    let wrong = || VerifierError::Authority {
        expected: "a subject with one common name in UTF-8",
        found: body.subject().to_string(),
    };
    let mut attributes = body.subject().iter();
    let (Some(only), None) = (attributes.next(), attributes.next()) else {
        return Err(wrong());
    };
    if only.oid != COMMON_NAME {
        return Err(wrong());
    }
    let text = only
        .value
        .decode_as::<x509_cert::der::asn1::Utf8StringRef<'_>>()
        .map_err(|_| wrong())?;
    Ok(text.as_str().to_owned())
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Random, so that nobody can compute the bytes of a certificate before it is signed.
fn serial() -> Result<SerialNumber, ()> {
    let mut bytes = [0; SERIAL_BYTES];
    getrandom::fill(&mut bytes).map_err(drop)?;
    // Positive, and of the same length always.
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

//! What a piece of collateral is, in words. Nobody's judgement rests on it.

use std::fmt;

use data_encoding::HEXLOWER;
use serde_json::Value;
use veracruz_appraisal::Collateral;
use veracruz_policy::{KeyDigest, Timestamp};
use x509_cert::Certificate;
use x509_cert::certificate::Rfc5280;
use x509_cert::crl::CertificateList;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode as _, DecodePem as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::time::Time;

/// Intel's extension of PCK certificates with the FMSPC in it (SGX PCK certificate specification).
const INTEL_SGX: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");
/// DER of the FMSPC's identifier, 1.2.840.113741.1.13.1.4, and of the OCTET STRING of 6 bytes after it.
const INTEL_FMSPC: &[u8] = &[
    0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x04, 0x04, 0x06,
];
/// AMD's `productName` of VCEK and VLEK certificates (AMD 57230, section 3.1).
const AMD_PRODUCT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
/// AMD's `hwID` of VCEK certificates.
const AMD_CHIP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");

/// Longest text that is taken over from a certificate or a document.
const MAX_TEXT: usize = 160;

/// The digest by which policies name the key in a certificate, PEM or DER: as `ak_roots` and
/// `ek_roots` have it. `None` where that is no certificate.
#[must_use]
pub fn certified_key(certificate: &[u8]) -> Option<KeyDigest> {
    let certificate = Certificate::from_der(certificate)
        .or_else(|_| Certificate::from_pem(certificate))
        .ok()?;
    let spki = certificate.tbs_certificate().subject_public_key_info();
    Some(KeyDigest::of_spki(&spki.to_der().ok()?))
}

/// What kind of piece it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CollateralKind {
    /// An X.509 certificate.
    Certificate,
    /// A list of revoked certificates.
    RevocationList,
    /// Intel's TCB info: which patch levels are good.
    TcbInfo,
    /// Intel's identity of a quoting enclave.
    QeIdentity,
    /// Another JSON document.
    Document,
    /// A bare public key, for technologies whose vendors have no root.
    Key,
}

impl fmt::Display for CollateralKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Certificate => "certificate",
            Self::RevocationList => "revocation list",
            Self::TcbInfo => "TCB info",
            Self::QeIdentity => "QE identity",
            Self::Document => "document",
            Self::Key => "public key",
        })
    }
}

/// One thing in a file of collateral, as it says of itself: nothing is verified here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralPiece {
    /// What kind it is.
    pub kind: CollateralKind,
    /// Whose it is: a subject, an issuer, an identity, a digest.
    pub name: String,
    /// For which platform: FMSPC, product, chip. Empty where it does not say.
    pub platform: String,
    /// From when it is valid.
    pub from: Option<Timestamp>,
    /// Until when it is valid.
    pub until: Option<Timestamp>,
}

impl CollateralPiece {
    /// Whether it is over at `now`, so that an appraisal at that time refuses it.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until < now)
    }
}

/// Everything in `collateral`, in the order of its accessors.
pub(super) fn pieces(collateral: &Collateral) -> Vec<CollateralPiece> {
    let certificates = collateral.certificates().iter().map(|der| certificate(der));
    let lists = collateral
        .revocation_lists()
        .iter()
        .map(|der| revocation_list(der));
    let documents = collateral.documents().iter().map(|json| document(json));
    let keys = collateral.keys().iter().map(|key| CollateralPiece {
        kind: CollateralKind::Key,
        name: format!("SHA-256 of the SPKI {}", key.digest()),
        platform: String::new(),
        from: None,
        until: None,
    });
    certificates
        .chain(lists)
        .chain(documents)
        .chain(keys)
        .collect()
}

fn certificate(der: &[u8]) -> CollateralPiece {
    let mut piece = CollateralPiece {
        kind: CollateralKind::Certificate,
        name: "unreadable".into(),
        platform: String::new(),
        from: None,
        until: None,
    };
    if let Ok(parsed) = Certificate::from_der(der) {
        let body = parsed.tbs_certificate();
        piece.name = short(&body.subject().to_string());
        piece.from = Some(timestamp(&body.validity().not_before));
        piece.until = Some(timestamp(&body.validity().not_after));
        let extensions = body.extensions().map_or(&[][..], Vec::as_slice);
        piece.platform = platform(extensions);
    }
    piece
}

/// The platform that a vendor's extensions name.
fn platform(extensions: &[Extension]) -> String {
    let mut said = Vec::new();
    for extension in extensions {
        let value = extension.extn_value.as_bytes();
        if extension.extn_id == INTEL_SGX {
            said.extend(fmspc(value).map(|fmspc| format!("FMSPC {fmspc}")));
        } else if extension.extn_id == AMD_PRODUCT {
            // An IA5String, sometimes wrapped: what can be printed of it is the name.
            let printable = value.iter().filter(|byte| byte.is_ascii_graphic());
            said.push(short(
                &printable.map(|byte| char::from(*byte)).collect::<String>(),
            ));
        } else if extension.extn_id == AMD_CHIP {
            let id = value.get(value.len().saturating_sub(64)..).unwrap_or(value);
            said.push(format!("chip {}", HEXLOWER.encode(id)));
        }
    }
    said.join(", ")
}

fn fmspc(extension: &[u8]) -> Option<String> {
    let at = extension
        .windows(INTEL_FMSPC.len())
        .position(|window| window == INTEL_FMSPC)?;
    let rest = extension.get(at..)?.get(INTEL_FMSPC.len()..)?;
    rest.get(..6).map(|fmspc| HEXLOWER.encode(fmspc))
}

fn revocation_list(der: &[u8]) -> CollateralPiece {
    let parsed = CertificateList::<Rfc5280>::from_der(der).ok();
    let list = parsed.as_ref().map(|parsed| &parsed.tbs_cert_list);
    CollateralPiece {
        kind: CollateralKind::RevocationList,
        name: list.map_or_else(
            || "unreadable".into(),
            |list| format!("of {}", short(&list.issuer.to_string())),
        ),
        platform: String::new(),
        from: list.map(|list| timestamp(&list.this_update)),
        until: list.and_then(|list| list.next_update.as_ref().map(timestamp)),
    }
}

/// Intel's documents: `tcbInfo` and `enclaveIdentity` as the provisioning service gives them.
fn document(json: &[u8]) -> CollateralPiece {
    let value: Value = serde_json::from_slice(json).unwrap_or(Value::Null);
    let (kind, body) = match (value.get("tcbInfo"), value.get("enclaveIdentity")) {
        (Some(body), _) => (CollateralKind::TcbInfo, body),
        (None, Some(body)) => (CollateralKind::QeIdentity, body),
        (None, None) => (CollateralKind::Document, &value),
    };
    let text = |field: &str| body.get(field).and_then(Value::as_str);
    let date = |field: &str| text(field).and_then(|text| text.parse::<Timestamp>().ok());
    CollateralPiece {
        kind,
        name: short(text("id").unwrap_or_default()),
        platform: text("fmspc").map_or_else(String::new, |fmspc| {
            format!("FMSPC {}", short(&fmspc.to_ascii_lowercase()))
        }),
        from: date("issueDate"),
        until: date("nextUpdate"),
    }
}

fn timestamp(time: &Time) -> Timestamp {
    let seconds = time.to_unix_duration().as_secs();
    Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// Text of a stranger: one line, without control characters, of bounded length.
fn short(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(MAX_TEXT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tcb_info_tells_its_platform_and_its_dates() {
        let json = br#"{"tcbInfo":{"id":"TDX","version":3,"issueDate":"2025-06-19T10:03:05Z",
            "nextUpdate":"2025-07-19T10:03:05Z","fmspc":"00806F050000"},"signature":"00"}"#;
        let piece = document(json);
        assert_eq!(piece.kind, CollateralKind::TcbInfo);
        assert_eq!(
            (&*piece.name, &*piece.platform),
            ("TDX", "FMSPC 00806f050000")
        );
        let until: Timestamp = "2025-07-19T10:03:05Z".parse().unwrap();
        assert_eq!(piece.until, Some(until));
        assert!(!piece.expired(until), "the last moment counts");
        assert!(piece.expired(Timestamp::from_seconds(until.seconds() + 1)));
    }

    #[test]
    fn text_of_strangers_is_one_bounded_line() {
        assert_eq!(short("a\u{1b}[31m\nb"), "a[31mb");
        assert_eq!(short(&"x".repeat(1000)).len(), MAX_TEXT);
    }
}

//! Takes a file of collateral apart and tells its pieces by what is in them.

use veracruz_policy::PublicKey;
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode as _;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::{Collateral, MAX_FILE_BYTES, MAX_ITEMS, json, text};
use crate::AppraisalError;
use crate::intel::ccel;
use crate::tpm::event_log::EventLog;

/// How often text may be wrapped in text: hex of PEM of DER, and no deeper.
const MAX_LAYERS: u8 = 3;

impl Collateral {
    /// Adds what is in a file, of any of these kinds; its name does not matter:
    ///
    /// - certificates, revocation lists and public keys (SubjectPublicKeyInfo), as DER, as PEM (any
    ///   number of blocks, in any order, also percent-encoded as Intel's HTTP headers have them) or
    ///   as hex or base64 of these;
    /// - JSON of Intel's Provisioning Certification Service: TCB info and QE identity with their
    ///   signatures;
    /// - JSON of other tools that bundles the above: that of `dcap-qvl`, that of Fortanix' `pcs`;
    /// - event logs of TCG's crypto-agile format, as the ACPI table CCEL points to
    ///   (the table itself adds nothing);
    /// - public keys as JWK (RFC 7517), JWK sets, and lists of objects with a JWK in `pkey`.
    ///
    /// Nothing is verified yet. What is there already is not added again.
    ///
    /// # Errors
    /// `Malformed` where the file is none of these, holds a private key, has more than
    /// [`MAX_FILE_BYTES`], or where there would be more than [`MAX_ITEMS`] of a kind; then nothing
    /// of it was added.
    pub fn add(&mut self, file: &[u8]) -> Result<(), AppraisalError> {
        if file.len() > MAX_FILE_BYTES {
            return Err(malformed(format!(
                "{} bytes, at most {MAX_FILE_BYTES} are taken",
                file.len()
            )));
        }
        let mut grown = self.clone();
        grown.add_layer(file, MAX_LAYERS)?;
        *self = grown;
        Ok(())
    }

    /// One layer: DER, or text with something in it.
    fn add_layer(&mut self, bytes: &[u8], layers: u8) -> Result<(), AppraisalError> {
        let Some(layers) = layers.checked_sub(1) else {
            return Err(malformed("text in text in text".into()));
        };
        if bytes.first() == Some(&0x30) && self.add_der(bytes).is_ok() {
            return Ok(());
        }
        if ccel::is_table(bytes) {
            return Ok(());
        }
        if EventLog::begins(bytes) {
            return push(&mut self.event_logs, bytes.to_vec());
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(malformed(
                "neither text nor an event log nor a DER certificate, revocation list or public key".into(),
            ));
        };
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
        if text.starts_with(['{', '[']) {
            return json::add(self, text);
        }
        if text.contains("-----BEGIN") {
            return self.add_pem(text);
        }
        match text::decode(text) {
            Some(inner) => self.add_layer(&inner, layers),
            None => Err(malformed(
                "text that is neither JSON, PEM, hex nor base64".into(),
            )),
        }
    }

    /// PEM, or hex or base64 of DER, in a file of another kind.
    pub(super) fn add_text(&mut self, text: &str) -> Result<(), AppraisalError> {
        if text.contains("-----BEGIN") {
            return self.add_pem(text);
        }
        match text::decode(text) {
            Some(der) => self.add_der(&der),
            None => Err(malformed("text that is neither PEM, hex nor base64".into())),
        }
    }

    /// Every block of a PEM text. One that is not known is an error: a private key, say.
    pub(super) fn add_pem(&mut self, text: &str) -> Result<(), AppraisalError> {
        let blocks = text::pem_blocks(text).map_err(malformed)?;
        if blocks.is_empty() {
            return Err(malformed("PEM without a block".into()));
        }
        for (label, der) in blocks {
            match label.as_str() {
                "CERTIFICATE"
                | "TRUSTED CERTIFICATE"
                | "X509 CERTIFICATE"
                | "X509 CRL"
                | "PUBLIC KEY" => self.add_der(&der)?,
                label => {
                    return Err(malformed(format!(
                        "a PEM block of {label:?}, expected certificates, revocation lists or \
                         public keys"
                    )));
                }
            }
        }
        Ok(())
    }

    /// A certificate, a revocation list or a public key.
    pub(super) fn add_der(&mut self, der: &[u8]) -> Result<(), AppraisalError> {
        if Certificate::from_der(der).is_ok() {
            return push(&mut self.certificates, der.to_vec());
        }
        if CertificateList::<x509_cert::certificate::Rfc5280>::from_der(der).is_ok() {
            return push(&mut self.revocation_lists, der.to_vec());
        }
        if SubjectPublicKeyInfoRef::from_der(der).is_ok() {
            return self.add_key(PublicKey::from_spki(der.to_vec()));
        }
        Err(malformed(
            "DER that is no certificate, revocation list or public key".into(),
        ))
    }

    pub(super) fn add_key(&mut self, key: PublicKey) -> Result<(), AppraisalError> {
        push(&mut self.keys, key)
    }

    pub(super) fn add_document(&mut self, json: String) -> Result<(), AppraisalError> {
        push(&mut self.documents, json.into_bytes())
    }
}

fn push<T: PartialEq>(items: &mut Vec<T>, item: T) -> Result<(), AppraisalError> {
    if items.contains(&item) {
        return Ok(());
    }
    if items.len() >= MAX_ITEMS {
        return Err(malformed(format!("more than {MAX_ITEMS} items of a kind")));
    }
    items.push(item);
    Ok(())
}

pub(super) fn malformed(reason: String) -> AppraisalError {
    AppraisalError::Malformed {
        part: "collateral",
        reason,
    }
}

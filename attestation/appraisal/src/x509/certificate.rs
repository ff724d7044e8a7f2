//! One certificate, and how it stands to its issuer.

use veracruz_policy::Timestamp;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Decode as _, Encode as _, Reader as _, SliceReader};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::name::Name;
use x509_cert::time::Time;

use super::SignedWith;
use crate::AppraisalError;
use crate::key::Key;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// tcg-kp-EKCertificate (TCG EK Credential Profile, section 3.2.16).
const ENDORSEMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.1");
/// Critical where the subject has no name (RFC 5280 section 4.2.1.6), as in Google's certificates
/// of attestation keys. Nobody is known by a name here, so there is nothing in it to obey.
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// A certificate that was read; nobody has verified anything of it.
#[derive(Clone, Debug)]
pub(crate) struct Certificate<'d> {
    /// What it is called in errors: `VCEK`.
    part: &'static str,
    der: &'d [u8],
    /// TBSCertificate as it stands: signatures are over these bytes, not over what a library would
    /// write in their place.
    signed: &'d [u8],
    decoded: x509_cert::Certificate,
}

impl<'d> Certificate<'d> {
    /// Reads a certificate, DER. `part` is what errors call it.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn parse(der: &'d [u8], part: &'static str) -> Result<Self, AppraisalError> {
        let malformed = |reason: String| AppraisalError::Malformed { part, reason };
        let decoded = x509_cert::Certificate::from_der(der)
            .map_err(|error| malformed(format!("no X.509 certificate: {error}")))?;
        let signed = first_of_sequence(der).map_err(|error| malformed(error.to_string()))?;
        let certificate = Self {
            part,
            der,
            signed,
            decoded,
        };
        let to_be_signed = certificate.decoded.tbs_certificate();
        if to_be_signed.signature() != certificate.decoded.signature_algorithm() {
            return Err(malformed(
                "the algorithm inside the signed part differs from the one outside".into(),
            ));
        }
        if let Some(twice) = first_twice(certificate.extensions()) {
            return Err(malformed(format!("extension {twice} stands there twice")));
        }
        Ok(certificate)
    }

    /// The same certificate under another name for errors.
    pub(crate) fn called(self, part: &'static str) -> Self {
        Self { part, ..self }
    }

    /// What it is called in errors.
    pub(crate) const fn part(&self) -> &'static str {
        self.part
    }

    /// The DER.
    pub(crate) const fn der(&self) -> &'d [u8] {
        self.der
    }

    pub(crate) fn subject(&self) -> &Name {
        self.decoded.tbs_certificate().subject()
    }

    pub(crate) fn issuer(&self) -> &Name {
        self.decoded.tbs_certificate().issuer()
    }

    /// The subject's common name; empty where it has none.
    pub(crate) fn common_name(&self) -> String {
        common_name(self.subject())
    }

    /// The issuer's common name; empty where it has none.
    pub(crate) fn issuer_name(&self) -> String {
        common_name(self.issuer())
    }

    /// The serial number, big-endian.
    pub(crate) fn serial(&self) -> &[u8] {
        self.decoded.tbs_certificate().serial_number().as_bytes()
    }

    /// The first second at which it is valid.
    pub(crate) fn not_before(&self) -> Timestamp {
        timestamp(&self.decoded.tbs_certificate().validity().not_before)
    }

    /// The last second at which it is valid.
    pub(crate) fn not_after(&self) -> Timestamp {
        timestamp(&self.decoded.tbs_certificate().validity().not_after)
    }

    /// The content of an extension.
    pub(crate) fn extension(&self, id: ObjectIdentifier) -> Option<&[u8]> {
        self.extensions()
            .iter()
            .find(|extension| extension.extn_id == id)
            .map(|extension| extension.extn_value.as_bytes())
    }

    /// The subject's public key.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn key(&self) -> Result<Key, AppraisalError> {
        let malformed = |reason| AppraisalError::Malformed {
            part: self.part,
            reason,
        };
        let spki = self.decoded.tbs_certificate().subject_public_key_info();
        let spki = spki
            .to_der()
            .map_err(|error| malformed(error.to_string()))?;
        Key::from_spki(&spki).map_err(malformed)
    }

    /// What it is signed with; `None` where that is nothing known.
    pub(crate) fn signed_with(&self) -> Option<SignedWith> {
        SignedWith::read(self.decoded.signature_algorithm())
    }

    /// Whether `issuer` signed it: by name, and by signature with the one algorithm that is
    /// `expected`. Whether the issuer may do that is for [`check_authority`](Self::check_authority).
    ///
    /// # Errors
    /// `BadChain`, `BadAlgorithm`, `BadSignature`.
    pub(crate) fn check_issued_by(
        &self,
        issuer: &Certificate<'_>,
        expected: SignedWith,
    ) -> Result<(), AppraisalError> {
        self.check_names_issuer(issuer)?;
        let part = self.part;
        if self.signed_with() != Some(expected) {
            return Err(AppraisalError::BadAlgorithm {
                part,
                expected: expected.name(),
                found: self.decoded.signature_algorithm().oid.to_string(),
            });
        }
        let signature = self.decoded.signature().as_bytes().unwrap_or_default();
        issuer
            .key()?
            .verify(expected.scheme(), self.signed, signature)
            .map_err(|_| AppraisalError::BadSignature { part })
    }

    /// Whether it says that `issuer` issued it. Anyone can say so.
    ///
    /// # Errors
    /// `BadChain`.
    pub(crate) fn check_names_issuer(
        &self,
        issuer: &Certificate<'_>,
    ) -> Result<(), AppraisalError> {
        if self.issuer() == issuer.subject() {
            return Ok(());
        }
        Err(self.bad_chain(&format!(
            "it was issued by {}, and the next certificate is that of {}",
            self.issuer_name(),
            issuer.common_name()
        )))
    }

    /// Whether it may issue certificates, with `below` further authorities between it and the last
    /// certificate of the chain.
    ///
    /// # Errors
    /// `BadChain`.
    pub(crate) fn check_authority(&self, below: usize) -> Result<(), AppraisalError> {
        let constraints = self.basic_constraints()?;
        let Some(constraints) = constraints.filter(|constraints| constraints.ca) else {
            return Err(self.bad_chain("it is no certificate of an authority (basicConstraints)"));
        };
        let room = constraints.path_len_constraint.map(usize::from);
        if room.is_some_and(|room| room < below) {
            return Err(self
                .bad_chain("more authorities stand below it than it allows (pathLenConstraint)"));
        }
        if !self.key_usage()?.is_some_and(|usage| usage.key_cert_sign()) {
            return Err(self.bad_chain("its key must not sign certificates (keyUsage)"));
        }
        self.check_critical()
    }

    /// Whether it is the last of a chain, whose key signs evidence.
    ///
    /// # Errors
    /// `BadChain`.
    pub(crate) fn check_end_entity(&self) -> Result<(), AppraisalError> {
        if self
            .basic_constraints()?
            .is_some_and(|constraints| constraints.ca)
        {
            return Err(self.bad_chain(
                "it is the certificate of an authority, and evidence is signed with its key",
            ));
        }
        let usage = self.key_usage()?;
        if usage.is_some_and(|usage| !usage.digital_signature()) {
            return Err(self.bad_chain("its key must not sign evidence (keyUsage)"));
        }
        self.check_critical()
    }

    /// Whether it is the last of a chain, for the endorsement key of a TPM. That its maker says so
    /// (extendedKeyUsage) is what keeps certificates for other keys of the same maker apart: a key
    /// that decrypts whatever it is given would open every credential.
    ///
    /// # Errors
    /// `BadChain`.
    pub(crate) fn check_endorsement(&self) -> Result<(), AppraisalError> {
        if self
            .basic_constraints()?
            .is_some_and(|constraints| constraints.ca)
        {
            return Err(self.bad_chain("it is the certificate of an authority, and of no TPM"));
        }
        let purposes = self
            .extension(EXTENDED_KEY_USAGE)
            .map(ExtendedKeyUsage::from_der)
            .transpose()
            .map_err(|_| self.bad_chain("its extendedKeyUsage cannot be read"))?;
        if !purposes.is_some_and(|purposes| purposes.0.contains(&ENDORSEMENT)) {
            return Err(self.bad_chain(
                "it is for no endorsement key (extendedKeyUsage without tcg-kp-EKCertificate)",
            ));
        }
        let usage = self.key_usage()?;
        if usage.is_some_and(|usage| !usage.key_encipherment() && !usage.key_agreement()) {
            return Err(self.bad_chain("nothing must be encrypted to its key (keyUsage)"));
        }
        self.check_critical()
    }

    /// Whether it may sign revocation lists.
    pub(super) fn may_sign_lists(&self) -> Result<bool, AppraisalError> {
        Ok(self.key_usage()?.is_some_and(|usage| usage.crl_sign()))
    }

    /// Whether it is valid at `now`, first and last second included.
    ///
    /// # Errors
    /// `NotYetValid`, `Expired`.
    pub(crate) fn check_dates(&self, now: Timestamp) -> Result<(), AppraisalError> {
        let (part, from, until) = (self.part, self.not_before(), self.not_after());
        if now < from {
            return Err(AppraisalError::NotYetValid { part, from, now });
        }
        if now > until {
            return Err(AppraisalError::Expired { part, until, now });
        }
        Ok(())
    }

    fn extensions(&self) -> &[Extension] {
        let extensions = self.decoded.tbs_certificate().extensions();
        extensions.map(Vec::as_slice).unwrap_or_default()
    }

    fn basic_constraints(&self) -> Result<Option<BasicConstraints>, AppraisalError> {
        let content = self.extension(BASIC_CONSTRAINTS);
        content
            .map(BasicConstraints::from_der)
            .transpose()
            .map_err(|_| self.bad_chain("its basicConstraints cannot be read"))
    }

    fn key_usage(&self) -> Result<Option<KeyUsage>, AppraisalError> {
        let content = self.extension(KEY_USAGE);
        content
            .map(KeyUsage::from_der)
            .transpose()
            .map_err(|_| self.bad_chain("its keyUsage cannot be read"))
    }

    fn check_critical(&self) -> Result<(), AppraisalError> {
        let unknown = self.extensions().iter().find(|extension| {
            let known = [BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_ALT_NAME];
            extension.critical && !known.contains(&extension.extn_id)
        });
        match unknown {
            None => Ok(()),
            Some(extension) => Err(self.bad_chain(&format!(
                "it has a critical extension that is not known, {}",
                extension.extn_id
            ))),
        }
    }

    fn bad_chain(&self, reason: &str) -> AppraisalError {
        AppraisalError::BadChain {
            part: self.part,
            reason: reason.into(),
        }
    }
}

/// The encoding of the first item in a SEQUENCE: the part of a certificate or list that is signed.
pub(super) fn first_of_sequence(der: &[u8]) -> x509_cert::der::Result<&[u8]> {
    let outer = AnyRef::from_der(der)?;
    SliceReader::new(outer.value())?.tlv_bytes()
}

pub(super) fn timestamp(time: &Time) -> Timestamp {
    let seconds = time.to_unix_duration().as_secs();
    Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

pub(super) fn common_name(name: &Name) -> String {
    let name = name.common_name().ok().flatten();
    name.map(|name| name.value().into_owned())
        .unwrap_or_default()
}

fn first_twice(extensions: &[Extension]) -> Option<ObjectIdentifier> {
    let mut ids: Vec<_> = extensions
        .iter()
        .map(|extension| extension.extn_id)
        .collect();
    ids.sort_unstable();
    let twice = ids.windows(2).find(|pair| pair.first() == pair.last())?;
    twice.first().copied()
}

//! The chain of a document: Amazon's root, the region, the zone, the instance, the enclave.

use veracruz_policy::Timestamp;

use super::document::Document;
use crate::x509::{Certificate, SignedWith, check_not_revoked};
use crate::{AppraisalError, Collateral, Root};

/// How Amazon signs certificates.
const SIGNED_WITH: SignedWith = SignedWith::EcdsaSha384;

/// The certificates of a document, read.
#[derive(Debug)]
pub(super) struct Chain<'d> {
    /// The root first, each the issuer of the next.
    authorities: Vec<Certificate<'d>>,
    leaf: Certificate<'d>,
}

impl<'d> Chain<'d> {
    /// Reads the certificates of a document.
    ///
    /// # Errors
    /// `Malformed`.
    pub(super) fn parse(document: &Document<'d>) -> Result<Self, AppraisalError> {
        let parse = |der: &&'d [u8]| Certificate::parse(der, "cabundle");
        Ok(Self {
            authorities: document
                .cabundle
                .iter()
                .map(parse)
                .collect::<Result<_, _>>()?,
            leaf: Certificate::parse(document.certificate, "certificate")?,
        })
    }

    /// The certificate whose key signs the document.
    pub(super) const fn leaf(&self) -> &Certificate<'d> {
        &self.leaf
    }

    /// Looks at the whole chain but its dates. It must have the order that the specification
    /// prescribes: what is out of order is not put in order.
    ///
    /// # Errors
    /// `BadChain`, `UntrustedRoot`, `BadAlgorithm`, `BadSignature`.
    pub(super) fn check(&self, collateral: &Collateral) -> Result<(), AppraisalError> {
        for (issuer, certificate) in self.links() {
            certificate.check_names_issuer(issuer)?;
        }
        let first = self.authorities.first();
        if let Some(first) = first.filter(|first| first.subject() != first.issuer()) {
            return Err(AppraisalError::BadChain {
                part: "cabundle",
                reason: format!("it begins with {}, which is no root", first.common_name()),
            });
        }
        Root::AwsNitro.check(first.map(Certificate::der), "document", collateral)?;
        for (below, authority) in self.authorities.iter().rev().enumerate() {
            authority.check_authority(below)?;
        }
        self.leaf.check_end_entity()?;
        for (issuer, certificate) in self.links() {
            certificate.check_issued_by(issuer, SIGNED_WITH)?;
        }
        Ok(())
    }

    /// Looks at the dates of all certificates, and at the revocation lists that were given.
    ///
    /// # Errors
    /// `Expired`, `NotYetValid`, `Revoked`, and those of the lists themselves.
    pub(super) fn check_in_force(
        &self,
        collateral: &Collateral,
        now: Timestamp,
    ) -> Result<(), AppraisalError> {
        for certificate in self.authorities.iter().chain([&self.leaf]) {
            certificate.check_dates(now)?;
        }
        for (issuer, certificate) in self.links() {
            let lists = collateral.revocation_lists();
            check_not_revoked(certificate, issuer, lists, SIGNED_WITH, now)?;
        }
        Ok(())
    }

    /// Each issuer with the certificate after it.
    fn links(&self) -> impl Iterator<Item = (&Certificate<'d>, &Certificate<'d>)> {
        let after = self.authorities.iter().skip(1).chain([&self.leaf]);
        self.authorities.iter().zip(after)
    }
}

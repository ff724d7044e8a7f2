//! Whether the certificates of a chain are valid: dates, and Intel's lists of revoked ones.

use veracruz_policy::Timestamp;
use x509_cert::certificate::Rfc5280;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode as _;
use x509_cert::time::Time;

use super::SIGNED_WITH;
use super::chain::Chain;
use crate::x509::{Certificate, Listed, check_not_revoked};
use crate::{AppraisalError, Collateral};

impl Chain<'_> {
    /// Whether everything in it is valid at `now` and nothing was revoked.
    pub(super) fn check_validity(
        &self,
        collateral: &Collateral,
        now: Timestamp,
    ) -> Result<(), AppraisalError> {
        for certificate in [&self.leaf, &self.authority, &self.root] {
            certificate.check_dates(now)?;
        }
        self.check_listed(&self.leaf, &self.authority, collateral, now)?;
        self.check_listed(&self.authority, &self.root, collateral, now)
    }

    /// Whether `certificate` stands in no list of `issuer`, and a list is there.
    pub(super) fn check_listed(
        &self,
        certificate: &Certificate<'_>,
        issuer: &Certificate<'_>,
        collateral: &Collateral,
        now: Timestamp,
    ) -> Result<(), AppraisalError> {
        let lists = collateral.revocation_lists();
        match check_not_revoked(certificate, issuer, lists, SIGNED_WITH, now)? {
            Listed::Good { .. } => Ok(()),
            Listed::NoList => Err(self.missing_list(issuer)),
        }
    }

    /// The newest of an issuer's lists that are in force, DER. At the very time of the next update
    /// a list is over: that is how the second verifier reads it.
    pub(super) fn list_in_force<'c>(
        &self,
        issuer: &Certificate<'_>,
        collateral: &'c Collateral,
        now: Timestamp,
    ) -> Result<&'c [u8], AppraisalError> {
        let mut newest: Option<(Timestamp, &[u8])> = None;
        let mut over = None;
        for der in collateral.revocation_lists() {
            let Ok(list) = CertificateList::<Rfc5280>::from_der(der) else {
                continue;
            };
            let body = &list.tbs_cert_list;
            let Some(until) = body.next_update.as_ref().map(timestamp) else {
                continue;
            };
            let from = timestamp(&body.this_update);
            if body.issuer != *issuer.subject() || now < from {
                continue;
            }
            if until <= now {
                over = over.max(Some(until));
            } else if newest.is_none_or(|(other, _)| other < from) {
                newest = Some((from, der));
            }
        }
        match (newest, over) {
            (Some((_, der)), _) => Ok(der),
            (None, Some(until)) => Err(AppraisalError::Expired {
                part: "revocation list",
                until,
                now,
            }),
            (None, None) => Err(self.missing_list(issuer)),
        }
    }

    fn missing_list(&self, issuer: &Certificate<'_>) -> AppraisalError {
        self.missing(if issuer.der() == self.root.der() {
            "revocation list of the Intel SGX Root CA"
        } else {
            "revocation list of the PCK CA"
        })
    }
}

fn timestamp(time: &Time) -> Timestamp {
    let seconds = time.to_unix_duration().as_secs();
    Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

//! Lists of revoked certificates (RFC 5280 section 5).

use veracruz_policy::Timestamp;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode as _;

use super::SignedWith;
use super::certificate::{Certificate, first_of_sequence, timestamp};
use crate::AppraisalError;

/// What the lists of one issuer say about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// No list of this issuer was given: nobody knows.
    NoList,
    /// A list that is in force until then does not name it.
    Good {
        /// When the issuer makes the next list.
        until: Timestamp,
    },
}

/// Looks for `certificate` in those of `lists` (DER) that are its issuer's. A list that its issuer
/// did not sign is an error and not passed over: whoever gave it wanted it to be looked at. A
/// revocation in a list that is out of date counts; that a list is silent counts only while it is
/// in force.
///
/// # Errors
/// `Malformed`, `BadAlgorithm`, `BadSignature`, `BadChain` for the list; `Revoked` for the
/// certificate; `NotYetValid` and `Expired` where lists were given and none is in force at `now`.
pub(crate) fn check_not_revoked(
    certificate: &Certificate<'_>,
    issuer: &Certificate<'_>,
    lists: &[Vec<u8>],
    expected: SignedWith,
    now: Timestamp,
) -> Result<Listed, AppraisalError> {
    let mut verdict: Option<Result<Listed, AppraisalError>> = None;
    for der in lists {
        // Lists of other vendors lie in the same folder.
        let Ok(list) = CertificateList::<x509_cert::certificate::Rfc5280>::from_der(der) else {
            continue;
        };
        if list.tbs_cert_list.issuer != *issuer.subject() {
            continue;
        }
        check_signature(&list, der, issuer, expected)?;
        let revoked = list.tbs_cert_list.revoked_certificates.as_deref();
        let named = revoked
            .unwrap_or_default()
            .iter()
            .any(|entry| entry.serial_number.as_bytes() == certificate.serial());
        if named {
            return Err(AppraisalError::Revoked {
                part: certificate.part(),
            });
        }
        if !matches!(verdict, Some(Ok(_))) {
            verdict = Some(check_dates(&list, now));
        }
    }
    verdict.unwrap_or(Ok(Listed::NoList))
}

const PART: &str = "revocation list";

fn check_signature(
    list: &CertificateList,
    der: &[u8],
    issuer: &Certificate<'_>,
    expected: SignedWith,
) -> Result<(), AppraisalError> {
    if !issuer.may_sign_lists()? {
        return Err(AppraisalError::BadChain {
            part: PART,
            reason: "the key of its issuer must not sign such lists (keyUsage)".into(),
        });
    }
    let malformed = |reason: String| AppraisalError::Malformed { part: PART, reason };
    if list.signature_algorithm != list.tbs_cert_list.signature {
        return Err(malformed(
            "the algorithm inside the signed part differs from the one outside".into(),
        ));
    }
    if SignedWith::read(&list.signature_algorithm) != Some(expected) {
        return Err(AppraisalError::BadAlgorithm {
            part: PART,
            expected: expected.name(),
            found: list.signature_algorithm.oid.to_string(),
        });
    }
    let extensions = list.tbs_cert_list.crl_extensions.as_deref();
    // Partial and indirect lists are marked by critical extensions (RFC 5280 section 5.2).
    if extensions.unwrap_or_default().iter().any(|e| e.critical) {
        return Err(malformed("a partial or indirect list".into()));
    }
    let signed = first_of_sequence(der).map_err(|error| malformed(error.to_string()))?;
    let signature = list.signature.as_bytes().unwrap_or_default();
    issuer
        .key()?
        .verify(expected.scheme(), signed, signature)
        .map_err(|_| AppraisalError::BadSignature { part: PART })
}

fn check_dates(list: &CertificateList, now: Timestamp) -> Result<Listed, AppraisalError> {
    let from = timestamp(&list.tbs_cert_list.this_update);
    if now < from {
        return Err(AppraisalError::NotYetValid {
            part: PART,
            from,
            now,
        });
    }
    // RFC 5280 section 5.1.2.5 demands a next update; a list without one would never be old.
    let Some(next) = list.tbs_cert_list.next_update.as_ref() else {
        return Err(AppraisalError::Malformed {
            part: PART,
            reason: "no nextUpdate".into(),
        });
    };
    let until = timestamp(next);
    if now > until {
        return Err(AppraisalError::Expired {
            part: PART,
            until,
            now,
        });
    }
    Ok(Listed::Good { until })
}

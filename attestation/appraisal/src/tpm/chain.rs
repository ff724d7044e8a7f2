//! Certificates of attestation keys and of endorsement keys.

use veracruz_policy::{KeyDigest, Timestamp};

use crate::key::Key;
use crate::x509::{Certificate, SignedWith, check_not_revoked};
use crate::{AppraisalError, Collateral, Fact};

/// Whose certificates they are.
pub(super) struct Subject {
    /// What errors call the certificate of the key.
    certificate: &'static str,
    /// What they call those above it.
    authority: &'static str,
    /// Whether a certificate may be that of such a key.
    check: fn(&Certificate<'_>) -> Result<(), AppraisalError>,
}

/// A key that signs evidence.
pub(super) const AK: Subject = Subject {
    certificate: "AK certificate",
    authority: "authority of the AK certificate",
    check: |certificate| certificate.check_end_entity(),
};

/// A key that opens credentials.
pub(super) const EK: Subject = Subject {
    certificate: "EK certificate",
    authority: "authority of the EK certificate",
    check: |certificate| certificate.check_endorsement(),
};

/// Most authorities of a chain: Google has two.
const MAX_AUTHORITIES: usize = 4;

/// Checks that the first of `certificates` (DER) is of `key`, and that a chain through the others
/// and the collateral's leads from it to an authority whose key is among `roots`.
///
/// # Errors
/// `Malformed`, `AttesterMismatch`, `MissingCollateral` where the chain ends early, `UntrustedRoot`,
/// `BadAlgorithm`, `BadSignature`, `BadChain`, `Revoked`, `NotYetValid`, `Expired`.
pub(super) fn check(
    subject: &Subject,
    key: &Key,
    certificates: &[Vec<u8>],
    collateral: &Collateral,
    roots: &[KeyDigest],
    now: Timestamp,
) -> Result<Vec<Fact>, AppraisalError> {
    let Some((leaf, others)) = certificates.split_first() else {
        return Err(AppraisalError::MissingCollateral {
            part: subject.certificate,
            reason: "the key itself is not named, so an authority must vouch for it".into(),
        });
    };
    let leaf = Certificate::parse(leaf, subject.certificate)?;
    let certified = leaf.key()?;
    if certified != *key {
        let digest = |key: &Key| key.digest().map(|digest| digest.to_string());
        return Err(AppraisalError::AttesterMismatch {
            part: subject.certificate,
            expected: digest(key).unwrap_or_default(),
            found: digest(&certified).unwrap_or_default(),
        });
    }
    // What cannot be read is of somebody else's.
    let pool: Vec<Certificate<'_>> = others
        .iter()
        .chain(collateral.certificates())
        .filter_map(|der| Certificate::parse(der, subject.authority).ok())
        .collect();
    let chain = authorities(subject, &leaf, &pool, roots)?;

    (subject.check)(&leaf)?;
    let mut facts = vec![Fact {
        name: subject.certificate,
        value: format!("serial {}", data_encoding::HEXLOWER.encode(leaf.serial())),
    }];
    let mut issued = &leaf;
    for (below, authority) in chain.iter().enumerate() {
        authority.check_authority(below)?;
        let scheme = algorithm(issued)?;
        let lists = collateral.revocation_lists();
        check_not_revoked(issued, authority, lists, scheme, now)?;
        issued.check_dates(now)?;
        facts.push(Fact {
            name: subject.authority,
            value: authority.common_name(),
        });
        issued = authority;
    }
    issued.check_dates(now)?;
    Ok(facts)
}

/// The authorities from the leaf's issuer up to the first one that is trusted.
fn authorities<'p, 'd>(
    subject: &Subject,
    leaf: &Certificate<'_>,
    pool: &'p [Certificate<'d>],
    roots: &[KeyDigest],
) -> Result<Vec<&'p Certificate<'d>>, AppraisalError> {
    let mut chain: Vec<&Certificate<'_>> = Vec::new();
    while chain.len() < MAX_AUTHORITIES {
        let issued = chain.last().copied().unwrap_or(leaf);
        let scheme = algorithm(issued)?;
        // An authority may have more than one certificate under its name.
        let mut wrong: Option<AppraisalError> = None;
        let named = pool
            .iter()
            .filter(|other| other.subject() == issued.issuer());
        let issuer = named.into_iter().find(|issuer| {
            let verdict = issued.check_issued_by(issuer, scheme);
            verdict.map_err(|error| wrong = Some(error)).is_ok()
        });
        let Some(issuer) = issuer else {
            return Err(wrong.unwrap_or_else(|| AppraisalError::MissingCollateral {
                part: subject.authority,
                reason: format!("nobody gave the certificate of {:?}", issued.issuer_name()),
            }));
        };
        let key = issuer.key()?.digest();
        if key.is_some_and(|key| roots.contains(&key)) {
            chain.push(issuer);
            return Ok(chain);
        }
        if issuer.subject() == issuer.issuer() {
            let roots: Vec<String> = roots.iter().map(ToString::to_string).collect();
            return Err(AppraisalError::UntrustedRoot {
                part: subject.certificate,
                expected: format!("a key with SHA-256 {}", roots.join(" or ")),
                found: format!(
                    "(of its key) {}",
                    key.map_or_else(|| "none".into(), |key| key.to_string())
                ),
            });
        }
        chain.push(issuer);
    }
    Err(AppraisalError::BadChain {
        part: subject.certificate,
        reason: format!("more than {MAX_AUTHORITIES} authorities"),
    })
}

/// What a certificate is signed with. No vendor prescribes it, so all that is strong enough will
/// do.
fn algorithm(certificate: &Certificate<'_>) -> Result<SignedWith, AppraisalError> {
    certificate
        .signed_with()
        .ok_or_else(|| AppraisalError::BadAlgorithm {
            part: certificate.part(),
            expected: "RSA or ECDSA with SHA-256 or SHA-384",
            found: "another".into(),
        })
}

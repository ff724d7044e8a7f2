//! The chain of a platform's key: PCK certificate, one of Intel's two authorities for these, root.

use data_encoding::{HEXLOWER, HEXUPPER};

use super::SIGNED_WITH;
use super::pck::{EXTENSION, Pck};
use super::quote::{Body, Certification, PckName, Quote};
use crate::key::{Hash, Key, Scheme};
use crate::x509::Certificate;
use crate::{AppraisalError, Collateral, Root};

/// A chain that holds together and ends in Intel's root.
pub(super) struct Chain<'c> {
    pub(super) leaf: Certificate<'c>,
    pub(super) authority: Certificate<'c>,
    pub(super) root: Certificate<'c>,
    pub(super) pck: Pck,
    /// How Intel's service calls the technology.
    tee: &'static str,
}

const LEAF: &str = "PCK certificate";
const AUTHORITY: &str = "PCK CA certificate";
const ROOT: &str = "Intel SGX Root CA certificate";
const PROCESSOR_CA: &str = "Intel SGX PCK Processor CA";
const PLATFORM_CA: &str = "Intel SGX PCK Platform CA";

impl<'c> Chain<'c> {
    /// Builds the chain of a quote from the certificates in it; those that are not in it are taken
    /// from the collateral.
    pub(super) fn build(
        quote: &'c Quote<'_>,
        collateral: &'c Collateral,
    ) -> Result<Self, AppraisalError> {
        let quoted: &[Vec<u8>] = match &quote.certification {
            Certification::Certificates(certificates) => certificates,
            Certification::Named(_) => &[],
        };
        let (leaf, pck) = match &quote.certification {
            Certification::Certificates(_) => leaf(quoted.first())?,
            Certification::Named(name) => find_leaf(name, quote, collateral)?,
        };
        // Whether or not it is needed, what stands in a quote must make sense.
        for der in quoted {
            Certificate::parse(der, "PCK certificate chain")?;
        }
        let pool = || quoted.iter().chain(collateral.certificates());
        let authority =
            issuer(&leaf, pool(), AUTHORITY)?.ok_or_else(|| AppraisalError::BadChain {
                part: LEAF,
                reason: format!("no certificate of its issuer, {}", leaf.issuer_name()),
            })?;
        let root = issuer(&authority, pool(), ROOT)?;
        Root::IntelSgx.check(root.as_ref().map(Certificate::der), LEAF, collateral)?;
        let Some(root) = root else {
            return Err(AppraisalError::BadChain {
                part: AUTHORITY,
                reason: "no root".into(),
            });
        };
        root.check_authority(1)?;
        authority.check_authority(0)?;
        leaf.check_end_entity()?;
        let name = authority.common_name();
        if ![PROCESSOR_CA, PLATFORM_CA].contains(&name.as_str()) {
            return Err(AppraisalError::BadChain {
                part: LEAF,
                reason: format!("it was issued by {name}, which certifies no platforms"),
            });
        }
        let used = [leaf.der(), authority.der(), root.der()];
        if quoted.iter().any(|der| !used.contains(&der.as_slice())) {
            return Err(AppraisalError::BadChain {
                part: LEAF,
                reason: "the quote has a certificate that is not of its chain".into(),
            });
        }
        Ok(Self {
            leaf,
            authority,
            root,
            pck,
            tee: match quote.body {
                Body::Enclave(_) => "sgx",
                Body::Td(_) => "tdx",
            },
        })
    }

    /// How Intel's service calls the authority.
    pub(super) fn authority_id(&self) -> &'static str {
        if self.authority.common_name() == PLATFORM_CA {
            "platform"
        } else {
            "processor"
        }
    }

    /// FMSPC as Intel's service writes it.
    pub(super) fn fmspc(&self) -> String {
        HEXUPPER.encode(&self.pck.fmspc)
    }

    /// The error for a piece of collateral that was not given: with what to fetch by hand.
    pub(super) fn missing(&self, part: &'static str) -> AppraisalError {
        let (tee, fmspc, authority) = (self.tee, self.fmspc(), self.authority_id());
        AppraisalError::MissingCollateral {
            part,
            reason: format!(
                "this platform (FMSPC {fmspc}, {authority} CA) needs \
                 {PCS}/{tee}/certification/v4/tcb?fmspc={fmspc} (with the certificates in the \
                 header TCB-Info-Issuer-Chain), {PCS}/{tee}/certification/v4/qe/identity, \
                 {PCS}/sgx/certification/v4/pckcrl?ca={authority}&encoding=der and \
                 https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
            ),
        }
    }
}

/// Intel's Provisioning Certification Service. Nothing here connects to it: people are told.
const PCS: &str = "https://api.trustedservices.intel.com";

/// The certificate that must be the platform's.
fn leaf(der: Option<&Vec<u8>>) -> Result<(Certificate<'_>, Pck), AppraisalError> {
    let der = der.map(Vec::as_slice).unwrap_or_default();
    let leaf = Certificate::parse(der, LEAF)?;
    let extension = leaf
        .extension(EXTENSION)
        .ok_or_else(|| AppraisalError::BadChain {
            part: LEAF,
            reason: "the first certificate has no extension of Intel's about a platform".into(),
        })?;
    let pck = Pck::parse(extension)?;
    Ok((leaf, pck))
}

/// The certificate that a quote names, in the collateral: of that patch level, and for the key that
/// signed the quoting enclave's report.
fn find_leaf<'c>(
    name: &PckName<'_>,
    quote: &Quote<'_>,
    collateral: &'c Collateral,
) -> Result<(Certificate<'c>, Pck), AppraisalError> {
    for der in collateral.certificates() {
        let Ok((certificate, pck)) = leaf(Some(der)) else {
            continue;
        };
        if pck.cpu_svn == *name.cpu_svn
            && pck.pce_svn == name.pce_svn
            && pck.pce_id == *name.pce_id
            && certificate
                .key()
                .is_ok_and(|key| signed_by(&key, quote.qe_report, quote.qe_report_signature))
        {
            return Ok((certificate, pck));
        }
    }
    let ppid = match name.kind {
        1 => "of the platform's PPID in the quote".into(),
        _ => format!("encrypted_ppid={}", HEXLOWER.encode(name.ppid)),
    };
    Err(AppraisalError::MissingCollateral {
        part: LEAF,
        reason: format!(
            "the quote names it and does not carry it (certification data type {}); fetch \
             {PCS}/sgx/certification/v4/pckcert?cpusvn={}&pcesvn={}&pceid={}&{ppid}",
            name.kind,
            HEXLOWER.encode(name.cpu_svn),
            HEXLOWER.encode(&name.pce_svn.to_le_bytes()),
            HEXLOWER.encode(name.pce_id),
        ),
    })
}

/// Whether a key of P-256 signed a message, the signature as r ‖ s.
pub(super) fn signed_by(key: &Key, message: &[u8], signature: &[u8]) -> bool {
    key.verify(Scheme::Ecdsa(Hash::Sha256), message, signature)
        .is_ok()
}

/// The first certificate that has the name of the issuer and whose key signed; `None` where none
/// has the name.
fn issuer<'c>(
    of: &Certificate<'_>,
    pool: impl Iterator<Item = &'c Vec<u8>>,
    part: &'static str,
) -> Result<Option<Certificate<'c>>, AppraisalError> {
    let mut first = None;
    for der in pool {
        let Ok(candidate) = Certificate::parse(der, part) else {
            continue;
        };
        if candidate.subject() != of.issuer() {
            continue;
        }
        match of.check_issued_by(&candidate, SIGNED_WITH) {
            Ok(()) => return Ok(Some(candidate)),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    first.map_or(Ok(None), Err)
}

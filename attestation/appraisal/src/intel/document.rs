//! Documents that Intel signs: TCB info and QE identity, and the certificate of their signer.

use std::borrow::Cow;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;
use serde_json::value::RawValue;
use veracruz_policy::Timestamp;

use super::SIGNED_WITH;
use super::chain::{Chain, signed_by};
use crate::x509::Certificate;
use crate::{AppraisalError, Collateral};

/// One document, as it lies in the collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Document<'c> {
    /// The very bytes that are signed.
    pub(super) body: &'c str,
    /// r ‖ s.
    pub(super) signature: [u8; 64],
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    TcbInfo,
    QeIdentity,
}

impl Kind {
    /// What errors call it.
    pub(super) const fn part(self) -> &'static str {
        match self {
            Self::TcbInfo => "TCB info",
            Self::QeIdentity => "QE identity",
        }
    }
}

#[derive(Deserialize)]
struct Form<'a> {
    #[serde(borrow, rename = "tcbInfo")]
    tcb_info: Option<&'a RawValue>,
    #[serde(borrow, rename = "enclaveIdentity")]
    enclave_identity: Option<&'a RawValue>,
    #[serde(borrow)]
    signature: Cow<'a, str>,
}

impl<'c> Document<'c> {
    /// Every document of a kind in the collateral.
    pub(super) fn all(collateral: &'c Collateral, kind: Kind) -> impl Iterator<Item = Self> {
        collateral
            .documents()
            .iter()
            .filter_map(move |json| Self::read(json, kind))
    }

    fn read(json: &'c [u8], kind: Kind) -> Option<Self> {
        let form: Form<'c> = serde_json::from_slice(json).ok()?;
        let body = match kind {
            Kind::TcbInfo => form.tcb_info,
            Kind::QeIdentity => form.enclave_identity,
        }?;
        let signature = HEXLOWER_PERMISSIVE
            .decode(form.signature.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            // Not a signature of this kind: no key verifies it, and that is said then.
            .unwrap_or([0; 64]);
        Some(Self {
            body: body.get(),
            signature,
            kind,
        })
    }
}

/// Certificates of those who sign documents, each issued by the root itself.
pub(super) struct Signers<'c>(Vec<Certificate<'c>>);

const SIGNER: &str = "TCB signing certificate";

impl<'c> Signers<'c> {
    /// Those in the collateral.
    pub(super) fn find(
        chain: &Chain<'_>,
        collateral: &'c Collateral,
    ) -> Result<Self, AppraisalError> {
        let mut signers = Vec::new();
        let mut first = None;
        for der in collateral.certificates() {
            let Ok(signer) = Certificate::parse(der, SIGNER) else {
                continue;
            };
            if signer.common_name() != "Intel SGX TCB Signing" {
                continue;
            }
            let good = signer
                .check_issued_by(&chain.root, SIGNED_WITH)
                .and_then(|()| signer.check_end_entity());
            match good {
                Ok(()) => signers.push(signer),
                Err(error) => {
                    first.get_or_insert(error);
                }
            }
        }
        if !signers.is_empty() {
            return Ok(Self(signers));
        }
        Err(first.unwrap_or_else(|| chain.missing(SIGNER)))
    }

    /// The one whose key signed a document, and whose certificate is valid at `now`.
    pub(super) fn verify(
        &self,
        document: &Document<'_>,
        now: Timestamp,
    ) -> Result<Certificate<'c>, AppraisalError> {
        let mut invalid = None;
        for signer in &self.0 {
            if !signed_by(
                &signer.key()?,
                document.body.as_bytes(),
                &document.signature,
            ) {
                continue;
            }
            match signer.check_dates(now) {
                Ok(()) => return Ok(signer.clone()),
                Err(error) => invalid = Some(error),
            }
        }
        Err(invalid.unwrap_or(AppraisalError::BadSignature {
            part: document.kind.part(),
        }))
    }
}

/// A time as Intel writes it.
pub(super) fn time(text: &str, part: &'static str) -> Result<Timestamp, AppraisalError> {
    text.parse().map_err(|error| AppraisalError::Malformed {
        part,
        reason: format!("{text:?}: {error}"),
    })
}

/// Whether `now` is between a document's issue and the day when Intel writes the next.
pub(super) fn check_dates(
    part: &'static str,
    from: Timestamp,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), AppraisalError> {
    if now < from {
        return Err(AppraisalError::NotYetValid { part, from, now });
    }
    if now > until {
        return Err(AppraisalError::Expired { part, until, now });
    }
    Ok(())
}

/// Of several, the newest that is not of the future; the oldest where all are.
pub(super) fn newest<T>(
    items: Vec<T>,
    now: Timestamp,
    issued: impl Fn(&T) -> Timestamp,
) -> Option<T> {
    items.into_iter().reduce(|best, item| {
        let (a, b) = (issued(&best), issued(&item));
        let better = match (a <= now, b <= now) {
            (true, true) => b > a,
            (false, false) => b < a,
            (good, _) => !good,
        };
        if better { item } else { best }
    })
}

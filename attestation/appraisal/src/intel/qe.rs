//! The quoting enclave: whether it is Intel's, and what its version is worth.

use data_encoding::HEXLOWER;
use serde::Deserialize;
use veracruz_policy::{Sha256, Timestamp};

use super::chain::{Chain, signed_by};
use super::document::{Document, Kind, check_dates, newest, time};
use super::quote::Quote;
use super::report::EnclaveReport;
use super::status::Status;
use super::tcb::{Evaluated, hex};
use crate::key::Key;
use crate::{AppraisalError, Collateral};

const PART: &str = Kind::QeIdentity.part();

/// Whether the platform's key signed the quoting enclave's report, that report names the
/// attestation key, and that key signed the quote.
pub(super) fn check_signatures(quote: &Quote<'_>, pck: &Key) -> Result<(), AppraisalError> {
    if !signed_by(pck, quote.qe_report, quote.qe_report_signature) {
        return Err(AppraisalError::BadSignature { part: "QE report" });
    }
    let report = EnclaveReport::parse(quote.qe_report, "QE report")?;
    let named = [
        quote.attestation_key.as_slice(),
        quote.qe_authentication_data,
    ]
    .concat();
    let mut expected = [0; 64];
    if let Some(first) = expected.first_chunk_mut::<32>() {
        *first = *Sha256::of(&named).as_bytes();
    }
    if *report.report_data != expected {
        return Err(AppraisalError::AttesterMismatch {
            part: "QE report",
            expected: format!("attestation key with hash {}", HEXLOWER.encode(&expected)),
            found: HEXLOWER.encode(report.report_data),
        });
    }
    let point = [&[4], quote.attestation_key.as_slice()].concat();
    let key = Key::from_point(&point).map_err(|reason| AppraisalError::Malformed {
        part: "attestation key",
        reason,
    })?;
    if !signed_by(&key, quote.signed, quote.signature) {
        return Err(AppraisalError::BadSignature { part: "quote" });
    }
    Ok(())
}

/// A QE identity, read and not yet verified.
pub(super) struct QeIdentity<'c> {
    pub(super) document: Document<'c>,
    issued: Timestamp,
    until: Timestamp,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    id: String,
    version: u32,
    issue_date: String,
    next_update: String,
    miscselect: String,
    miscselect_mask: String,
    attributes: String,
    attributes_mask: String,
    mrsigner: String,
    isvprodid: u16,
    tcb_levels: Vec<Level>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Level {
    tcb: Tcb,
    tcb_date: String,
    tcb_status: Status,
    #[serde(rename = "advisoryIDs", default)]
    advisories: Vec<String>,
}

#[derive(Deserialize)]
struct Tcb {
    isvsvn: u16,
}

impl<'c> QeIdentity<'c> {
    /// The identity of the quoting enclaves of a technology (`QE`, `TD_QE`) in the collateral: the
    /// newest of several.
    pub(super) fn find(
        collateral: &'c Collateral,
        id: &'static str,
        chain: &Chain<'_>,
        now: Timestamp,
    ) -> Result<Self, AppraisalError> {
        let mut found = Vec::new();
        let mut others = Vec::new();
        let mut unreadable = None;
        for document in Document::all(collateral, Kind::QeIdentity) {
            match Self::read(document) {
                Ok(identity) if identity.body.id == id => found.push(identity),
                Ok(identity) => others.push(identity.body.id),
                Err(error) => {
                    unreadable.get_or_insert(error);
                }
            }
        }
        if let Some(identity) = newest(found, now, |identity| identity.issued) {
            return Ok(identity);
        }
        if others.is_empty() {
            return Err(unreadable.unwrap_or_else(|| chain.missing(PART)));
        }
        Err(AppraisalError::WrongCollateral {
            part: PART,
            expected: id.into(),
            found: others.join(" and "),
        })
    }

    fn read(document: Document<'c>) -> Result<Self, AppraisalError> {
        let body: Body =
            serde_json::from_str(document.body).map_err(|error| AppraisalError::Malformed {
                part: PART,
                reason: error.to_string(),
            })?;
        // Version 3 is that of the quoting enclave of TDX alone; what is read here did not change.
        if !matches!((body.id.as_str(), body.version), (_, 2) | ("TD_QE", 3)) {
            return Err(AppraisalError::UnknownProfile {
                part: PART,
                expected: "version 2, or 3 of TD_QE",
                found: body.version.to_string(),
            });
        }
        Ok(Self {
            document,
            issued: time(&body.issue_date, PART)?,
            until: time(&body.next_update, PART)?,
            body,
        })
    }

    /// Whether it is in force.
    pub(super) fn check_dates(&self, now: Timestamp) -> Result<(), AppraisalError> {
        check_dates(PART, self.issued, self.until, now)
    }

    /// Whether the quoting enclave is the one that it describes; what its version is worth is added
    /// to `evaluated`.
    pub(super) fn check(
        &self,
        quote: &Quote<'_>,
        evaluated: &mut Evaluated,
    ) -> Result<(), AppraisalError> {
        let body = &self.body;
        let report = EnclaveReport::parse(quote.qe_report, "QE report")?;
        let signer: [u8; 32] = hex(&body.mrsigner, "mrsigner")?;
        differs(
            "MRSIGNER",
            HEXLOWER.encode(&signer),
            HEXLOWER.encode(report.mr_signer),
        )?;
        differs(
            "ISVPRODID",
            body.isvprodid.to_string(),
            report.isv_prod_id.to_string(),
        )?;
        let mask: [u8; 16] = hex(&body.attributes_mask, "attributesMask")?;
        let attributes: [u8; 16] = hex(&body.attributes, "attributes")?;
        differs(
            "ATTRIBUTES",
            masked(&attributes, &mask),
            masked(report.attributes, &mask),
        )?;
        let mask: [u8; 4] = hex(&body.miscselect_mask, "miscselectMask")?;
        let miscselect: [u8; 4] = hex(&body.miscselect, "miscselect")?;
        differs(
            "MISCSELECT",
            masked(&miscselect, &mask),
            masked(&report.misc_select.to_le_bytes(), &mask),
        )?;
        let level = body
            .tcb_levels
            .iter()
            .filter(|level| level.tcb.isvsvn <= report.isv_svn)
            .max_by_key(|level| level.tcb.isvsvn)
            .ok_or_else(|| AppraisalError::StaleTcb {
                claim: "quoting enclave's ISVSVN",
                expected: "one of the levels of the QE identity".into(),
                found: format!("{}, below all of them", report.isv_svn),
            })?;
        evaluated.add(level.tcb_status, &level.advisories, &level.tcb_date);
        Ok(())
    }
}

fn differs(claim: &'static str, expected: String, found: String) -> Result<(), AppraisalError> {
    if expected == found {
        return Ok(());
    }
    Err(AppraisalError::AttesterMismatch {
        part: "quoting enclave",
        expected: format!("{claim} {expected}"),
        found: format!("{claim} {found}"),
    })
}

fn masked<const N: usize>(bytes: &[u8; N], mask: &[u8; N]) -> String {
    let masked: Vec<u8> = bytes.iter().zip(mask).map(|(a, b)| a & b).collect();
    HEXLOWER.encode(&masked)
}

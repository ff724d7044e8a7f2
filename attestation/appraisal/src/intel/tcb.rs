//! TCB info: what each patch level of a family of platforms is worth (Intel, "PCS API v4", TCB info
//! V3).

use std::cmp::Reverse;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE, HEXUPPER};
use serde::Deserialize;
use veracruz_policy::Timestamp;

use super::chain::Chain;
use super::document::{Document, Kind, check_dates, newest, time};
use super::module::{self, Module, ModuleIdentity};
use super::pck::Pck;
use super::report::TdReport;
use super::status::{Shortcomings, Status};
use crate::{AppraisalError, Collateral};

const PART: &str = Kind::TcbInfo.part();

/// TCB info, read and not yet verified.
pub(super) struct TcbInfo<'c> {
    pub(super) document: Document<'c>,
    issued: Timestamp,
    until: Timestamp,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    /// `SGX` or `TDX`; not in version 2, which is not read.
    #[serde(default)]
    id: String,
    version: u32,
    issue_date: String,
    next_update: String,
    fmspc: String,
    pce_id: String,
    /// How components are compared; 0, one by one, is the only way that there is.
    tcb_type: u32,
    tcb_evaluation_data_number: u32,
    tcb_levels: Vec<Level>,
    tdx_module: Option<Module>,
    #[serde(default)]
    tdx_module_identities: Vec<ModuleIdentity>,
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
    #[serde(rename = "sgxtcbcomponents", default)]
    sgx: Vec<Component>,
    #[serde(rename = "pcesvn")]
    pce_svn: u16,
    #[serde(rename = "tdxtcbcomponents", default)]
    tdx: Vec<Component>,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Component {
    svn: u8,
}

/// What TCB info says about a platform.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Evaluated {
    pub(super) shortcomings: Shortcomings,
    /// The oldest day whose patches all parts have.
    pub(super) tcb_date: String,
}

impl<'c> TcbInfo<'c> {
    /// The TCB info of a platform's family in the collateral: the newest of several.
    pub(super) fn find(
        collateral: &'c Collateral,
        id: &'static str,
        chain: &Chain<'_>,
        now: Timestamp,
    ) -> Result<Self, AppraisalError> {
        let (pck, fmspc) = (&chain.pck, chain.fmspc());
        let mut found = Vec::new();
        let mut others = Vec::new();
        let mut unreadable = None;
        for document in Document::all(collateral, Kind::TcbInfo) {
            match Self::read(document) {
                Ok(info) if info.body.id == id && info.body.fmspc.eq_ignore_ascii_case(&fmspc) => {
                    found.push(info);
                }
                Ok(info) => others.push(format!("{} {}", info.body.id, info.body.fmspc)),
                // Older versions of documents about other platforms may lie there too.
                Err(error) => {
                    unreadable.get_or_insert(error);
                }
            }
        }
        if let Some(info) = newest(found, now, |info| info.issued) {
            if !info
                .body
                .pce_id
                .eq_ignore_ascii_case(&HEXUPPER.encode(&pck.pce_id))
            {
                return Err(AppraisalError::WrongCollateral {
                    part: PART,
                    expected: format!("PCEID {}", HEXUPPER.encode(&pck.pce_id)),
                    found: format!("PCEID {}", info.body.pce_id),
                });
            }
            return Ok(info);
        }
        if others.is_empty() {
            return Err(unreadable.unwrap_or_else(|| chain.missing(PART)));
        }
        Err(AppraisalError::WrongCollateral {
            part: PART,
            expected: format!("{id} on platforms with FMSPC {fmspc}"),
            found: others.join(" and "),
        })
    }

    fn read(document: Document<'c>) -> Result<Self, AppraisalError> {
        let body: Body =
            serde_json::from_str(document.body).map_err(|error| malformed(error.to_string()))?;
        if (body.version, body.tcb_type) != (3, 0) {
            return Err(AppraisalError::UnknownProfile {
                part: PART,
                expected: "version 3, tcbType 0",
                found: format!("version {}, tcbType {}", body.version, body.tcb_type),
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

    /// The number of Intel's last recovery event that it knows of.
    pub(super) const fn evaluation_number(&self) -> u32 {
        self.body.tcb_evaluation_data_number
    }

    /// When it was issued.
    pub(super) const fn issued(&self) -> Timestamp {
        self.issued
    }

    /// What the platform's patch level is worth; for a virtual machine the TDX module's too, now
    /// and when the machine was started.
    pub(super) fn evaluate(
        &self,
        pck: &Pck,
        td: Option<&TdReport<'_>>,
    ) -> Result<Evaluated, AppraisalError> {
        let mut evaluated = Evaluated::default();
        let Some(td) = td else {
            self.add_level(&mut evaluated, pck, None)?;
            return Ok(evaluated);
        };
        let identities = &self.body.tdx_module_identities;
        module::check(td, self.body.tdx_module.as_ref(), identities)?;
        let now = td.v15.map(|later| later.tee_tcb_svn2);
        for svn in std::iter::once(td.tee_tcb_svn).chain(now) {
            self.add_level(&mut evaluated, pck, Some(svn))?;
            module::add_level(&mut evaluated, identities, svn)?;
        }
        Ok(evaluated)
    }

    fn add_level(
        &self,
        evaluated: &mut Evaluated,
        pck: &Pck,
        tdx: Option<&[u8; 16]>,
    ) -> Result<(), AppraisalError> {
        // Intel's library looks at the highest first, whatever the order in the document.
        let mut levels: Vec<&Level> = self.body.tcb_levels.iter().collect();
        levels.sort_by_key(|level| {
            let tcb = &level.tcb;
            Reverse((&tcb.sgx, tcb.pce_svn, &tcb.tdx))
        });
        let mut reached = None;
        for level in levels {
            if level.tcb.is_reached(pck, tdx)? {
                reached = Some(level);
                break;
            }
        }
        let level = reached.ok_or_else(|| AppraisalError::StaleTcb {
            claim: "TCB",
            expected: format!(
                "one of the {} levels of the TCB info",
                self.body.tcb_levels.len()
            ),
            found: format!(
                "below all of them: components {}, PCESVN {}{}",
                HEXLOWER.encode(&pck.components),
                pck.pce_svn,
                tdx.map(|svn| format!(", TEE_TCB_SVN {}", HEXLOWER.encode(svn)))
                    .unwrap_or_default()
            ),
        })?;
        evaluated.add(level.tcb_status, &level.advisories, &level.tcb_date);
        Ok(())
    }
}

impl Evaluated {
    /// Adds what one part is worth. Dates are RFC 3339 in UTC: the order of the texts is that of the
    /// times.
    pub(super) fn add(&mut self, status: Status, advisories: &[String], date: &str) {
        self.shortcomings.add(status, advisories);
        if self.tcb_date.is_empty() || date < self.tcb_date.as_str() {
            date.clone_into(&mut self.tcb_date);
        }
    }
}

impl Tcb {
    fn is_reached(&self, pck: &Pck, tdx: Option<&[u8; 16]>) -> Result<bool, AppraisalError> {
        let sgx = reaches(&pck.components, &self.sgx, 0)? && pck.pce_svn >= self.pce_svn;
        let Some(svn) = tdx else {
            return Ok(sgx);
        };
        // The first two belong to the TDX module, which has levels of its own from version 1 on.
        let skip = if svn.get(1) > Some(&0) { 2 } else { 0 };
        Ok(reaches(svn, &self.tdx, skip)? && sgx)
    }
}

fn reaches(found: &[u8; 16], needed: &[Component], skip: usize) -> Result<bool, AppraisalError> {
    if needed.len() != found.len() {
        return Err(malformed(format!(
            "a level with {} components, expected {}",
            needed.len(),
            found.len()
        )));
    }
    Ok(found
        .iter()
        .zip(needed)
        .skip(skip)
        .all(|(found, needed)| *found >= needed.svn))
}

pub(super) fn hex<const N: usize>(
    text: &str,
    what: &'static str,
) -> Result<[u8; N], AppraisalError> {
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| malformed(format!("{what} is {text:?}, expected {N} bytes in hex")))
}

fn malformed(reason: String) -> AppraisalError {
    AppraisalError::Malformed { part: PART, reason }
}

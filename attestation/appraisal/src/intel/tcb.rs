//! TCB info: what each patch level of a family of platforms is worth (Intel, "PCS API v4", TCB info
//! V3).

use std::cmp::Reverse;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE, HEXUPPER};
use serde::Deserialize;
use veracruz_policy::Timestamp;

use super::chain::Chain;
use super::document::{Document, Kind, check_dates, newest, time};
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

/// Who may have signed the TDX module, and with what attributes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Module {
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModuleIdentity {
    id: String,
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
    tcb_levels: Vec<ModuleLevel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModuleLevel {
    tcb: ModuleTcb,
    tcb_date: String,
    tcb_status: Status,
    #[serde(rename = "advisoryIDs", default)]
    advisories: Vec<String>,
}

#[derive(Deserialize)]
struct ModuleTcb {
    isvsvn: u8,
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
        if body.version != 3 {
            return Err(AppraisalError::UnknownProfile {
                part: PART,
                expected: "version 3",
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
        self.check_module(td)?;
        let now = td.v15.map(|later| later.tee_tcb_svn2);
        for svn in std::iter::once(td.tee_tcb_svn).chain(now) {
            self.add_level(&mut evaluated, pck, Some(svn))?;
            self.add_module_level(&mut evaluated, svn)?;
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
        evaluated
            .shortcomings
            .add(level.tcb_status, &level.advisories);
        evaluated.note_date(&level.tcb_date);
        Ok(())
    }

    /// The module's own level, where it is of a version that has one.
    fn add_module_level(
        &self,
        evaluated: &mut Evaluated,
        svn: &[u8; 16],
    ) -> Result<(), AppraisalError> {
        let Some(identity) = self.module_identity(svn)? else {
            return Ok(());
        };
        let [isv_svn, ..] = *svn;
        let level = identity
            .tcb_levels
            .iter()
            .filter(|level| level.tcb.isvsvn <= isv_svn)
            .max_by_key(|level| level.tcb.isvsvn)
            .ok_or_else(|| AppraisalError::StaleTcb {
                claim: "TDX module's ISVSVN",
                expected: format!("one of the levels of {}", identity.id),
                found: format!("{isv_svn}, below all of them"),
            })?;
        evaluated
            .shortcomings
            .add(level.tcb_status, &level.advisories);
        evaluated.note_date(&level.tcb_date);
        Ok(())
    }

    /// Who signed the TDX module, and with what attributes it runs.
    fn check_module(&self, td: &TdReport<'_>) -> Result<(), AppraisalError> {
        let module = match self.module_identity(td.tee_tcb_svn)? {
            Some(identity) => [
                &identity.mrsigner,
                &identity.attributes,
                &identity.attributes_mask,
            ],
            None => {
                let module = self
                    .body
                    .tdx_module
                    .as_ref()
                    .ok_or_else(|| malformed("no tdxModule".into()))?;
                [
                    &module.mrsigner,
                    &module.attributes,
                    &module.attributes_mask,
                ]
            }
        };
        let [signer, attributes, mask] = module;
        let signer: [u8; 48] = hex(signer, "mrsigner")?;
        let attributes: [u8; 8] = hex(attributes, "attributes")?;
        let mask: [u8; 8] = hex(mask, "attributesMask")?;
        if signer != *td.mr_signer_seam {
            return Err(AppraisalError::AttesterMismatch {
                part: "signer of the TDX module (MRSIGNERSEAM)",
                expected: HEXLOWER.encode(&signer),
                found: HEXLOWER.encode(td.mr_signer_seam),
            });
        }
        let [attributes, mask, found] =
            [&attributes, &mask, td.seam_attributes].map(|bytes| u64::from_le_bytes(*bytes));
        // What the mask leaves open must be zero all the same.
        if found != attributes & mask {
            return Err(AppraisalError::ConfigurationNotAllowed {
                claim: "SEAMATTRIBUTES",
                expected: format!("0x{:016x}", attributes & mask),
                found: format!("0x{found:016x}"),
            });
        }
        Ok(())
    }

    /// The identity of the module's major version; version 0 has none.
    fn module_identity(&self, svn: &[u8; 16]) -> Result<Option<&ModuleIdentity>, AppraisalError> {
        let [_, version, ..] = *svn;
        if version == 0 {
            return Ok(None);
        }
        let id = format!("TDX_{version:02X}");
        let identity = self
            .body
            .tdx_module_identities
            .iter()
            .find(|identity| identity.id.eq_ignore_ascii_case(&id));
        identity
            .map(Some)
            .ok_or_else(|| AppraisalError::AttesterMismatch {
                part: "TDX module",
                expected: self
                    .body
                    .tdx_module_identities
                    .iter()
                    .map(|identity| identity.id.as_str())
                    .collect::<Vec<_>>()
                    .join(" or "),
                found: id,
            })
    }
}

impl Evaluated {
    /// Dates are RFC 3339 in UTC: the order of the texts is that of the times.
    pub(super) fn note_date(&mut self, date: &str) {
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

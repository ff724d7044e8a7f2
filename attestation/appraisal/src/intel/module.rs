//! The TDX module: Intel's software between the host and its virtual machines.

use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::report::TdReport;
use super::status::Status;
use super::tcb::{Evaluated, hex};
use crate::AppraisalError;

/// Who may have signed the TDX module, and with what attributes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Module {
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
}

/// The same for one major version of the module, with what its patch levels are worth.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModuleIdentity {
    id: String,
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
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
    isvsvn: u8,
}

/// Whether the module was signed by whom TCB info names, and runs with the attributes that it names.
pub(super) fn check(
    td: &TdReport<'_>,
    module: Option<&Module>,
    identities: &[ModuleIdentity],
) -> Result<(), AppraisalError> {
    let [signer, attributes, mask] = match (find(identities, td.tee_tcb_svn)?, module) {
        (Some(identity), _) => [
            &identity.mrsigner,
            &identity.attributes,
            &identity.attributes_mask,
        ],
        (None, Some(module)) => [
            &module.mrsigner,
            &module.attributes,
            &module.attributes_mask,
        ],
        (None, None) => {
            return Err(AppraisalError::Malformed {
                part: "TCB info",
                reason: "no tdxModule".into(),
            });
        }
    };
    let signer: [u8; 48] = hex(signer, "mrsigner")?;
    if signer != *td.mr_signer_seam {
        return Err(AppraisalError::AttesterMismatch {
            part: "signer of the TDX module (MRSIGNERSEAM)",
            expected: HEXLOWER.encode(&signer),
            found: HEXLOWER.encode(td.mr_signer_seam),
        });
    }
    let attributes = u64::from_le_bytes(hex(attributes, "attributes")?);
    let mask = u64::from_le_bytes(hex(mask, "attributesMask")?);
    let found = u64::from_le_bytes(*td.seam_attributes);
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

/// Adds what the module's own level is worth, where it is of a version that has levels.
pub(super) fn add_level(
    evaluated: &mut Evaluated,
    identities: &[ModuleIdentity],
    svn: &[u8; 16],
) -> Result<(), AppraisalError> {
    let Some(identity) = find(identities, svn)? else {
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
    evaluated.add(level.tcb_status, &level.advisories, &level.tcb_date);
    Ok(())
}

/// The identity of the module's major version; version 0 has none.
fn find<'i>(
    identities: &'i [ModuleIdentity],
    svn: &[u8; 16],
) -> Result<Option<&'i ModuleIdentity>, AppraisalError> {
    let [_, version, ..] = *svn;
    if version == 0 {
        return Ok(None);
    }
    let id = format!("TDX_{version:02X}");
    let identity = identities
        .iter()
        .find(|identity| identity.id.eq_ignore_ascii_case(&id));
    identity.map(Some).ok_or_else(|| {
        let known: Vec<&str> = identities.iter().map(|known| known.id.as_str()).collect();
        AppraisalError::AttesterMismatch {
            part: "TDX module",
            expected: known.join(" or "),
            found: id,
        }
    })
}

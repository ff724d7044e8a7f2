//! The event log of a TDX virtual machine (ACPI table CCEL), and its replay to the RTMRs.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use veracruz_policy::Sha384;

use crate::AppraisalError;
use crate::tpm::event_log::{EV_NO_ACTION, EventLog};

const PART: &str = "event log";
/// TPM_ALG_ID of SHA-384, which the RTMRs have.
const SHA384: u16 = 0x000c;

/// Whether bytes are the ACPI table CCEL itself: it says where in memory the log was, and there is
/// nothing in it to verify with. Tools save it beside the log.
pub(crate) fn is_table(bytes: &[u8]) -> bool {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bytes.starts_with(b"CCEL") && bytes.get(4..8) == Some(&length.to_le_bytes())
}

/// Whether a log leads to these RTMRs, and how many events do. It must account for the first three;
/// the fourth is the running system's own, which may keep its log elsewhere.
///
/// # Errors
/// `Malformed`, `WeakDigest`, `EventLogMismatch`.
pub(crate) fn check(log: &[u8], rtmr: &[&[u8; 48]; 4]) -> Result<usize, AppraisalError> {
    let log = EventLog::parse_area(log)?;
    let malformed = |reason: String| AppraisalError::Malformed { part: PART, reason };
    if !log.has(SHA384) {
        return Err(malformed(
            "no digests of SHA-384, which the RTMRs have".into(),
        ));
    }
    let mut count: usize = 0;
    let mut replayed: BTreeMap<u32, [u8; 48]> = BTreeMap::new();
    let events = log
        .events()
        .iter()
        .filter(|event| event.kind != EV_NO_ACTION);
    for event in events {
        let digest = event
            .digest(SHA384)
            .ok_or_else(|| malformed("an event without SHA-384".into()))?;
        let value = replayed.entry(event.register).or_insert([0; 48]);
        *value = *Sha384::of(&[value.as_slice(), digest].concat()).as_bytes();
        count = count.saturating_add(1);
    }
    // By the log's own count, 0 is MRTD, which is never extended, and 1 to 4 are the RTMRs.
    if let Some(other) = replayed
        .keys()
        .find(|register| !(1..=4).contains(*register))
    {
        return Err(malformed(format!("an event for register {other}")));
    }
    for (index, found) in (0_u32..).zip(rtmr) {
        let value = match replayed.get(&index.saturating_add(1)) {
            None if index == 3 => continue,
            value => value.copied().unwrap_or([0; 48]),
        };
        if value != **found {
            return Err(AppraisalError::EventLogMismatch {
                reason: format!(
                    "its events lead to RTMR{index} {}, the quote has {}",
                    HEXLOWER.encode(&value),
                    HEXLOWER.encode(*found)
                ),
            });
        }
    }
    Ok(count)
}

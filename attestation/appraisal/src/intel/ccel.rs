//! The event log of a TDX virtual machine (ACPI table CCEL; the format is the crypto-agile log of
//! "TCG PC Client Platform Firmware Profile", section 10.2), and its replay to the RTMRs.

use data_encoding::HEXLOWER;
use veracruz_policy::Sha384;

use super::reader::Reader;
use crate::AppraisalError;

/// A log that was read: what it extends the registers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventLog {
    /// Register by the log's own count (0 is MRTD, 1 to 4 are RTMR 0 to 3), digest.
    events: Vec<(u32, [u8; 48])>,
}

const PART: &str = "event log";
const EV_NO_ACTION: u32 = 3;
/// TPM_ALG_ID.
const SHA1: u16 = 0x0004;
const SHA384: u16 = 0x000c;
const SIGNATURE: &[u8; 16] = b"Spec ID Event03\0";

impl EventLog {
    /// Whether bytes look like such a log: its first event says so.
    pub(crate) fn begins(bytes: &[u8]) -> bool {
        bytes.get(4..8) == Some(&EV_NO_ACTION.to_le_bytes()) && bytes.get(32..48) == Some(SIGNATURE)
    }

    /// Whether bytes are the ACPI table CCEL itself: it says where in memory the log was, and there
    /// is nothing in it to verify with. Tools save it beside the log.
    pub(crate) fn is_table(bytes: &[u8]) -> bool {
        let mut reader = Reader::new(bytes, PART);
        let signature = reader.array("signature");
        let length = reader.u32("length");
        signature == Ok(b"CCEL")
            && length.is_ok_and(|length| usize::try_from(length) == Ok(bytes.len()))
    }

    /// Reads a log. Whatever follows its last event must be filled with 0x00 or 0xff, as the memory
    /// that firmware sets aside for it is.
    ///
    /// # Errors
    /// `Malformed`; `WeakDigest` where its digests are SHA-1 alone.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, AppraisalError> {
        let mut reader = Reader::new(bytes, PART);
        let algorithms = header(&mut reader)?;
        if algorithms == [(SHA1, 20)] {
            return Err(AppraisalError::WeakDigest {
                part: PART,
                found: "SHA-1".into(),
            });
        }
        if !algorithms.contains(&(SHA384, 48)) {
            return Err(reader.malformed("no digests of SHA-384, which the RTMRs have".into()));
        }
        let mut events = Vec::new();
        while !is_filler(reader.rest()) {
            let register = reader.u32("register of an event")?;
            let kind = reader.u32("type of an event")?;
            let count = reader.u32("number of digests")?;
            let mut digest = None;
            for _ in 0..count {
                let id = reader.u16("digest algorithm")?;
                let known = algorithms.iter().find(|(known, _)| *known == id);
                let (_, length) = known.ok_or_else(|| {
                    reader.malformed(format!("algorithm 0x{id:04x} is not in its header"))
                })?;
                let value = reader.bytes(usize::from(*length), "digest")?;
                if id == SHA384 {
                    digest = value.try_into().ok();
                }
            }
            reader.counted("event")?;
            if kind == EV_NO_ACTION {
                continue;
            }
            let digest =
                digest.ok_or_else(|| reader.malformed("an event without SHA-384".into()))?;
            if register > 4 {
                return Err(reader.malformed(format!("an event for register {register}")));
            }
            events.push((register, digest));
        }
        Ok(Self { events })
    }

    /// How many events extend registers.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// What an RTMR holds after all of its events; `None` where there are none for it.
    pub(crate) fn replay(&self, rtmr: u32) -> Option<[u8; 48]> {
        let mut value = None;
        for (register, digest) in &self.events {
            if register.checked_sub(1) == Some(rtmr) {
                let before = value.unwrap_or([0; 48]);
                let after = Sha384::of(&[before, *digest].concat());
                value = Some(*after.as_bytes());
            }
        }
        value
    }

    /// Whether the log leads to these RTMRs. It must account for the first three; the fourth is the
    /// running system's own, which may keep its log elsewhere.
    ///
    /// # Errors
    /// `EventLogMismatch`.
    pub(crate) fn check(&self, rtmr: &[&[u8; 48]; 4]) -> Result<(), AppraisalError> {
        for (index, found) in (0..).zip(rtmr) {
            let replayed = match self.replay(index) {
                None if index == 3 => continue,
                replayed => replayed.unwrap_or([0; 48]),
            };
            if replayed != **found {
                return Err(AppraisalError::EventLogMismatch {
                    reason: format!(
                        "its events lead to RTMR{index} {}, the quote has {}",
                        HEXLOWER.encode(&replayed),
                        HEXLOWER.encode(*found)
                    ),
                });
            }
        }
        Ok(())
    }
}

/// The first event, in the older format: which digests the others have, and how long each is.
fn header(reader: &mut Reader<'_>) -> Result<Vec<(u16, u16)>, AppraisalError> {
    /// There are six in TCG's registry.
    const MOST: u32 = 16;
    reader.bytes(4, "register of the first event")?;
    let kind = reader.u32("type of the first event")?;
    reader.bytes(20, "digest of the first event")?;
    let event = reader.counted("first event")?;
    let mut event = Reader::new(event, PART);
    let signature: &[u8; 16] = event.array("signature")?;
    if kind != EV_NO_ACTION || signature != SIGNATURE {
        return Err(AppraisalError::UnknownProfile {
            part: PART,
            expected: "Spec ID Event03",
            found: String::from_utf8_lossy(signature).into_owned(),
        });
    }
    event.bytes(8, "platform class and version")?;
    let count = event.u32("number of algorithms")?;
    if count > MOST {
        return Err(event.malformed(format!("{count} algorithms, at most {MOST}")));
    }
    let mut algorithms = Vec::new();
    for _ in 0..count {
        algorithms.push((
            event.u16("digest algorithm")?,
            event.u16("length of a digest")?,
        ));
    }
    Ok(algorithms)
}

fn is_filler(rest: &[u8]) -> bool {
    [0x00, 0xff]
        .iter()
        .any(|filler| rest.iter().all(|byte| byte == filler))
}

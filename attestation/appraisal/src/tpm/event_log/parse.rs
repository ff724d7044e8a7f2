//! Reads a log event by event.

use super::PART;
use crate::AppraisalError;

/// Types of events with a meaning here (section 10.4.1).
pub(crate) const EV_NO_ACTION: u32 = 3;
/// The signature of the first event, which says what digests the others have (section 10.4.5.1).
const SPEC_ID: &[u8; 16] = b"Spec ID Event03\0";
/// Algorithms of the TCG registry with the length of their digests. Others have the length that
/// the log's header gives them.
const SHA1: u16 = 0x0004;
/// Most algorithms of a log: a TPM has two or three banks.
const MAX_ALGORITHMS: u32 = 8;
/// The longest digest.
const MAX_DIGEST_BYTES: u16 = 64;

/// A log that was read; nobody has compared it with anything.
#[derive(Clone, Debug)]
pub(crate) struct EventLog<'b> {
    /// Algorithm and length of the digests of each event.
    algorithms: Vec<(u16, usize)>,
    events: Vec<Event<'b>>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event<'b> {
    /// The register that was extended, by the log's own numbering.
    pub(crate) register: u32,
    /// What kind of event it is (section 10.4.1).
    pub(crate) kind: u32,
    /// What was measured, or something that says what was: nothing makes it true.
    pub(crate) data: &'b [u8],
    digests: Vec<(u16, &'b [u8])>,
}

impl Event<'_> {
    /// The digest in the bank of this algorithm.
    pub(crate) fn digest(&self, algorithm: u16) -> Option<&[u8]> {
        let mut digests = self.digests.iter();
        digests
            .find(|(found, _)| *found == algorithm)
            .map(|(_, digest)| *digest)
    }
}

impl<'b> EventLog<'b> {
    /// Reads a log that ends with its last event.
    ///
    /// # Errors
    /// `Malformed`; `WeakDigest` where it has digests of SHA-1 alone.
    pub(crate) fn parse(bytes: &'b [u8]) -> Result<Self, AppraisalError> {
        Self::read(bytes, false)
    }

    /// Reads a log in the memory that firmware set aside for it: whatever follows the last event
    /// must be filled with 0x00 or 0xff. The header may be of any register, as it is in the logs of
    /// TDX virtual machines.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub(crate) fn parse_area(bytes: &'b [u8]) -> Result<Self, AppraisalError> {
        Self::read(bytes, true)
    }

    fn read(bytes: &'b [u8], area: bool) -> Result<Self, AppraisalError> {
        let mut cursor = Cursor { bytes };
        let algorithms = header(&mut cursor, area)?;
        let mut events = Vec::new();
        let is_over = |rest: &[u8]| rest.is_empty() || area && is_filling(rest);
        while !is_over(cursor.bytes) {
            events.push(event(&mut cursor, &algorithms)?);
        }
        Ok(Self { algorithms, events })
    }

    /// Whether bytes begin as a log does.
    pub(crate) fn begins(bytes: &[u8]) -> bool {
        bytes.get(4..8) == Some(&EV_NO_ACTION.to_le_bytes()) && bytes.get(32..48) == Some(SPEC_ID)
    }

    /// The events after the header, in the order of the log.
    pub(crate) fn events(&self) -> &[Event<'b>] {
        &self.events
    }

    /// Whether the log has digests of this algorithm.
    pub(crate) fn has(&self, algorithm: u16) -> bool {
        self.algorithms.iter().any(|(found, _)| *found == algorithm)
    }
}

/// The first event, in the older form: register, type, a SHA-1 and a sized Spec ID.
fn header(
    cursor: &mut Cursor<'_>,
    any_register: bool,
) -> Result<Vec<(u16, usize)>, AppraisalError> {
    let register = cursor.u32()?;
    let kind = cursor.u32()?;
    cursor.take(20)?;
    let length = cursor.u32()?;
    let mut id = Cursor {
        bytes: cursor.take(usize::try_from(length).unwrap_or(usize::MAX))?,
    };
    let signature = id.bytes.get(..SPEC_ID.len()).unwrap_or_default();
    if !any_register && register != 0 && kind == EV_NO_ACTION && signature == SPEC_ID {
        return Err(malformed("a header of another register than 0".into()));
    }
    if kind != EV_NO_ACTION || signature != SPEC_ID {
        // Before 2.0, every event had one digest, of SHA-1.
        return Err(AppraisalError::WeakDigest {
            part: PART,
            found: "SHA-1 (the form of TPM 1.2, without Spec ID Event03)".into(),
        });
    }
    // Signature, platform class, version, errata, size of addresses.
    id.take(SPEC_ID.len().saturating_add(8))?;
    let count = id.u32()?;
    if !(1..=MAX_ALGORITHMS).contains(&count) {
        return Err(malformed(format!("a header with {count} algorithms")));
    }
    let mut algorithms: Vec<(u16, usize)> = Vec::new();
    for _ in 0..count {
        let (algorithm, length) = (id.u16()?, id.u16()?);
        let twice = algorithms.iter().any(|(found, _)| *found == algorithm);
        if twice || length == 0 || length > MAX_DIGEST_BYTES {
            return Err(malformed(format!(
                "algorithm 0x{algorithm:04x} twice or with digests of {length} bytes"
            )));
        }
        algorithms.push((algorithm, length.into()));
    }
    let vendor = id.u8()?;
    id.take(vendor.into())?;
    if algorithms.iter().all(|(algorithm, _)| *algorithm == SHA1) {
        return Err(AppraisalError::WeakDigest {
            part: PART,
            found: "SHA-1".into(),
        });
    }
    Ok(algorithms)
}

/// Whether firmware wrote nothing more.
fn is_filling(rest: &[u8]) -> bool {
    [0x00, 0xff]
        .iter()
        .any(|filling| rest.iter().all(|byte| byte == filling))
}

/// `TCG_PCR_EVENT2` (section 10.2.2).
fn event<'b>(
    cursor: &mut Cursor<'b>,
    algorithms: &[(u16, usize)],
) -> Result<Event<'b>, AppraisalError> {
    let register = cursor.u32()?;
    let kind = cursor.u32()?;
    let count = cursor.u32()?;
    if count > MAX_ALGORITHMS {
        return Err(malformed(format!("an event with {count} digests")));
    }
    let mut digests: Vec<(u16, &[u8])> = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    for _ in 0..count {
        let algorithm = cursor.u16()?;
        let known = algorithms.iter().find(|(known, _)| *known == algorithm);
        let Some((_, length)) = known else {
            return Err(malformed(format!(
                "a digest of algorithm 0x{algorithm:04x}, which the header does not name"
            )));
        };
        if digests.iter().any(|(found, _)| *found == algorithm) {
            return Err(malformed(format!(
                "two digests of algorithm 0x{algorithm:04x} in one event"
            )));
        }
        digests.push((algorithm, cursor.take(*length)?));
    }
    let length = cursor.u32()?;
    let data = cursor.take(usize::try_from(length).unwrap_or(usize::MAX))?;
    Ok(Event {
        register,
        kind,
        data,
        digests,
    })
}

fn malformed(reason: String) -> AppraisalError {
    AppraisalError::Malformed { part: PART, reason }
}

/// Numbers are little-endian.
struct Cursor<'b> {
    bytes: &'b [u8],
}

impl<'b> Cursor<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], AppraisalError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or_else(|| malformed(format!("it ends {length} bytes too early in an event")))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], AppraisalError> {
        let bytes = self.take(N)?;
        bytes
            .try_into()
            .map_err(|_| malformed("a number that is cut off".into()))
    }

    fn u8(&mut self) -> Result<u8, AppraisalError> {
        self.number().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Result<u16, AppraisalError> {
        self.number().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, AppraisalError> {
        self.number().map(u32::from_le_bytes)
    }
}

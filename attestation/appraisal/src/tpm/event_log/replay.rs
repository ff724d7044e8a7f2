//! Extends registers as a log says that they were.

use std::collections::BTreeMap;

use super::parse::{EV_NO_ACTION, Event, EventLog};
use crate::AppraisalError;
use crate::key::Hash;

/// Signatures of events that extend nothing (sections 10.4.5.1 to 10.4.5.9). Any other is a place
/// for lies, since no register confirms it.
const NO_ACTIONS: &[&[u8; 16]] = &[
    STARTUP_LOCALITY,
    b"SP800-155 Event\0",
    b"SP800-155 Event2",
    b"SP800-155 Event3",
    b"H-CRTM CompMeas\0",
    b"SPDM Device Sec\0",
    b"SPDM Device Sec2",
    b"NvIndexInstance\0",
    b"NvIndexDynamic\0\0",
];
/// Most of these events: each is compared with all others, and a log has five.
const MAX_NO_ACTIONS: usize = 64;
/// It says from which locality the TPM was started, and with it how PCR 0 began.
const STARTUP_LOCALITY: &[u8; 16] = b"StartupLocality\0";

impl EventLog<'_> {
    /// The registers as the events leave them, in the bank of `hash`. Registers without an event
    /// that extends them are not there: those stand as they began.
    ///
    /// # Errors
    /// `EventLogMismatch` where an event has no digest in this bank, or extends nothing and is none
    /// of the kinds that may.
    pub(in crate::tpm) fn replay(
        &self,
        hash: Hash,
    ) -> Result<BTreeMap<u32, Vec<u8>>, AppraisalError> {
        let algorithm = algorithm(hash);
        if !self.has(algorithm) {
            return Err(mismatch(format!(
                "it has no digests of algorithm 0x{algorithm:04x}"
            )));
        }
        let mut registers: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        let mut locality: Option<u8> = None;
        let mut seen: Vec<&Event<'_>> = Vec::new();
        for (number, event) in self.events().iter().enumerate() {
            let found = event
                .digest(algorithm)
                .ok_or_else(|| mismatch(format!("event {number} has no digest in this bank")))?;
            if event.kind == EV_NO_ACTION {
                check_no_action(number, event, found, &seen)?;
                seen.push(event);
                if let Some(started) = event.data.strip_prefix(STARTUP_LOCALITY) {
                    let (Some(started), None) = (started.first(), registers.get(&0)) else {
                        return Err(mismatch(format!(
                            "event {number}: a locality that comes late or is missing"
                        )));
                    };
                    if locality.replace(*started).is_some() {
                        return Err(mismatch(format!("event {number}: a second locality")));
                    }
                }
                continue;
            }
            let register = registers.entry(event.register).or_insert_with(|| {
                let mut start = vec![0; found.len()];
                if let (0, Some(last)) = (event.register, start.last_mut()) {
                    *last = locality.unwrap_or(0);
                }
                start
            });
            register.extend_from_slice(found);
            *register = hash.digest(register);
        }
        Ok(registers)
    }
}

/// An event that extends nothing: of a known kind, without a digest, and there once.
fn check_no_action(
    number: usize,
    event: &Event<'_>,
    digest: &[u8],
    seen: &[&Event<'_>],
) -> Result<(), AppraisalError> {
    let known = NO_ACTIONS
        .iter()
        .any(|signature| event.data.starts_with(*signature));
    let reason = if !known {
        "extends nothing and is of no known kind"
    } else if digest.iter().any(|byte| *byte != 0) {
        "extends nothing and has a digest"
    } else if seen.contains(&event) {
        "extends nothing and stands there twice"
    } else if seen.len() >= MAX_NO_ACTIONS {
        "extends nothing, as too many before it"
    } else {
        return Ok(());
    };
    Err(mismatch(format!("event {number} {reason}")))
}

/// Algorithm identifiers of the TCG registry.
const fn algorithm(hash: Hash) -> u16 {
    match hash {
        Hash::Sha256 => 0x000b,
        Hash::Sha384 => 0x000c,
        Hash::Sha512 => 0x000d,
    }
}

fn mismatch(reason: String) -> AppraisalError {
    AppraisalError::EventLogMismatch { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log with the banks of SHA-256 and SHA-384 and these events: register, kind, what was
    /// measured, data.
    fn log(events: &[(u32, u32, &[u8], &[u8])]) -> Vec<u8> {
        let mut log = [0u32.to_le_bytes(), 3u32.to_le_bytes()].concat();
        log.extend([0; 20]);
        let mut id = b"Spec ID Event03\0\0\0\0\0\0\x02\0\x02".to_vec();
        id.extend(2u32.to_le_bytes());
        for number in [0x000bu16, 32, 0x000c, 48] {
            id.extend(number.to_le_bytes());
        }
        id.push(0);
        log.extend(u32::try_from(id.len()).unwrap().to_le_bytes());
        log.extend(id);
        for (register, kind, measured, data) in events {
            for number in [*register, *kind, 2] {
                log.extend(number.to_le_bytes());
            }
            for (algorithm, hash, length) in
                [(0x000bu16, Hash::Sha256, 32), (0x000c, Hash::Sha384, 48)]
            {
                log.extend(algorithm.to_le_bytes());
                match *kind {
                    EV_NO_ACTION => log.extend(vec![0; length]),
                    _ => log.extend(hash.digest(measured)),
                }
            }
            log.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            log.extend(*data);
        }
        log
    }

    fn replayed(log: &[u8]) -> Result<BTreeMap<u32, Vec<u8>>, AppraisalError> {
        EventLog::parse(log)?.replay(Hash::Sha256)
    }

    const LOCALITY_3: (u32, u32, &[u8], &[u8]) = (0, 3, b"", b"StartupLocality\0\x03");

    #[test]
    fn extends_each_register_in_the_order_of_the_log() {
        let log = log(&[(1, 8, b"a", b""), (4, 9, b"b", b"b"), (1, 13, b"c", b"")]);
        for (hash, length) in [(Hash::Sha256, 32), (Hash::Sha384, 48)] {
            let registers = EventLog::parse(&log).unwrap().replay(hash).unwrap();
            let once = hash.digest(&[vec![0; length], hash.digest(b"a")].concat());
            let twice = hash.digest(&[once, hash.digest(b"c")].concat());
            assert_eq!(registers[&1], twice);
            let other = hash.digest(&[vec![0; length], hash.digest(b"b")].concat());
            assert_eq!(registers[&4], other);
            assert_eq!(registers.len(), 2);
        }
        let parsed = EventLog::parse(&log).unwrap();
        assert_eq!(parsed.events()[1].data, b"b");
    }

    #[test]
    fn the_locality_of_the_start_is_where_pcr_0_begins() {
        let log = log(&[LOCALITY_3, (0, 8, b"a", b""), (1, 8, b"a", b"")]);
        let registers = replayed(&log).unwrap();
        let mut start = [0; 32];
        start[31] = 3;
        let hash = Hash::Sha256;
        assert_eq!(
            registers[&0],
            hash.digest(&[start.to_vec(), hash.digest(b"a")].concat())
        );
        assert_ne!(registers[&0], registers[&1]);
    }

    #[test]
    fn refuses_events_that_no_register_confirms() {
        let vendor: (u32, u32, &[u8], &[u8]) = (0, 3, b"", b"SP800-155 Event\0whatever");
        replayed(&log(&[vendor])).unwrap();
        let late = [(0, 8, b"a".as_slice(), b"".as_slice()), LOCALITY_3];
        for events in [
            &[(0, 3, b"".as_slice(), b"anything at all".as_slice())][..],
            &[(0, 3, b"", b"Spec ID Event03\0")],
            &[vendor, vendor],
            &[LOCALITY_3, (0, 3, b"", b"StartupLocality\0\x04")],
            &late,
            &[(0, 3, b"", b"StartupLocality\0")],
        ] {
            assert!(matches!(
                replayed(&log(events)),
                Err(AppraisalError::EventLogMismatch { .. })
            ));
        }
        let many: Vec<Vec<u8>> = (0..65u8)
            .map(|number| [b"SP800-155 Event\0".as_slice(), &[number]].concat())
            .collect();
        let many: Vec<_> = many
            .iter()
            .map(|data| (0, 3, b"".as_slice(), &**data))
            .collect();
        replayed(&log(&many[..64])).unwrap();
        assert!(replayed(&log(&many)).is_err());
        let mut digest = log(&[vendor]);
        let length = digest.len();
        digest[length - b"SP800-155 Event\0whatever".len() - 5] = 1; // the end of a digest
        let parsed = EventLog::parse(&digest).unwrap();
        assert!(matches!(
            parsed.replay(Hash::Sha384),
            Err(AppraisalError::EventLogMismatch { .. })
        ));
    }

    #[test]
    fn refuses_a_bank_that_is_not_there() {
        let log = log(&[(0, 8, b"a", b"")]);
        assert!(matches!(
            EventLog::parse(&log).unwrap().replay(Hash::Sha512),
            Err(AppraisalError::EventLogMismatch { .. })
        ));
        // One event lacks its digest of SHA-256.
        let mut other = log.clone();
        let event = other.len() - (12 + 34 + 50 + 4);
        other[event + 8] = 1;
        other.drain(event + 12..event + 12 + 34);
        assert!(matches!(
            replayed(&other),
            Err(AppraisalError::EventLogMismatch { .. })
        ));
    }

    #[test]
    fn refuses_logs_of_sha_1_alone() {
        let old = [0u32.to_le_bytes(), 8u32.to_le_bytes()].concat();
        let old = [&*old, &[0; 20], &[4, 0, 0, 0], b"data"].concat();
        assert!(matches!(
            replayed(&old),
            Err(AppraisalError::WeakDigest {
                part: "event log",
                ..
            })
        ));
    }

    #[test]
    fn no_bytes_panic_and_no_digest_can_be_changed() {
        let log = log(&[LOCALITY_3, (0, 8, b"a", b"x"), (7, 8, b"b", b"y")]);
        let good = replayed(&log).unwrap();
        for length in 0..log.len() {
            if let Ok(registers) = replayed(&log[..length]) {
                assert_ne!(registers, good, "cut to {length}");
            }
        }
        for index in 0..log.len() {
            for bit in 0..8 {
                let mut changed = log.clone();
                changed[index] ^= 1 << bit;
                // Whether it is refused, or leads elsewhere, or only what it says differs.
                let _ = replayed(&changed);
            }
        }
    }
}

//! How a payload is written: deterministic CBOR, a map with the keys below. See
//! `docs/reference/receipt.md` for the CDDL.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use veracruz_evidence::cbor::{CborError, Reader, Writer};
use veracruz_policy::{FilePath, InstanceId, Measurement, ParticipantName, PolicyHash, Sha256};

use crate::{Commitment, Outcome, ReceiptError, ReceiptPayload, Resources, quorum};

/// The version that this crate writes.
pub(crate) const VERSION: u64 = 1;
/// The versions that it reads: every one that was ever written.
pub const RECEIPT_VERSIONS: core::ops::RangeInclusive<u64> = 1..=VERSION;

const VERSION_KEY: i64 = 1;
const POLICY: i64 = 2;
const INSTANCE: i64 = 3;
const RUN: i64 = 4;
const OUTCOME: i64 = 5;
const MEASUREMENT: i64 = 6;
const APPROVALS: i64 = 7;
const PROGRAMS: i64 = 8;
const INPUTS: i64 = 9;
const OUTPUTS: i64 = 10;
const RANDOMNESS: i64 = 11;
const RESOURCES: i64 = 12;
/// There only where the policy demands a quorum.
const QUORUM: i64 = 13;

/// Most bytes of a measurement: SHA-512.
const MAX_MEASUREMENT_BYTES: usize = 64;

/// Keys of the map of resources.
const WALL_MS: i64 = 1;
const CPU_MS: i64 = 2;
const MEMORY_BYTES: i64 = 3;

/// No table has more entries than a policy has files or participants.
const MAX_ENTRIES: usize = if veracruz_policy::MAX_FILES > veracruz_policy::MAX_PARTICIPANTS {
    veracruz_policy::MAX_FILES
} else {
    veracruz_policy::MAX_PARTICIPANTS
};
const MAX_NAME_BYTES: usize = veracruz_policy::MAX_NAME_LENGTH;
const MAX_PATH_BYTES: usize = veracruz_policy::MAX_PATH_BYTES;

/// Writes a payload.
pub(crate) fn encode(payload: &ReceiptPayload) -> Vec<u8> {
    Writer::encode(|w| {
        w.map(|m| {
            m.int(VERSION_KEY, |w| w.unsigned(VERSION));
            m.int(POLICY, |w| w.bytes(payload.policy.as_bytes()));
            m.int(INSTANCE, |w| w.bytes(payload.instance.as_bytes()));
            m.int(RUN, |w| w.unsigned(payload.run.into()));
            m.int(OUTCOME, |w| w.unsigned(payload.outcome.number()));
            m.int(MEASUREMENT, |w| w.bytes(payload.measurement.as_bytes()));
            m.int(APPROVALS, |w| {
                write_table(
                    w,
                    &payload.approvals,
                    ParticipantName::as_str,
                    Sha256::as_bytes,
                );
            });
            m.int(PROGRAMS, |w| {
                write_table(w, &payload.programs, FilePath::as_str, Sha256::as_bytes);
            });
            m.int(INPUTS, |w| {
                write_table(w, &payload.inputs, FilePath::as_str, Commitment::as_bytes);
            });
            m.int(OUTPUTS, |w| {
                write_table(w, &payload.outputs, FilePath::as_str, Commitment::as_bytes);
            });
            m.int(RANDOMNESS, |w| w.bytes(payload.randomness.as_bytes()));
            m.int(RESOURCES, |w| {
                w.map(|m| {
                    m.int(WALL_MS, |w| w.unsigned(payload.resources.wall_ms()));
                    m.int(CPU_MS, |w| w.unsigned(payload.resources.cpu_ms()));
                    m.int(MEMORY_BYTES, |w| {
                        w.unsigned(payload.resources.memory_bytes())
                    });
                });
            });
            if let Some(claim) = &payload.quorum {
                m.int(QUORUM, |w| quorum::write(claim, w));
            }
        });
    })
}

/// Reads a payload. The size of `bytes` was bounded before.
pub(crate) fn parse(bytes: &[u8]) -> Result<ReceiptPayload, ReceiptError> {
    let mut r = Reader::new(bytes)?;
    let count = r.map(13)?;
    r.key(VERSION_KEY, "key 1 (version)")?;
    match r.unsigned()? {
        VERSION => {}
        found => return Err(ReceiptError::UnsupportedVersion { found }),
    }
    if count != 12 && count != 13 {
        return Err(ReceiptError::Malformed(CborError::WrongLength {
            offset: 0,
            expected: 12,
            found: u64::try_from(count).unwrap_or(u64::MAX),
        }));
    }
    r.key(POLICY, "key 2 (policy)")?;
    let policy = PolicyHash::from_bytes(r.byte_array()?);
    r.key(INSTANCE, "key 3 (instance)")?;
    let instance = InstanceId::from_bytes(r.byte_array()?);
    r.key(RUN, "key 4 (run)")?;
    let run = r.unsigned32()?;
    r.key(OUTCOME, "key 5 (outcome)")?;
    let outcome = Outcome::from_number(r.unsigned()?).ok_or(ReceiptError::Value("outcome"))?;
    r.key(MEASUREMENT, "key 6 (measurement)")?;
    let measurement = Measurement::from_slice(r.bytes(MAX_MEASUREMENT_BYTES)?)
        .ok_or(ReceiptError::Value("measurement"))?;
    r.key(APPROVALS, "key 7 (approvals)")?;
    let name = |text: &str| ParticipantName::parse(text).ok();
    let path = |text: &str| FilePath::parse(text).ok();
    let approvals = table(
        &mut r,
        MAX_NAME_BYTES,
        name,
        Sha256::from_bytes,
        "approvals",
    )?;
    r.key(PROGRAMS, "key 8 (programs)")?;
    let programs = table(&mut r, MAX_PATH_BYTES, path, Sha256::from_bytes, "programs")?;
    r.key(INPUTS, "key 9 (inputs)")?;
    let inputs = table(
        &mut r,
        MAX_PATH_BYTES,
        path,
        Commitment::from_bytes,
        "inputs",
    )?;
    r.key(OUTPUTS, "key 10 (outputs)")?;
    let outputs = table(
        &mut r,
        MAX_PATH_BYTES,
        path,
        Commitment::from_bytes,
        "outputs",
    )?;
    r.key(RANDOMNESS, "key 11 (randomness)")?;
    let randomness = Commitment::from_bytes(r.byte_array()?);
    r.key(RESOURCES, "key 12 (resources)")?;
    let resources = resources(&mut r)?;
    let quorum = match count {
        13 => {
            r.key(QUORUM, "key 13 (quorum)")?;
            Some(quorum::read(&mut r)?)
        }
        _ => None,
    };
    Ok(ReceiptPayload {
        policy,
        instance,
        run,
        outcome,
        measurement,
        approvals,
        programs,
        inputs,
        outputs,
        randomness,
        resources,
        quorum,
    })
}

fn resources(r: &mut Reader<'_>) -> Result<Resources, ReceiptError> {
    r.map(3)?;
    r.key(WALL_MS, "key 1 (wall time)")?;
    let wall_ms = r.unsigned()?;
    r.key(CPU_MS, "key 2 (processor time)")?;
    let cpu_ms = r.unsigned()?;
    r.key(MEMORY_BYTES, "key 3 (memory)")?;
    let memory_bytes = r.unsigned()?;
    Resources::from_rounded(wall_ms, cpu_ms, memory_bytes).ok_or(ReceiptError::Value("resources"))
}

/// A map from text to 32 bytes.
fn write_table<K, V>(
    w: &mut Writer,
    table: &BTreeMap<K, V>,
    key: fn(&K) -> &str,
    value: fn(&V) -> &[u8; 32],
) {
    w.map(|m| {
        for (k, v) in table {
            m.text(key(k), |w| w.bytes(value(v)));
        }
    });
}

fn table<K: Ord, V>(
    r: &mut Reader<'_>,
    max_key_bytes: usize,
    key: impl Fn(&str) -> Option<K>,
    value: impl Fn([u8; 32]) -> V,
    name: &'static str,
) -> Result<BTreeMap<K, V>, ReceiptError> {
    (0..r.map(MAX_ENTRIES)?)
        .map(|_| {
            let key = key(r.text(max_key_bytes)?).ok_or(ReceiptError::Value(name))?;
            Ok((key, value(r.byte_array()?)))
        })
        .collect()
}

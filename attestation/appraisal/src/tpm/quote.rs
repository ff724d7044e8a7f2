//! A quote whose signature and registers were checked: what plain TPMs and Azure's have in common.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use veracruz_policy::{Measurement, Pcrs, Sha256};

use super::attest::Attest;
use super::event_log::EventLog;
use super::signature::Signature;
use crate::examined::{LaunchField, LaunchForm};
use crate::key::{Hash, Key};
use crate::{AppraisalError, Fact};

/// The register that the policy hash is extended into, once.
pub(crate) const LAUNCH_REGISTER: u8 = 15;

/// Registers that firmware and boot loaders extend, each time with an event in the firmware's log:
/// 8 and 9 are the boot loader's, 14 is the shim's. The others may be extended by an operating
/// system, which writes no event there.
const LOGGED: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14];

/// A quote that a key signed, and the registers that it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quote {
    /// The caller's data, as long as the caller made it.
    pub(crate) extra_data: Vec<u8>,
    /// The digest of the registers, by the signature's digest algorithm.
    pub(crate) pcr_digest: Measurement,
    /// The registers of the SHA-256 bank that the quote is over.
    pub(crate) registers: BTreeMap<u8, Sha256>,
    facts: Vec<Fact>,
}

impl Quote {
    /// Checks that `key` signed `attest` (`TPMS_ATTEST`) with `signature` (`TPMT_SIGNATURE`), and
    /// that it is over exactly `registers`. Whose key that is, is for the caller to know.
    ///
    /// # Errors
    /// `Malformed`, `WeakDigest`, `BadAlgorithm`, `BadSignature`; `MeasurementMismatch` where the
    /// registers are not those that were signed.
    pub(crate) fn verify(
        attest: &[u8],
        signature: &[u8],
        key: &Key,
        registers: &BTreeMap<u8, Sha256>,
    ) -> Result<Self, AppraisalError> {
        let parsed = Attest::parse(attest)?;
        let signature = Signature::parse(signature)?;
        signature.verify(attest, key)?;
        if !parsed.selection.iter().eq(registers.keys()) {
            return Err(AppraisalError::Malformed {
                part: "registers of the quote",
                reason: format!(
                    "values of PCR {:?}, and the quote is over PCR {:?}",
                    registers.keys().collect::<Vec<_>>(),
                    parsed.selection
                ),
            });
        }
        let content: Vec<u8> = registers
            .values()
            .flat_map(|value| *value.as_bytes())
            .collect();
        let pcr_digest = Measurement::from_slice(parsed.pcr_digest).ok_or_else(|| {
            AppraisalError::Malformed {
                part: "quote",
                reason: format!("a PCR digest of {} bytes", parsed.pcr_digest.len()),
            }
        })?;
        let hash = match pcr_digest {
            Measurement::Sha256(_) => Hash::Sha256,
            Measurement::Sha384(_) => Hash::Sha384,
            Measurement::Sha512(_) => Hash::Sha512,
        };
        let found = Measurement::from_slice(&hash.digest(&content));
        if let Some(found) = found.filter(|found| *found != pcr_digest) {
            return Err(AppraisalError::MeasurementMismatch {
                claim: "digest of the PCRs",
                expected: vec![pcr_digest],
                found,
            });
        }
        Ok(Self {
            extra_data: parsed.extra_data.to_vec(),
            pcr_digest,
            registers: registers.clone(),
            facts: facts(&parsed, &signature, registers),
        })
    }

    /// Checks the registers that a policy names. All of them must be in the quote.
    ///
    /// # Errors
    /// `MeasurementMissing`, `MeasurementMismatch`.
    pub(crate) fn check(&self, accepted: &Pcrs) -> Result<(), AppraisalError> {
        for (index, values) in accepted {
            let claim = register_name(*index);
            let Some(found) = self.registers.get(index) else {
                return Err(AppraisalError::MeasurementMissing { claim });
            };
            if !values.contains(found) {
                return Err(AppraisalError::MeasurementMismatch {
                    claim,
                    expected: values.iter().copied().map(Into::into).collect(),
                    found: (*found).into(),
                });
            }
        }
        Ok(())
    }

    /// The register of the policy, where the quote is over it.
    pub(crate) fn launch(&self) -> Option<LaunchField> {
        let register = self.registers.get(&LAUNCH_REGISTER)?;
        Some(LaunchField {
            name: register_name(LAUNCH_REGISTER),
            found: register.as_bytes().to_vec(),
            form: LaunchForm::ExtendedSha256,
        })
    }

    /// What the quote says, for people.
    pub(crate) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Checks that a log of the firmware leads to the registers that were signed.
    ///
    /// # Errors
    /// `Malformed`, `WeakDigest`, `EventLogMismatch`.
    pub(crate) fn check_log(&self, log: &[u8]) -> Result<Fact, AppraisalError> {
        let log = EventLog::parse(log)?;
        let replayed = log.replay(Hash::Sha256)?;
        for index in LOGGED {
            let Some(found) = self.registers.get(index) else {
                continue;
            };
            let zero = vec![0; 32];
            let replayed = replayed.get(&u32::from(*index)).unwrap_or(&zero);
            if replayed.as_slice() != found.as_bytes() {
                return Err(AppraisalError::EventLogMismatch {
                    reason: format!(
                        "its events lead PCR {index} to {}, and {found} was signed",
                        HEXLOWER.encode(replayed)
                    ),
                });
            }
        }
        Ok(Fact {
            name: "event log",
            value: format!(
                "{} events, which lead to the signed PCRs of firmware and boot loader",
                log.events().len()
            ),
        })
    }
}

/// The name of a register, as errors and facts have it.
pub(crate) fn register_name(index: u8) -> &'static str {
    const NAMES: [&str; 24] = [
        "PCR 0", "PCR 1", "PCR 2", "PCR 3", "PCR 4", "PCR 5", "PCR 6", "PCR 7", "PCR 8", "PCR 9",
        "PCR 10", "PCR 11", "PCR 12", "PCR 13", "PCR 14", "PCR 15", "PCR 16", "PCR 17", "PCR 18",
        "PCR 19", "PCR 20", "PCR 21", "PCR 22", "PCR 23",
    ];
    NAMES.get(usize::from(index)).copied().unwrap_or("PCR")
}

fn facts(
    attest: &Attest<'_>,
    signature: &Signature<'_>,
    registers: &BTreeMap<u8, Sha256>,
) -> Vec<Fact> {
    let fact = |name, value| Fact { name, value };
    let mut facts = vec![
        fact("signature scheme", signature.words()),
        fact("extraData", HEXLOWER.encode(attest.extra_data)),
        fact("qualifiedSigner", HEXLOWER.encode(attest.qualified_signer)),
        fact("clock", format!("{} ms", attest.clock)),
        fact("resetCount", attest.reset_count.to_string()),
        fact("restartCount", attest.restart_count.to_string()),
        fact(
            "firmwareVersion",
            format!("0x{:016x}", attest.firmware_version),
        ),
        fact("pcrDigest", HEXLOWER.encode(attest.pcr_digest)),
    ];
    let registers = registers.iter();
    facts.extend(registers.map(|(index, value)| fact(register_name(*index), value.to_string())));
    facts
}

//! The HCL report: what Azure's paravisor (HCL) keeps in the vTPM for its guest. Layout as in the
//! open paravisor, OpenHCL (`openhcl_attestation_protocol::igvm_attest`).

use serde_json::Value;
use veracruz_evidence::sev_snp::REPORT_BYTES;
use veracruz_policy::Sha256;

use crate::AppraisalError;
use crate::import::json_bytes;
use crate::key::Key;

/// What errors call it.
pub(super) const PART: &str = "HCL report";
/// What errors call the part of it that the hardware vouches for.
const RUNTIME_DATA: &str = "runtime data";

/// Bytes of the header, and of what stands between the hardware's report and the runtime data.
const HEADER: usize = 32;
const REQUEST: usize = 20;
/// Header, report and request: where the runtime data begins.
const RUNTIME: usize = HEADER + REPORT_BYTES + REQUEST;
/// The request that was made: a report for the attestation key.
const ATTESTATION: u32 = 2;
/// Bits of e and n of an RSA key that are read, as bytes.
const MAX_KEY_BYTES: usize = 1024;

/// Which hardware made the report inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hardware {
    SevSnp,
    Tdx,
}

/// An HCL report, read. The runtime data means nothing until the hardware's report is verified and
/// names its digest.
#[derive(Clone, Debug)]
pub(super) struct HclReport<'b> {
    pub(super) hardware: Hardware,
    /// ATTESTATION_REPORT, or TDREPORT with zeros behind it.
    pub(super) report: &'b [u8; REPORT_BYTES],
    /// JSON with the keys of the vTPM.
    runtime_data: &'b [u8],
}

impl<'b> HclReport<'b> {
    /// Reads a report; zeros may follow, as the vTPM's index is longer.
    ///
    /// # Errors
    /// `Malformed`, `UnknownProfile`.
    pub(super) fn parse(bytes: &'b [u8]) -> Result<Self, AppraisalError> {
        let mut words = Words(bytes);
        let truncated = || malformed("it ends inside its header");
        let (magic, version, length, request) = words.four().ok_or_else(truncated)?;
        if magic != u32::from_le_bytes(*b"HCLA") {
            return Err(malformed("it does not begin with HCLA"));
        }
        if !(1..=2).contains(&version) {
            return Err(AppraisalError::UnknownProfile {
                part: PART,
                expected: "version 1 or 2",
                found: format!("version {version}"),
            });
        }
        if request != ATTESTATION {
            return Err(malformed("it answers no request for attestation"));
        }
        let rest = bytes.get(HEADER..).ok_or_else(truncated)?;
        let (report, rest) = rest.split_first_chunk().ok_or_else(truncated)?;
        let mut words = Words(rest);
        let (size, _, kind, hash) = words.four().ok_or_else(truncated)?;
        let runtime_length = words.one().ok_or_else(truncated)?;
        let hardware = match kind {
            2 => Hardware::SevSnp,
            4 => Hardware::Tdx,
            other => {
                return Err(AppraisalError::UnknownProfile {
                    part: PART,
                    expected: "a report of SEV-SNP (2) or TDX (4)",
                    found: format!("report type {other}"),
                });
            }
        };
        // 1: SHA-256.
        if hash != 1 {
            return Err(AppraisalError::BadAlgorithm {
                part: RUNTIME_DATA,
                expected: "hash type 1 (SHA-256)",
                found: format!("hash type {hash}"),
            });
        }
        let runtime = usize::try_from(runtime_length).unwrap_or(usize::MAX);
        let end = RUNTIME.checked_add(runtime);
        let consistent = end.and_then(|end| u32::try_from(end).ok()) == Some(length)
            && u32::try_from(REQUEST)
                .ok()
                .and_then(|head| head.checked_add(runtime_length))
                == Some(size);
        let runtime_data = end.and_then(|end| bytes.get(RUNTIME..end));
        let (true, Some(runtime_data)) = (consistent, runtime_data) else {
            return Err(malformed("its lengths do not fit each other"));
        };
        let mut padding = bytes.iter().skip(end.unwrap_or(usize::MAX));
        if padding.any(|byte| *byte != 0) {
            return Err(malformed("bytes follow that are not zero"));
        }
        Ok(Self {
            hardware,
            report,
            runtime_data,
        })
    }

    /// Checks that the hardware's report is about this runtime data: its 64 bytes are the SHA-256
    /// and zeros.
    ///
    /// # Errors
    /// `AttesterMismatch`.
    pub(super) fn check_runtime_data(&self, report_data: &[u8]) -> Result<(), AppraisalError> {
        let digest = Sha256::of(self.runtime_data);
        let mut expected = digest.as_bytes().to_vec();
        expected.resize(64, 0);
        if expected == report_data {
            return Ok(());
        }
        Err(AppraisalError::AttesterMismatch {
            part: "report data of the hardware's report",
            expected: data_encoding::HEXLOWER.encode(&expected),
            found: data_encoding::HEXLOWER.encode(report_data),
        })
    }

    /// The key in the runtime data with which the vTPM signs quotes.
    ///
    /// # Errors
    /// `Malformed`.
    pub(super) fn attestation_key(&self) -> Result<Key, AppraisalError> {
        let bad = |reason: &str| AppraisalError::Malformed {
            part: RUNTIME_DATA,
            reason: reason.into(),
        };
        let data = self.json().ok_or_else(|| bad("no JSON"))?;
        let keys = data.get("keys").and_then(Value::as_array);
        let text = |key: &Value, name: &str| key.get(name)?.as_str().map(str::to_owned);
        let mut named = keys.into_iter().flatten();
        let is_named = |key: &&Value| text(key, "kid").as_deref() == Some("HCLAkPub");
        let key = named.find(is_named).ok_or_else(|| bad("no key HCLAkPub"))?;
        if named.any(|key| is_named(&key)) {
            return Err(bad("more than one key HCLAkPub"));
        }
        if text(key, "kty").as_deref() != Some("RSA") {
            return Err(bad("HCLAkPub is no RSA key"));
        }
        let number = |name: &str| {
            let encoded = text(key, name).filter(|text| text.len() <= 2 * MAX_KEY_BYTES)?;
            data_encoding::BASE64URL_NOPAD
                .decode(encoded.as_bytes())
                .ok()
        };
        let (Some(modulus), Some(exponent)) = (number("n"), number("e")) else {
            return Err(bad("HCLAkPub has no n and e"));
        };
        Key::from_rsa(&modulus, &exponent).map_err(|reason| bad(&reason))
    }

    /// What else the runtime data says, for people: whether it has secure boot, and which machine
    /// it is.
    pub(super) fn configuration(&self) -> Vec<(&'static str, String)> {
        let data = self.json().unwrap_or_default();
        let configuration = data.get("vm-configuration").unwrap_or(&Value::Null);
        let names = [
            "secure-boot",
            "tpm-enabled",
            "console-enabled",
            "vmUniqueId",
        ];
        let mut found: Vec<(&'static str, String)> = names
            .into_iter()
            .filter_map(|name| match configuration.get(name)? {
                Value::Bool(value) => Some((name, value.to_string())),
                Value::String(text) => Some((name, text.chars().take(64).collect())),
                _ => None,
            })
            .collect();
        if let Some(bytes) = data.get("user-data").and_then(json_bytes) {
            found.push(("user-data", data_encoding::HEXLOWER.encode(&bytes)));
        }
        found
    }

    fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.runtime_data).ok()
    }
}

/// Little-endian numbers of four bytes, one after the other.
struct Words<'b>(&'b [u8]);

impl Words<'_> {
    fn one(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*word))
    }

    fn four(&mut self) -> Option<(u32, u32, u32, u32)> {
        Some((self.one()?, self.one()?, self.one()?, self.one()?))
    }
}

fn malformed(reason: &str) -> AppraisalError {
    AppraisalError::Malformed {
        part: PART,
        reason: reason.into(),
    }
}

//! SEV-SNP evidence in files that others wrote.

use serde_json::Value;
use veracruz_evidence::sev_snp::{REPORT_BYTES, content, parse};

use super::table;
use crate::collateral::text;
use crate::import::{MAX_FILE_BYTES, each_leaf, json, json_bytes};
use crate::{AppraisalError, Collateral};

const PART: &str = "SEV-SNP evidence";
/// MSG_REPORT_RSP (AMD 56860 section 7.3): status, length and reserved bytes before the report, as
/// `/dev/sev-guest` hands it out.
const RESPONSE_HEAD: [u8; 32] = {
    let mut head = [0; 32];
    [head[4], head[5]] = 1184u16.to_le_bytes();
    head
};

/// Brings a file into the form that [`examine`](super::examine) takes. It may hold
///
/// - the content itself ([`veracruz_evidence::sev_snp`]);
/// - a report of 1184 bytes, alone or with the certificate table behind it (an 'extended report'),
///   or as the kernel's response with a head of 32 bytes;
/// - hex or base64 of these;
/// - JSON with a report in it: as text or array, or field by field as trustee and the crate `sev`
///   write it, with certificates as PEM or DER (`cert_chain`, `vcek`, `vcekCert`, `auxblob`).
///
/// Certificates from JSON are added to `collateral`. Nothing is verified.
///
/// # Errors
/// `Malformed` where it is none of these.
pub fn import(file: &[u8], collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    if file.len() > MAX_FILE_BYTES {
        return Err(malformed("more bytes than any evidence has"));
    }
    if let Some(content) = from_bytes(file) {
        return Ok(content);
    }
    if let Some(json) = json(file) {
        return from_json(&json, collateral);
    }
    let text = std::str::from_utf8(file).ok();
    let inner = text
        .and_then(text::decode)
        .and_then(|bytes| from_bytes(&bytes));
    inner.ok_or_else(|| {
        malformed("expected a report of 1184 bytes, with its certificate table or without, as they are or as hex, base64 or JSON")
    })
}

fn from_bytes(bytes: &[u8]) -> Option<Vec<u8>> {
    if parse(bytes).is_ok() {
        return Some(bytes.to_vec());
    }
    let bytes = bytes.strip_prefix(&RESPONSE_HEAD).unwrap_or(bytes);
    let (report, rest) = bytes.split_first_chunk::<REPORT_BYTES>()?;
    if rest.iter().all(|byte| *byte == 0) {
        return Some(content(report, &[]));
    }
    table::parse(rest).ok()?;
    Some(content(report, rest))
}

fn from_json(json: &Value, collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    let mut report = json.get("attestation_report").and_then(written_out);
    let mut certificates = Vec::new();
    each_leaf(json, &mut |_, value| {
        if let Value::String(text) = value
            && text.contains("-----BEGIN")
        {
            // What is no certificate is no matter: nothing is believed for standing here.
            let _ = collateral.add(text.as_bytes());
            return;
        }
        let Some(bytes) = json_bytes(value) else {
            return;
        };
        match <[u8; REPORT_BYTES]>::try_from(bytes.as_slice()) {
            Ok(found) => report = report.or(Some(found)),
            Err(_) if bytes.first() == Some(&0x30) => {
                let _ = collateral.add(&bytes);
            }
            Err(_) if certificates.is_empty() && is_table(&bytes) => certificates = bytes,
            Err(_) => {}
        }
    });
    let report = report.ok_or_else(|| malformed("JSON without a report of 1184 bytes"))?;
    Ok(content(&report, &certificates))
}

fn is_table(bytes: &[u8]) -> bool {
    table::parse(bytes).is_ok_and(|table| !table.certificates.is_empty())
}

/// A report whose fields were written out, as serde writes `AttestationReport` of the crate `sev`.
/// What is left out is zero; whether all of it is right is seen when the signature is checked.
fn written_out(fields: &Value) -> Option<[u8; REPORT_BYTES]> {
    let mut report = [0; REPORT_BYTES];
    let mut put = |offset: usize, bytes: &[u8]| {
        for (to, from) in report.iter_mut().skip(offset).zip(bytes) {
            *to = *from;
        }
    };
    let number = |value: &Value| value.as_u64().map(u64::to_le_bytes);
    let version = fields.get("version")?.as_u64()?;
    for (name, offset, width) in NUMBERS {
        if let Some(bytes) = fields.get(name).and_then(number) {
            put(*offset, bytes.get(..*width)?);
        }
    }
    for (name, offset) in BYTES {
        if let Some(bytes) = fields.get(name).and_then(json_bytes) {
            put(*offset, &bytes);
        }
    }
    let turin = fields.get("cpuid_fam_id").and_then(Value::as_u64) == Some(0x1a);
    for (name, offset) in TCBS {
        put(*offset, &tcb(fields.get(name)?, turin)?);
    }
    for (name, offset) in [("current", 0x1e8), ("committed", 0x1ec)] {
        let part = |part: &str| u8::try_from(fields.get(name)?.get(part)?.as_u64()?).ok();
        if let (Some(build), Some(minor), Some(major)) =
            (part("build"), part("minor"), part("major"))
        {
            put(offset, &[build, minor, major]);
        }
    }
    if version < 3 {
        put(0x188, &[0; 3]);
    }
    let signature = fields.get("signature")?;
    put(0x2a0, &json_bytes(signature.get("r")?)?);
    put(0x2a0 + 72, &json_bytes(signature.get("s")?)?);
    Some(report)
}

const NUMBERS: &[(&str, usize, usize)] = &[
    ("version", 0x00, 4),
    ("guest_svn", 0x04, 4),
    ("policy", 0x08, 8),
    ("vmpl", 0x30, 4),
    ("sig_algo", 0x34, 4),
    ("plat_info", 0x40, 8),
    ("key_info", 0x48, 4),
    ("author_key_en", 0x48, 4),
    ("_author_key_en", 0x48, 4),
    ("cpuid_fam_id", 0x188, 1),
    ("cpuid_mod_id", 0x189, 1),
    ("cpuid_step", 0x18a, 1),
    ("current_build", 0x1e8, 1),
    ("current_minor", 0x1e9, 1),
    ("current_major", 0x1ea, 1),
    ("committed_build", 0x1ec, 1),
    ("committed_minor", 0x1ed, 1),
    ("committed_major", 0x1ee, 1),
    ("launch_mit_vector", 0x1f8, 8),
    ("current_mit_vector", 0x200, 8),
];

const BYTES: &[(&str, usize)] = &[
    ("family_id", 0x10),
    ("image_id", 0x20),
    ("report_data", 0x50),
    ("measurement", 0x90),
    ("host_data", 0xc0),
    ("id_key_digest", 0xe0),
    ("author_key_digest", 0x110),
    ("report_id", 0x140),
    ("report_id_ma", 0x160),
    ("chip_id", 0x1a0),
];

const TCBS: &[(&str, usize)] = &[
    ("current_tcb", 0x38),
    ("reported_tcb", 0x180),
    ("committed_tcb", 0x1e0),
    ("launch_tcb", 0x1f0),
];

fn tcb(value: &Value, turin: bool) -> Option<[u8; 8]> {
    if let Some(number) = value.as_u64() {
        return Some(number.to_le_bytes());
    }
    let part = |name: &str| u8::try_from(value.get(name)?.as_u64()?).ok();
    let (bootloader, tee) = (part("bootloader")?, part("tee")?);
    let (snp, microcode) = (part("snp")?, part("microcode")?);
    Some(match turin {
        true => {
            let fmc = part("fmc").unwrap_or_default();
            [fmc, bootloader, tee, snp, 0, 0, 0, microcode]
        }
        false => [bootloader, tee, 0, 0, 0, 0, snp, microcode],
    })
}

fn malformed(reason: &str) -> AppraisalError {
    AppraisalError::Malformed {
        part: PART,
        reason: reason.into(),
    }
}

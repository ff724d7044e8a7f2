//! Evidence of Azure's machines in files that others wrote.

use std::collections::BTreeMap;

use serde_json::Value;
use veracruz_evidence::azure_vtpm::{AzureVtpmContent, parse};
use veracruz_evidence::tpm::TpmContent;
use veracruz_policy::Sha256;

use crate::import::{MAX_FILE_BYTES, as_text, json, json_bytes};
use crate::{AppraisalError, Collateral, tdx};

const PART: &str = "Azure vTPM evidence";
/// TPMT_SIGNATURE: RSASSA with SHA-256, as the vTPM signs; others leave that out.
const RSASSA_SHA256: [u8; 4] = [0x00, 0x14, 0x00, 0x0b];
/// Registers of a TPM for PCs.
const REGISTERS: usize = 24;

/// Brings a file into the form that [`examine`](super::examine) takes. It may hold
///
/// - the content itself ([`veracruz_evidence::azure_vtpm`]), also as hex or base64;
/// - JSON of trustee's attesters for SEV-SNP (versions 0, 1 and 2) and TDX (0 and 1): the HCL report
///   (`hcl_report` or `report`), the quote (`tpm_quote` or `quote`, with `message`, `signature`,
///   `pcrs`), the certificates (`vcek`, PEM or DER) or the TD quote (`td_quote`);
/// - what the library `az-cvm-vtpm` keeps in two files, one behind the other: the HCL report as the
///   vTPM has it, and the quote.
///
/// Certificates from JSON are added to `collateral`. Nothing is verified.
///
/// # Errors
/// `Malformed` where it is none of these.
pub fn import(file: &[u8], collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    if file.len() > MAX_FILE_BYTES {
        return Err(malformed("more bytes than any evidence has"));
    }
    if parse(file).is_ok() {
        return Ok(file.to_vec());
    }
    if let Some(json) = json(file) {
        return from_json(&json, collateral).map(|content| content.encode());
    }
    if file.starts_with(b"HCLA") {
        return from_files(file).map(|content| content.encode());
    }
    let inner = as_text(file).and_then(crate::collateral::text::decode);
    inner.filter(|bytes| parse(bytes).is_ok()).ok_or_else(|| {
        malformed("expected its CBOR, JSON of trustee, or an HCL report with a quote")
    })
}

fn from_json(
    json: &Value,
    collateral: &mut Collateral,
) -> Result<AzureVtpmContent, AppraisalError> {
    let member = |names: &[&str]| names.iter().find_map(|name| json.get(name));
    let quote = member(&["tpm_quote", "quote"]).ok_or_else(|| malformed("JSON without a quote"))?;
    let hcl_report = member(&["hcl_report", "report"]).and_then(json_bytes);
    let part = |name: &str| quote.get(name).and_then(json_bytes);
    let (Some(hcl_report), Some(message), Some(signature)) =
        (hcl_report, part("message"), part("signature"))
    else {
        return Err(malformed("JSON without HCL report, message and signature"));
    };
    let pcrs = quote.get("pcrs").and_then(Value::as_array);
    let values: Option<Vec<Vec<u8>>> = pcrs
        .into_iter()
        .flatten()
        .take(REGISTERS + 1)
        .map(json_bytes)
        .collect();
    for name in ["vcek", "vlek", "cert_chain", "certs"] {
        add_certificates(json.get(name), collateral)?;
    }
    Ok(AzureVtpmContent {
        quote: TpmContent {
            attest: message,
            signature: wrapped(&signature)?,
            registers: registers(&values.ok_or_else(|| malformed("PCRs that are no bytes"))?)?,
            ..TpmContent::default()
        },
        hcl_report,
        td_quote: td_quote(json, collateral),
    })
}

/// The quote of a TD, without the zeros that Azure's service leaves behind it.
fn td_quote(json: &Value, collateral: &mut Collateral) -> Vec<u8> {
    let quote = json
        .get("td_quote")
        .and_then(json_bytes)
        .unwrap_or_default();
    tdx::import(&quote, collateral).unwrap_or(quote)
}

/// Certificates as PEM, or DER as text or numbers.
fn add_certificates(value: Option<&Value>, to: &mut Collateral) -> Result<(), AppraisalError> {
    match value {
        Some(Value::String(text)) if text.contains("-----BEGIN") => to.add(text.as_bytes()),
        Some(value) => json_bytes(value)
            .filter(|der| !der.is_empty())
            .map_or(Ok(()), |der| to.add(&der)),
        None => Ok(()),
    }
}

/// The HCL report of 2600 bytes (2048 in older versions), and a quote as bincode writes it:
/// signature, message, PCRs, each with its length.
fn from_files(file: &[u8]) -> Result<AzureVtpmContent, AppraisalError> {
    for length in [2600, 2048] {
        let Some((hcl_report, quote)) = file.split_at_checked(length) else {
            continue;
        };
        let Some((signature, message, values)) = Lengths(quote).quote() else {
            continue;
        };
        return Ok(AzureVtpmContent {
            quote: TpmContent {
                attest: message.to_vec(),
                signature: wrapped(signature)?,
                registers: registers(&values)?,
                ..TpmContent::default()
            },
            hcl_report: hcl_report.to_vec(),
            td_quote: Vec::new(),
        });
    }
    Err(malformed("an HCL report without a quote behind it"))
}

/// Signature, message, and values of PCRs.
type Pieces<'b> = (&'b [u8], &'b [u8], Vec<Vec<u8>>);

/// Pieces with their lengths before them, 8 bytes each.
struct Lengths<'b>(&'b [u8]);

impl<'b> Lengths<'b> {
    fn number(&mut self) -> Option<usize> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        usize::try_from(u64::from_le_bytes(*number)).ok()
    }

    fn piece(&mut self, length: usize) -> Option<&'b [u8]> {
        let (piece, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(piece)
    }

    fn quote(&mut self) -> Option<Pieces<'b>> {
        let length = self.number()?;
        let signature = self.piece(length)?;
        let length = self.number()?;
        let message = self.piece(length)?;
        let count = self.number().filter(|count| *count <= REGISTERS)?;
        let values: Option<Vec<Vec<u8>>> = (0..count)
            .map(|_| self.piece(32).map(<[u8]>::to_vec))
            .collect();
        self.0.is_empty().then_some((signature, message, values?))
    }
}

/// A bare RSA signature as TPMT_SIGNATURE.
fn wrapped(signature: &[u8]) -> Result<Vec<u8>, AppraisalError> {
    let length = u16::try_from(signature.len());
    let length = length.map_err(|_| malformed("a signature that is too long"))?;
    Ok([&RSASSA_SHA256, length.to_be_bytes().as_slice(), signature].concat())
}

/// The registers, of which there must be all: whether they are those of the quote is seen later.
fn registers(values: &[Vec<u8>]) -> Result<BTreeMap<u8, Sha256>, AppraisalError> {
    if values.len() > REGISTERS {
        return Err(malformed("more PCRs than a TPM has"));
    }
    let pairs = (0u8..).zip(values);
    pairs
        .map(|(index, value)| {
            let value = <[u8; 32]>::try_from(value.as_slice());
            let value = value.map_err(|_| malformed("a PCR that has not 32 bytes"))?;
            Ok((index, Sha256::from_bytes(value)))
        })
        .collect()
}

fn malformed(reason: &str) -> AppraisalError {
    AppraisalError::Malformed {
        part: PART,
        reason: reason.into(),
    }
}

//! Quotes: versions 3 (`sgx_quote_3.h`), 4 and 5 (`sgx_quote_4.h`, `sgx_quote_5.h`).

use data_encoding::{BASE64, HEXLOWER};
use veracruz_evidence::Technology;

use super::ALGORITHM;
use super::reader::Reader;
use super::report::{EnclaveReport, TdReport};
use crate::AppraisalError;
use crate::collateral::text;

/// A quote that was read; nothing of it was verified.
#[derive(Clone, Debug)]
pub(crate) struct Quote<'q> {
    /// 3, 4 or 5.
    pub(crate) version: u16,
    pub(crate) body: Body<'q>,
    /// Everything that the attestation key signs: header and body.
    pub(super) signed: &'q [u8],
    /// r ‖ s.
    pub(super) signature: &'q [u8; 64],
    /// A point of P-256: x ‖ y.
    pub(super) attestation_key: &'q [u8; 64],
    /// The report of the quoting enclave, as it was signed by the PCK.
    pub(super) qe_report: &'q [u8; EnclaveReport::LENGTH],
    pub(super) qe_report_signature: &'q [u8; 64],
    /// Whatever the quoting enclave put into the hash beside the attestation key.
    pub(super) qe_authentication_data: &'q [u8],
    pub(super) certification: Certification<'q>,
    /// How many bytes it has.
    length: usize,
}

/// What a quote is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body<'q> {
    Enclave(EnclaveReport<'q>),
    Td(TdReport<'q>),
}

/// How a quote says which PCK certificate is the platform's.
#[derive(Clone, Debug)]
pub(super) enum Certification<'q> {
    /// Types 4 (leaf) and 5 (chain): certificates, DER.
    Certificates(Vec<Vec<u8>>),
    /// Types 1 to 3: by name.
    Named(PckName<'q>),
}

/// The name of a PCK certificate, as Intel's service takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PckName<'q> {
    /// Certification data type: 1 plain PPID, 2 and 3 encrypted for Intel.
    pub(super) kind: u16,
    pub(super) ppid: &'q [u8],
    pub(super) cpu_svn: &'q [u8; 16],
    pub(super) pce_svn: u16,
    pub(super) pce_id: &'q [u8; 2],
}

/// Intel's quoting enclaves.
const QE_VENDOR: [u8; 16] = [
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
];

const PART: &str = "quote";
const SGX: u32 = 0;
const TDX: u32 = 0x81;

impl<'q> Quote<'q> {
    /// Reads a quote and nothing else: bytes after its end are refused.
    pub(crate) fn parse(bytes: &'q [u8]) -> Result<Self, AppraisalError> {
        let quote = Self::parse_front(bytes)?;
        match bytes.len().saturating_sub(quote.length) {
            0 => Ok(quote),
            more => Err(malformed(format!("{more} bytes after its end"))),
        }
    }

    /// Reads the quote with which `bytes` begin.
    pub(crate) fn parse_front(bytes: &'q [u8]) -> Result<Self, AppraisalError> {
        let mut reader = Reader::new(bytes, PART);
        let version = reader.u16("version")?;
        let key_type = reader.u16("attestation key type")?;
        let tee = reader.u32("TEE type")?;
        reader.bytes(4, "QESVN and PCESVN")?;
        let vendor: &[u8; 16] = reader.array("QE vendor id")?;
        reader.bytes(20, "user data")?;
        let expected = match tee {
            SGX => "3",
            TDX => "4 or 5",
            other => {
                return Err(AppraisalError::UnknownProfile {
                    part: PART,
                    expected: "TEE type 0x00000000 (SGX) or 0x00000081 (TDX)",
                    found: format!("0x{other:08x}"),
                });
            }
        };
        if !matches!((tee, version), (SGX, 3) | (TDX, 4 | 5)) {
            return Err(AppraisalError::UnknownProfile {
                part: PART,
                expected,
                found: version.to_string(),
            });
        }
        if *vendor != QE_VENDOR {
            return Err(AppraisalError::UnknownProfile {
                part: PART,
                expected: "the QE vendor id of Intel, 939a7233f79c4ca9940a0db3957f0607",
                found: HEXLOWER.encode(vendor),
            });
        }
        if key_type != 2 {
            return Err(AppraisalError::BadAlgorithm {
                part: PART,
                expected: ALGORITHM,
                found: format!("attestation key type {key_type}"),
            });
        }
        let body = body(&mut reader, version)?;
        let signed_length = bytes.len().saturating_sub(reader.rest().len());
        let signed = bytes.get(..signed_length).unwrap_or_default();
        let signature_data = reader.counted("signature data")?;
        let length = bytes.len().saturating_sub(reader.rest().len());

        let mut reader = Reader::new(signature_data, PART);
        let signature = reader.array("signature")?;
        let attestation_key = reader.array("attestation key")?;
        if version > 3 {
            let kind = reader.u16("certification data type")?;
            if kind != 6 {
                return Err(unknown_certification(
                    "certification data type 6 (QE report) around the others",
                    kind,
                ));
            }
            let inner = reader.counted("certification data")?;
            reader.finish()?;
            reader = Reader::new(inner, PART);
        }
        let qe_report = reader.array("QE report")?;
        let qe_report_signature = reader.array("signature of the QE report")?;
        let length_of_data = reader.u16("length of the QE authentication data")?;
        let qe_authentication_data =
            reader.bytes(usize::from(length_of_data), "QE authentication data")?;
        let kind = reader.u16("certification data type")?;
        let data = reader.counted("certification data")?;
        reader.finish()?;
        Ok(Self {
            version,
            body,
            signed,
            signature,
            attestation_key,
            qe_report,
            qe_report_signature,
            qe_authentication_data,
            certification: certification(kind, data)?,
            length,
        })
    }

    /// What it is evidence of.
    pub(crate) const fn technology(&self) -> Technology {
        match self.body {
            Body::Enclave(_) => Technology::Sgx,
            Body::Td(_) => Technology::Tdx,
        }
    }

    /// How many bytes it has.
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// Why a quote of another technology than `expected` is refused.
    pub(crate) fn wrong_technology(&self, expected: Technology) -> AppraisalError {
        AppraisalError::WrongTechnology {
            expected: expected.name().into(),
            found: self.technology().name().into(),
        }
    }
}

/// The body: of a fixed kind in versions 3 and 4, with a descriptor before it in version 5.
fn body<'q>(reader: &mut Reader<'q>, version: u16) -> Result<Body<'q>, AppraisalError> {
    let (kind, length) = match version {
        3 => (1, EnclaveReport::LENGTH),
        4 => (2, TdReport::LENGTH),
        _ => {
            let kind = reader.u16("body type")?;
            let found = reader.u32("body size")?;
            let length = match kind {
                2 => TdReport::LENGTH,
                3 => TdReport::LENGTH_15,
                4 => TdReport::LENGTH_15_EX,
                other => {
                    return Err(AppraisalError::UnknownProfile {
                        part: PART,
                        expected: "body type 2 (TDX 1.0), 3 (1.5) or 4 (1.5ex)",
                        found: other.to_string(),
                    });
                }
            };
            if usize::try_from(found) != Ok(length) {
                return Err(malformed(format!(
                    "a body of type {kind} has {length} bytes, and {found} are announced"
                )));
            }
            (kind, length)
        }
    };
    let bytes = reader.bytes(length, "body")?;
    match kind {
        1 => EnclaveReport::parse(bytes, "enclave report").map(Body::Enclave),
        _ => TdReport::parse(bytes).map(Body::Td),
    }
}

fn certification(kind: u16, data: &[u8]) -> Result<Certification<'_>, AppraisalError> {
    match kind {
        1..=3 => {
            // Intel's structure has room for the encrypted PPID in all three.
            let length = if kind == 3 { 384 } else { 256 };
            let mut reader = Reader::new(data, "certification data");
            let named = PckName {
                kind,
                ppid: reader.bytes(length, "PPID")?,
                cpu_svn: reader.array("CPUSVN")?,
                pce_svn: reader.u16("PCESVN")?,
                pce_id: reader.array("PCEID")?,
            };
            reader.finish()?;
            Ok(Certification::Named(named))
        }
        4 | 5 => certificates(data).map(Certification::Certificates),
        kind => Err(unknown_certification(
            "certification data type 1 to 5 (7, a platform manifest, is for registration alone)",
            kind,
        )),
    }
}

/// PEM; a single certificate may be DER. Nothing but line ends and a zero byte may stand between and
/// after the blocks: these bytes are signed by nobody, so there is one way to write them.
fn certificates(data: &[u8]) -> Result<Vec<Vec<u8>>, AppraisalError> {
    const PART: &str = "PCK certificate chain";
    /// A chain has three.
    const MOST: usize = 8;
    let malformed = |reason: String| AppraisalError::Malformed { part: PART, reason };
    if data.first() == Some(&0x30) {
        return Ok(vec![data.to_vec()]);
    }
    let text = std::str::from_utf8(data).map_err(|_| malformed("neither PEM nor DER".into()))?;
    let blocks = text::pem_blocks(text).map_err(malformed)?;
    let mut expected = String::with_capacity(text.len());
    for (label, der) in &blocks {
        expected.push_str(&format!("-----BEGIN {label}-----"));
        BASE64.encode_append(der, &mut expected);
        expected.push_str(&format!("-----END {label}-----"));
    }
    let found = text.bytes().filter(|byte| !b"\n\r\0".contains(byte));
    if !found.eq(expected.bytes()) {
        return Err(malformed("something stands between the PEM blocks".into()));
    }
    if let Some((label, _)) = blocks.iter().find(|(label, _)| label != "CERTIFICATE") {
        return Err(malformed(format!("a PEM block of {label:?}")));
    }
    match blocks.len() {
        0 => Err(malformed("no certificate".into())),
        1..=MOST => Ok(blocks.into_iter().map(|(_, der)| der).collect()),
        more => Err(malformed(format!("{more} certificates, at most {MOST}"))),
    }
}

fn unknown_certification(expected: &'static str, found: u16) -> AppraisalError {
    AppraisalError::UnknownProfile {
        part: "certification data of the quote",
        expected,
        found: format!("type {found}"),
    }
}

fn malformed(reason: String) -> AppraisalError {
    AppraisalError::Malformed { part: PART, reason }
}

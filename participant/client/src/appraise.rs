//! Evidence in files: the same judgement as on a connection, for people, scripts and other tools.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use veracruz_appraisal::{AppraisalError, Collateral, Examined, Technology};
use veracruz_appraisal::{azure_vtpm, cca, nitro, psa, sev_snp, sgx, sw_rot, tdx, tpm};
use veracruz_evidence::{Evidence, EvidenceError, ReportData};
use veracruz_policy::{IsolateKind, Isolates, PolicyHash, Timestamp};

/// What is to be judged, and by what.
#[derive(Clone, Debug)]
pub struct FileAppraisal<'a> {
    /// The file: a CMW record (CBOR or JSON), or the technology's own bytes, or a form in which
    /// other tools keep them; raw, or as hex or base64.
    pub evidence: &'a [u8],
    /// What it is; `None` where its envelope says it.
    pub technology: Option<Technology>,
    /// What it is judged with besides itself. What the file brings along is added.
    pub collateral: Collateral,
    /// What it must say. `None` judges genuineness alone: genuine hardware runs anything.
    pub reference: Option<&'a Isolates>,
    /// What its field for the caller's data must hold; zeros are understood after it.
    pub report_data: Option<&'a [u8]>,
    /// The policy with which the isolate must have been started.
    pub launch_policy: Option<PolicyHash>,
    /// The time at which it is judged.
    pub now: Timestamp,
}

/// Evidence that was found good, as far as it was asked about.
#[derive(Clone, Debug)]
pub struct FileVerdict {
    /// What it says.
    pub examined: Examined,
    /// Whether it was compared with report data, and had it.
    pub bound: bool,
    /// Whether it was compared with a policy in its launch-time field, and had it.
    pub launched_with_policy: bool,
}

impl FileAppraisal<'_> {
    /// What kind of evidence it is, as far as that can be said without judging it.
    ///
    /// # Errors
    /// `WrongTechnology` where the file says something else than the caller, or nothing at all;
    /// `Envelope` where it is an envelope that cannot be read.
    pub fn technology(&self) -> Result<Technology, AppraisalError> {
        self.open().map(|(technology, _)| technology)
    }

    /// Judges it.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge(&self) -> Result<FileVerdict, AppraisalError> {
        let (technology, content) = self.open()?;
        let mut collateral = self.collateral.clone();
        let content = import(technology, &content, &mut collateral)?;
        let examined = examine(technology, &content, &collateral, self.reference, self.now)?;
        if let Some(report_data) = self.report_data {
            check_report_data(&examined, report_data)?;
        }
        let mut launched_with_policy = false;
        if let Some(policy) = &self.launch_policy {
            examined.check_launch_policy(policy)?;
            launched_with_policy = examined.launch_field().is_some();
        }
        Ok(FileVerdict {
            examined,
            bound: self.report_data.is_some(),
            launched_with_policy,
        })
    }

    /// The technology and the file's content, out of an envelope where there is one.
    fn open(&self) -> Result<(Technology, Vec<u8>), AppraisalError> {
        let (found, content) = match envelope(self.evidence)? {
            Some(evidence) => (Some(evidence.technology()), evidence.content().to_vec()),
            None => (None, self.evidence.to_vec()),
        };
        match (self.technology, found) {
            (Some(said), Some(found)) if said != found => Err(AppraisalError::WrongTechnology {
                expected: said.name().into(),
                found: found.name().into(),
            }),
            (said, found) => {
                let technology = said
                    .or(found)
                    .ok_or_else(|| AppraisalError::WrongTechnology {
                        expected: "`--technology`, or an envelope that says it".into(),
                        found: "a file without an envelope".into(),
                    })?;
                Ok((technology, content))
            }
        }
    }
}

/// The envelope around the evidence, where the file is one: CBOR `[type, bytes]`, also as hex or
/// base64, or JSON `["type", "base64url"]` (draft-ietf-rats-msg-wrap, section 3.1).
fn envelope(file: &[u8]) -> Result<Option<Evidence>, AppraisalError> {
    let candidates = [Some(file.to_vec()), unwrapped(file), json_record(file)];
    for candidate in candidates.into_iter().flatten() {
        match Evidence::parse(&candidate) {
            Ok(evidence) => return Ok(Some(evidence)),
            // An envelope all the same, of a kind that nobody here knows.
            Err(EvidenceError::UnknownTechnology { found }) => {
                let known: Vec<_> = Technology::ALL.iter().map(|known| known.name()).collect();
                return Err(AppraisalError::WrongTechnology {
                    expected: known.join(" or "),
                    found,
                });
            }
            Err(_) => {}
        }
    }
    Ok(None)
}

/// A JSON record as the CBOR record that it stands for.
fn json_record(file: &[u8]) -> Option<Vec<u8>> {
    let (media_type, value): (String, String) = serde_json::from_slice(file).ok()?;
    let value = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
    Some(veracruz_evidence::cbor::Writer::encode(|w| {
        w.array(2);
        w.text(&media_type);
        w.bytes(&value);
    }))
}

/// What is inside hex or base64, with white space anywhere; `None` where it is neither.
fn unwrapped(file: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = file
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    [HEXLOWER_PERMISSIVE, BASE64, BASE64_NOPAD, BASE64URL_NOPAD]
        .iter()
        .find_map(|encoding| encoding.decode(&text).ok())
        .filter(|inside| !inside.is_empty())
}

/// The content in the form that `examine` takes; certificates in the file become collateral.
fn import(
    technology: Technology,
    file: &[u8],
    collateral: &mut Collateral,
) -> Result<Vec<u8>, AppraisalError> {
    match technology {
        // CBOR begins with a byte that no text has.
        Technology::SoftwareRootOfTrust if file.is_ascii() => {
            Ok(unwrapped(file).unwrap_or_else(|| file.to_vec()))
        }
        Technology::Sgx => sgx::import(file, collateral),
        Technology::Tdx => tdx::import(file, collateral),
        Technology::SevSnp => sev_snp::import(file, collateral),
        Technology::Nitro => nitro::import(file, collateral),
        Technology::Cca => cca::import(file, collateral),
        Technology::Psa => psa::import(file, collateral),
        Technology::Tpm => tpm::import(file, collateral),
        Technology::AzureVtpm => azure_vtpm::import(file, collateral),
        _ => Ok(file.to_vec()),
    }
}

fn examine(
    technology: Technology,
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&Isolates>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    // Reference values that name other kinds alone are no reference values for this one.
    macro_rules! reference {
        ($field:ident) => {
            match reference.map(|isolates| isolates.$field.as_ref()) {
                Some(None) => return Err(not_named(technology, reference)),
                found => found.flatten(),
            }
        };
    }
    match technology {
        Technology::SoftwareRootOfTrust => {
            let named = reference.map(sw_rot::Reference::of);
            if named.is_some_and(|named| named.is_none()) {
                return Err(not_named(technology, reference));
            }
            sw_rot::examine(content, named.flatten(), now)
        }
        Technology::Sgx => sgx::examine(content, collateral, reference!(sgx), now),
        Technology::Tdx => tdx::examine(content, collateral, reference!(tdx), now),
        Technology::SevSnp => sev_snp::examine(content, collateral, reference!(sev_snp), now),
        Technology::Nitro => nitro::examine(content, collateral, reference!(nitro), now),
        Technology::Cca => cca::examine(content, collateral, reference!(cca), now),
        Technology::Psa => psa::examine(content, collateral, reference!(psa), now),
        Technology::Tpm => tpm::examine(content, collateral, reference!(tpm), now),
        Technology::AzureVtpm => {
            azure_vtpm::examine(content, collateral, reference!(azure_vtpm), now)
        }
        technology => Err(AppraisalError::WrongTechnology {
            expected: "a technology that this version judges".into(),
            found: technology.name().into(),
        }),
    }
}

fn not_named(technology: Technology, reference: Option<&Isolates>) -> AppraisalError {
    let kinds = reference.into_iter().flat_map(Isolates::kinds);
    AppraisalError::WrongTechnology {
        expected: kinds
            .map(IsolateKind::name)
            .collect::<Vec<_>>()
            .join(" or "),
        found: technology.name().into(),
    }
}

/// The field holds `expected` and zeros, or where it is shorter than 64 bytes the SHA-256 of 64
/// given bytes, as this system's own evidence does.
fn check_report_data(examined: &Examined, expected: &[u8]) -> Result<(), AppraisalError> {
    let field = examined.bound_to();
    if field.is_empty() {
        return Err(AppraisalError::BindingMissing {
            field: "field for report data",
        });
    }
    let mut padded = expected.to_vec();
    padded.resize(field.len().max(expected.len()), 0);
    if padded == field {
        return Ok(());
    }
    if let Ok(whole) = <[u8; 64]>::try_from(expected) {
        return examined.check_binding(&ReportData::from_bytes(whole));
    }
    Err(AppraisalError::BindingMismatch {
        expected: padded,
        found: field.to_vec(),
    })
}

//! Reference values in files: a policy, parts of one, or CoRIMs.

use std::path::{Path, PathBuf};

use veracruz_appraisal::corim::{self, Corim, CorimSignature};
use veracruz_appraisal::{AppraisalError, Collateral};
use veracruz_policy::{IsolateKind, Isolates, Policy, PolicyErrors, PublicKey, Timestamp};

use crate::error::Error;

/// What evidence in a file is compared with.
#[derive(Clone, Debug)]
pub struct ReferenceFile {
    /// The values.
    pub isolates: Isolates,
    warnings: Vec<String>,
}

impl ReferenceFile {
    /// Reads one JSON file (a whole policy, its `isolates`, or the object of one kind), or any number
    /// of CoRIMs, whose values are taken together. `None` where there are no files.
    ///
    /// Where `key` is given, every CoRIM must be signed by it. Where CoRIMs name no keys and their
    /// kind needs some, the keys of `collateral` are taken.
    ///
    /// # Errors
    /// [`Error::Reference`] where a file is none of these; [`Error::EvidenceRefused`] where a CoRIM's
    /// signature or dates do not hold.
    pub fn read(
        files: &[(PathBuf, Vec<u8>)],
        key: Option<&PublicKey>,
        collateral: &Collateral,
        now: Timestamp,
    ) -> Result<Option<Self>, Error> {
        match files {
            [] => Ok(None),
            [(path, document)] if is_json(document) => {
                let isolates = json(document).map_err(|errors| unusable(path, errors))?;
                Ok(Some(Self {
                    isolates,
                    warnings: Vec::new(),
                }))
            }
            files => corims(files, key, collateral, now).map(Some),
        }
    }

    /// What a reader should know about where the values come from.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// No CoRIM begins as JSON does: `{` would be a text string in CBOR.
fn is_json(document: &[u8]) -> bool {
    document.trim_ascii_start().first() == Some(&b'{')
}

/// A policy says its version; `isolates` has kinds for fields; one kind has fields of its own, which
/// tell which kind it is.
fn json(document: &[u8]) -> Result<Isolates, PolicyErrors> {
    let value: serde_json::Value = serde_json::from_slice(document).unwrap_or_default();
    if value.get("veracruz").is_some() {
        return Ok(Policy::parse(document)?.isolates().clone());
    }
    let isolates = Isolates::parse(document);
    if isolates.is_ok() || names_a_kind(&value) {
        return isolates;
    }
    // The kinds that take it all, strictly: where several do, it says the same for each.
    let mut taken = IsolateKind::ALL
        .iter()
        .filter_map(|kind| Isolates::parse_kind(*kind, document).ok());
    match taken.next() {
        Some(found) => Ok(taken.fold(found, merged)),
        None => isolates,
    }
}

fn names_a_kind(value: &serde_json::Value) -> bool {
    let named = |kind: &IsolateKind| value.get(kind.name()).is_some();
    IsolateKind::ALL.iter().any(named)
}

/// Both: each has one kind, and not the same.
fn merged(mut one: Isolates, other: Isolates) -> Isolates {
    one.process = one.process.or(other.process);
    one.microvm = one.microvm.or(other.microvm);
    one.sgx = one.sgx.or(other.sgx);
    one.tdx = one.tdx.or(other.tdx);
    one.sev_snp = one.sev_snp.or(other.sev_snp);
    one.nitro = one.nitro.or(other.nitro);
    one.cca = one.cca.or(other.cca);
    one.psa = one.psa.or(other.psa);
    one.tpm = one.tpm.or(other.tpm);
    one.azure_vtpm = one.azure_vtpm.or(other.azure_vtpm);
    one
}

fn corims(
    files: &[(PathBuf, Vec<u8>)],
    key: Option<&PublicKey>,
    collateral: &Collateral,
    now: Timestamp,
) -> Result<ReferenceFile, Error> {
    let (mut corims, mut warnings) = (Vec::new(), Vec::new());
    for (path, file) in files {
        let corim = Corim::parse(file, key).map_err(|error| refused(path, error))?;
        corim
            .check_dates(now)
            .map_err(|error| refused(path, error))?;
        if corim.signature() == CorimSignature::NotChecked {
            warnings.push(format!(
                "{}: its signature was not checked, since nobody said whose it should be \
                 (`--reference-key`)",
                path.display()
            ));
        }
        if corim.left_out() > 0 {
            warnings.push(format!(
                "{}: {} of its parts are of kinds that this version does not use",
                path.display(),
                corim.left_out()
            ));
        }
        corims.push(corim);
    }
    let isolates = corim::isolates(&corims, collateral.keys());
    let first = files.first().map_or(Path::new(""), |(path, _)| path);
    Ok(ReferenceFile {
        isolates: isolates.map_err(|error| refused(first, error))?,
        warnings,
    })
}

/// A file that cannot be read is the caller's own affair; one that is forged or over is not good.
fn refused(path: &Path, error: AppraisalError) -> Error {
    if error.is_malformed() {
        unusable(path, error)
    } else {
        Error::EvidenceRefused(Box::new(error))
    }
}

fn unusable(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::Reference {
        path: path.into(),
        reason: reason.to_string(),
    }
}

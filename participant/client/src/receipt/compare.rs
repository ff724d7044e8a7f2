//! Two receipts of one policy: whether two isolates gave the same from the same.

use std::collections::{BTreeMap, BTreeSet};

use veracruz_policy::{FilePath, Sha256};
use veracruz_receipt::{Commitment, Opening, Outcome, ReceiptPayload};

use crate::error::Error;

/// What a comparison of two files found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// They have the same contents.
    Equal,
    /// They have not.
    Differ,
    /// One run has it and the other has not.
    OneSided,
    /// Each is committed to with a salt of its own, and one of them cannot be opened here.
    Unknown,
}

/// A file of both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileComparison {
    /// The file in the policy.
    pub path: FilePath,
    /// What was found.
    pub found: Compared,
}

/// What two receipts show beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Why outputs prove nothing about each other, in words: empty where they do.
    pub incomparable: Vec<String>,
    /// Programs, by their digests, which are in every receipt.
    pub programs: Vec<FileComparison>,
    /// Inputs.
    pub inputs: Vec<FileComparison>,
    /// Outputs.
    pub outputs: Vec<FileComparison>,
    /// Whether the programs drew the same random numbers.
    pub same_randomness: bool,
}

/// Compares two runs whose receipts were both verified. `open` says to which contents a commitment
/// of a file is, where the caller knows: from a ledger ([`Ledger::opened`](crate::Ledger::opened)),
/// or from openings at hand, which are `openings`.
///
/// # Errors
/// Those of `open`; [`Error::ReceiptUnfit`] for an opening that fits neither receipt.
pub fn compare_receipts(
    one: &ReceiptPayload,
    other: &ReceiptPayload,
    openings: &[Opening],
    open: impl Fn(&FilePath, &Commitment) -> Result<Option<Sha256>, Error>,
) -> Result<Comparison, Error> {
    let committed = |payload: &ReceiptPayload, path: &FilePath| {
        let input = payload.inputs.get(path);
        input.or_else(|| payload.outputs.get(path)).copied()
    };
    if let Some(stray) = openings.iter().find(|opening| {
        let this = Some(opening.commitment());
        committed(one, &opening.path) != this && committed(other, &opening.path) != this
    }) {
        return Err(Error::ReceiptUnfit {
            reason: format!("the file at hand for {} is of neither run", stray.path),
        });
    }
    let contents = |path: &FilePath, commitment: &Commitment| -> Result<Option<Sha256>, Error> {
        let fits =
            |opening: &&Opening| opening.path == *path && opening.commitment() == *commitment;
        match openings.iter().find(fits) {
            Some(opening) => Ok(Some(opening.content)),
            None => open(path, commitment),
        }
    };
    let inputs = files(&one.inputs, &other.inputs, &contents)?;
    let outputs = files(&one.outputs, &other.outputs, &contents)?;
    let bare = |_: &FilePath, digest: &Sha256| Ok(Some(*digest));
    let programs = files(&one.programs, &other.programs, &bare)?;
    Ok(Comparison {
        incomparable: incomparable(one, other, &programs, &inputs),
        programs,
        inputs,
        outputs,
        same_randomness: one.randomness == other.randomness,
    })
}

/// Every path of either, with what became of it.
fn files<C: PartialEq>(
    one: &BTreeMap<FilePath, C>,
    other: &BTreeMap<FilePath, C>,
    contents: &impl Fn(&FilePath, &C) -> Result<Option<Sha256>, Error>,
) -> Result<Vec<FileComparison>, Error> {
    let paths: BTreeSet<&FilePath> = one.keys().chain(other.keys()).collect();
    let compare = |path: &FilePath| -> Result<Compared, Error> {
        let (Some(first), Some(second)) = (one.get(path), other.get(path)) else {
            return Ok(Compared::OneSided);
        };
        if first == second {
            return Ok(Compared::Equal);
        }
        let found = (contents(path, first)?, contents(path, second)?);
        Ok(match found {
            (Some(first), Some(second)) if first == second => Compared::Equal,
            (Some(_), Some(_)) => Compared::Differ,
            _ => Compared::Unknown,
        })
    };
    let file = |path: &FilePath| -> Result<FileComparison, Error> {
        Ok(FileComparison {
            path: path.clone(),
            found: compare(path)?,
        })
    };
    paths.into_iter().map(file).collect()
}

/// Why the outputs of one say nothing about those of the other.
fn incomparable(
    one: &ReceiptPayload,
    other: &ReceiptPayload,
    programs: &[FileComparison],
    inputs: &[FileComparison],
) -> Vec<String> {
    let mut because = Vec::new();
    if one.policy != other.policy {
        because.push(format!(
            "they are for two policies, {} and {}",
            one.policy, other.policy
        ));
    }
    if (one.instance, one.run) == (other.instance, other.run) {
        because.push("they are of one and the same run".to_owned());
    }
    for (which, payload) in [("first", one), ("second", other)] {
        if payload.outcome != Outcome::Finished {
            because.push(format!(
                "the {which} run {}, so nothing came out of it",
                match payload.outcome {
                    Outcome::Failed => "failed",
                    _ => "withheld its outputs",
                }
            ));
        }
    }
    for (what, files) in [("programs", programs), ("inputs", inputs)] {
        let differ: Vec<_> = differing(files).map(FilePath::as_str).collect();
        if !differ.is_empty() {
            because.push(format!("they had different {what}: {}", differ.join(", ")));
        }
    }
    because
}

fn differing(files: &[FileComparison]) -> impl Iterator<Item = &FilePath> {
    files
        .iter()
        .filter(|file| matches!(file.found, Compared::Differ | Compared::OneSided))
        .map(|file| &file.path)
}

fn unknown(files: &[FileComparison]) -> Vec<&FilePath> {
    files
        .iter()
        .filter(|file| file.found == Compared::Unknown)
        .map(|file| &file.path)
        .collect()
}

impl Comparison {
    /// Outputs that were compared and are not the same.
    #[must_use]
    pub fn differing(&self) -> Vec<&FilePath> {
        differing(&self.outputs).collect()
    }

    /// Inputs of which nobody here can tell whether they were the same.
    #[must_use]
    pub fn unknown_inputs(&self) -> Vec<&FilePath> {
        unknown(&self.inputs)
    }

    /// Outputs of which nobody here can tell whether they are the same.
    #[must_use]
    pub fn unknown_outputs(&self) -> Vec<&FilePath> {
        unknown(&self.outputs)
    }

    /// Whether both gave the same from the same, and all of that is known.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        let known = self.unknown_inputs().is_empty() && self.unknown_outputs().is_empty();
        self.incomparable.is_empty() && self.differing().is_empty() && known
    }
}

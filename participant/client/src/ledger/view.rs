//! What a ledger tells, without the secrets in it.

use std::collections::BTreeMap;

use serde_json::Value;
use veracruz_policy::{FilePath, InstanceId, PolicyHash, Sha256, Timestamp};
use veracruz_protocol::RunOutcome;

use super::document::{PolicyEntry, RunEntry};
use super::{Ledger, StoredReceipt};
use crate::error::Error;

/// All that is known of one policy.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// Which policy.
    pub policy: PolicyHash,
    /// What the parties call it, where that was noted.
    pub name: Option<String>,
    /// The isolates to which something was entrusted or at which something was seen.
    pub instances: Vec<LedgerInstance>,
    /// Approvals that were signed offline.
    pub approvals: Vec<SignedApproval>,
}

/// What was entrusted to one isolate, and what was seen there.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LedgerInstance {
    /// Which isolate.
    pub instance: InstanceId,
    /// When something was first entrusted to it, by this machine's clock; absent where it was only
    /// looked at.
    pub provisioned: Option<Timestamp>,
    /// The files, each as often as its contents changed.
    pub uploads: Vec<EntrustedFile>,
    /// The runs that were seen.
    pub runs: Vec<SeenRun>,
    /// The receipts that were fetched.
    pub receipts: Vec<StoredReceipt>,
}

/// A file of which at least a part was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntrustedFile {
    /// Its path in the policy.
    pub path: FilePath,
    /// Its contents.
    pub sha256: Sha256,
    /// When, where that was noted.
    pub at: Option<Timestamp>,
}

/// A run that this participant saw.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeenRun {
    /// Its number.
    pub run: u32,
    /// How it stood when it was last seen.
    pub outcome: RunOutcome,
    /// When it was first seen so, by this machine's clock.
    pub at: Timestamp,
    /// What it took from a budget: absent, since no policy has budgets yet.
    pub budget: Option<Value>,
}

/// An approval that was signed offline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedApproval {
    /// Its identifier (`jti`).
    pub id: String,
    /// For which isolates; for any where it is absent.
    pub instances: Option<Vec<InstanceId>>,
    /// When it was signed.
    pub at: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

impl Ledger {
    /// All that it knows, by policy.
    ///
    /// # Errors
    /// [`Error::Ledger`], [`Error::LedgerVersion`].
    pub fn entries(&self) -> Result<Vec<LedgerEntry>, Error> {
        let document = self.locked(|document| Ok(document.clone()))?;
        let entries = document.policies.iter();
        entries
            .map(|(hash, entry)| self.entry(self.read(hash)?, entry))
            .collect()
    }

    fn entry(&self, policy: PolicyHash, entry: &PolicyEntry) -> Result<LedgerEntry, Error> {
        let mut instances = Vec::new();
        for provisioned in self.instances(entry)? {
            instances.push(LedgerInstance::new(
                provisioned.instance,
                Some(provisioned.at),
            ));
        }
        for upload in &entry.uploads {
            let file = EntrustedFile {
                path: self.read_path(&upload.path)?,
                sha256: self.read(&upload.sha256)?,
                at: upload.at.as_deref().map(|at| self.read(at)).transpose()?,
            };
            of(&mut instances, self.read(&upload.instance)?)
                .uploads
                .push(file);
        }
        for run in &entry.runs {
            let seen = self.run(run)?;
            of(&mut instances, self.read(&run.instance)?)
                .runs
                .push(seen);
        }
        for receipt in &entry.receipts {
            let stored = StoredReceipt {
                instance: self.read(&receipt.instance)?,
                run: receipt.run,
                path: receipt.path.clone(),
            };
            of(&mut instances, stored.instance).receipts.push(stored);
        }
        let approvals = entry.approvals.iter().map(|approval| {
            let list = approval.instances.as_ref();
            let list = list.map(|list| list.iter().map(|one| self.read(one)).collect());
            Ok(SignedApproval {
                id: approval.id.clone(),
                instances: list.transpose()?,
                at: self.read(&approval.at)?,
                expires: self.read(&approval.expires)?,
            })
        });
        Ok(LedgerEntry {
            policy,
            name: entry.name.clone(),
            approvals: approvals.collect::<Result<_, Error>>()?,
            instances,
        })
    }

    fn run(&self, run: &RunEntry) -> Result<SeenRun, Error> {
        let outcome = serde_json::from_value(Value::String(run.outcome.clone()));
        Ok(SeenRun {
            run: run.run,
            outcome: outcome.map_err(|error| self.unusable(error.to_string()))?,
            at: self.read(&run.at)?,
            budget: run.budget.clone(),
        })
    }

    fn read_path(&self, text: &str) -> Result<FilePath, Error> {
        FilePath::parse(text).map_err(|error| self.unusable(error.to_string()))
    }
}

impl LedgerInstance {
    fn new(instance: InstanceId, provisioned: Option<Timestamp>) -> Self {
        Self {
            instance,
            provisioned,
            uploads: Vec::new(),
            runs: Vec::new(),
            receipts: Vec::new(),
        }
    }
}

/// The entry of an isolate, made where there is none.
fn of(instances: &mut Vec<LedgerInstance>, instance: InstanceId) -> &mut LedgerInstance {
    let known = instances.iter().position(|one| one.instance == instance);
    let index = known.unwrap_or(instances.len());
    if known.is_none() {
        instances.push(LedgerInstance::new(instance, None));
    }
    #[expect(
        clippy::indexing_slicing,
        reason = "it is the index of one that is there, or of the one just put at the end"
    )]
    &mut instances[index]
}

/// What was entrusted to an isolate, in a few words.
pub(super) fn in_words(entry: &PolicyEntry, instance: &str) -> String {
    let mut files: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for upload in entry.uploads.iter().filter(|one| one.instance == instance) {
        files.insert(&upload.path, upload.at.as_deref());
    }
    let mut words: Vec<_> = files
        .into_iter()
        .map(|(path, at)| at.map_or_else(|| path.to_owned(), |at| format!("{path} at {at}")))
        .collect();
    if words.is_empty() {
        words.push("an approval and no file".into());
    }
    for run in entry.runs.iter().filter(|one| one.instance == instance) {
        words.push(format!("run {} {}", run.run, run.outcome));
    }
    words.join(", ")
}

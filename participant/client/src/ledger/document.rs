//! The ledger's file, version 2. Fields are never given another meaning; a change of them is
//! another version. Version 1 lacked the fields that are absent here where they are not known.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What this program writes.
pub(super) const VERSION: u32 = 2;
/// The oldest that it reads.
pub(super) const OLDEST: u32 = 1;
pub(super) const MAX_LEDGER_BYTES: u64 = 64 << 20;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) version: u32,
    /// By policy hash.
    pub(super) policies: BTreeMap<String, PolicyEntry>,
}

/// What every version has: a later one is told apart before anything else is understood.
#[derive(Deserialize)]
pub(super) struct Versioned {
    pub(super) version: u32,
}

impl Document {
    pub(super) fn new() -> Self {
        Self {
            version: VERSION,
            policies: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEntry {
    /// What the parties call it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) instances: Vec<InstanceEntry>,
    #[serde(default)]
    pub(super) uploads: Vec<UploadEntry>,
    #[serde(default)]
    pub(super) openings: Vec<OpeningEntry>,
    #[serde(default)]
    pub(super) receipts: Vec<ReceiptEntry>,
    /// Signed without a connection: others may carry them anywhere.
    #[serde(default)]
    pub(super) approvals: Vec<ApprovalEntry>,
    #[serde(default)]
    pub(super) runs: Vec<RunEntry>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstanceEntry {
    pub(super) instance: String,
    pub(super) at: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadEntry {
    pub(super) instance: String,
    pub(super) path: String,
    pub(super) sha256: String,
    pub(super) salt: String,
    pub(super) share: String,
    /// When it was about to be sent for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<String>,
    /// The quorum to whose isolates it went with one salt and one share: `QuorumSet::id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quorum: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpeningEntry {
    pub(super) instance: String,
    pub(super) path: String,
    pub(super) sha256: String,
    pub(super) opening: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptEntry {
    pub(super) instance: String,
    pub(super) run: u32,
    pub(super) path: PathBuf,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalEntry {
    /// The statement's `jti`.
    pub(super) id: String,
    /// Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) instances: Option<Vec<String>>,
    pub(super) at: String,
    pub(super) expires: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunEntry {
    pub(super) instance: String,
    pub(super) run: u32,
    /// As in the protocol: `running`, `finished`, ...
    pub(super) outcome: String,
    /// When it was seen so for the first time.
    pub(super) at: String,
    /// What a run took from a budget. No policy has budgets yet, so nothing writes it; what is
    /// there is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) budget: Option<serde_json::Value>,
}

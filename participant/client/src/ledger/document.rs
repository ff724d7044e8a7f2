//! The ledger's file, version 1. Fields are never given another meaning; a change of them is
//! another version.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(super) const VERSION: u32 = 1;
pub(super) const MAX_LEDGER_BYTES: u64 = 64 << 20;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) version: u32,
    /// By policy hash.
    pub(super) policies: BTreeMap<String, PolicyEntry>,
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
    pub(super) instances: Vec<InstanceEntry>,
    #[serde(default)]
    pub(super) uploads: Vec<UploadEntry>,
    #[serde(default)]
    pub(super) openings: Vec<OpeningEntry>,
    #[serde(default)]
    pub(super) receipts: Vec<ReceiptEntry>,
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

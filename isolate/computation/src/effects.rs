//! What the machine answers, and what it asks its shell to do.

use alloc::{boxed::Box, vec::Vec};

use veracruz_policy::{FilePath, Sha256};
use veracruz_protocol::{Problem, StateTag};
use veracruz_receipt::ReceiptPayload;

use crate::{Agreement, RunPlan};

/// Names the contents of one file in the shell's keeping. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageId(pub(crate) u64);

impl StorageId {
    /// The number behind it, for logs.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The answer to an event, and what to do about it. A refusal can have effects too: an upload
/// with a wrong digest is erased.
#[derive(Debug)]
#[must_use]
pub struct Reply<T> {
    /// What to tell whoever asked.
    pub answer: Result<T, Problem>,
    /// To be carried out in this order, before the answer is sent.
    pub effects: Vec<Effect>,
}

/// What the shell is to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Forget these contents, and what was compiled from them; overwrite them first.
    Erase(StorageId),
    /// Compile this program and report by [`crate::Computation::compiled`].
    Compile {
        /// Where the program is.
        storage: StorageId,
        /// Its path in the policy.
        path: FilePath,
        /// The digest of its contents.
        sha256: Sha256,
        /// Its length in bytes.
        length: u64,
    },
    /// Carry out a run and report by [`crate::Computation::run_ended`].
    StartRun(Box<RunPlan>),
    /// Sign this payload, get evidence over it, and report by
    /// [`crate::Computation::receipt_made`].
    MakeReceipt {
        /// The run it is for.
        run: u32,
        /// What to sign.
        payload: Box<ReceiptPayload>,
    },
    /// Sign what this isolate says to the others of its quorum, with the isolate's own key, and
    /// report by [`crate::Computation::agreement_made`].
    SignAgreement(Agreement),
    /// The status changed: tell whoever watches it.
    Notify(StateTag),
}

impl<T> Reply<T> {
    pub(crate) fn new(answer: Result<T, Problem>, effects: Vec<Effect>) -> Self {
        Self { answer, effects }
    }
}

//! Who must agree, and who may start a run.

use alloc::vec::Vec;

use crate::ParticipantName;

/// What must happen before a run.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Approval {
    /// Who must have approved. Default: everyone who provides a file. Never empty.
    pub required: Vec<ParticipantName>,
    /// Who may start a run. Default: those of `required`. Never empty.
    pub run_by: Vec<ParticipantName>,
    /// How many runs one instance makes, failed ones included. Default: 1.
    pub runs: u32,
    /// How long an approval holds. Default: for one run.
    pub approve: Approve,
}

/// How long an approval holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Approve {
    /// For one run; the next one needs fresh approvals.
    #[default]
    EachRun,
    /// For all runs of an instance.
    Once,
}

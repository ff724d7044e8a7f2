//! `POST /v1/runs` and `GET /v1/runs/{n}`.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use veracruz_policy::{FilePath, ParticipantName};

use crate::text;

/// The body of `POST /v1/runs`. What matters is the header `If-Match`: the state that the
/// caller saw. An empty body means the same as `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunRequest {}

/// One run, as this participant may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunState {
    /// Its number; the first is 1.
    pub run: u32,
    /// Where it stands.
    pub outcome: RunOutcome,
    /// Why it failed, as a class. There is no more to know: exit codes, trap texts and figures
    /// are outputs, and an output goes only to those whom the policy names for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureClass>,
    /// Who started it.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub started_by: ParticipantName,
    /// The outputs that this participant can fetch now.
    #[serde(with = "text::forms")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub outputs: Vec<FilePath>,
    /// Whether the receipt can be fetched.
    pub receipt: bool,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RunOutcome {
    /// Its program is at work.
    Running,
    /// Its outputs are there for their receivers.
    Finished,
    /// It ended without outputs.
    Failed,
    /// It ended, and a rule of the policy keeps its outputs back.
    Withheld,
}

/// Why a run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum FailureClass {
    /// The program gave up or broke off: a trap, or an exit code other than 0.
    Program,
    /// It was still at work at its deadline.
    Time,
    /// It wanted more memory than it may have.
    Memory,
    /// It exceeded another limit of the policy.
    Limit,
    /// The isolate failed, not the program.
    Isolate,
}

impl FailureClass {
    /// The error code under which `veracruz explain` tells more.
    #[must_use]
    pub fn code(self) -> crate::ErrorCode {
        use crate::ErrorCode;
        match self {
            Self::Program => ErrorCode::RunProgramFailed,
            Self::Time => ErrorCode::RunOutOfTime,
            Self::Memory => ErrorCode::RunOutOfMemory,
            Self::Limit => ErrorCode::RunOverLimit,
            Self::Isolate => ErrorCode::RunIsolateFailed,
        }
    }
}

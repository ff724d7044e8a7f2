//! `POST /v1/runs` and `GET /v1/runs/{n}`.

use alloc::{string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};
use veracruz_policy::{FilePath, ParticipantName};

use crate::{ErrorCode, RunQuorum, limits, text};

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
    /// Which stage failed and why, for those alone whom that stage names in the policy: it is an
    /// output like any other. To everybody else a run that failed has failed, and no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<StageFailure>,
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
    /// Where the policy has a quorum: its isolates, and who of them agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<RunQuorum>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RunOutcome {
    /// Its program is at work.
    Running,
    /// Its program is done, and its outputs wait for the other isolates of the quorum to agree.
    Agreeing,
    /// Its outputs are there for their receivers.
    Finished,
    /// It ended without outputs.
    Failed,
    /// It ended, and a rule of the policy keeps its outputs back; or the isolates of its quorum do
    /// not agree ([`ErrorCode::RunDisagreed`]).
    Withheld,
}

impl RunOutcome {
    /// Whether nothing about it will change any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Running | Self::Agreeing => false,
            Self::Finished | Self::Failed | Self::Withheld => true,
        }
    }
}

/// How a stage failed, as far as the one who asks may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StageFailure {
    /// Which stage; the first is 1. Absent where all of them ended well, and the isolate could not
    /// do the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<u32>,
    /// What kind of failure it is.
    pub class: FailureClass,
    /// The code with which the program ended itself, for those whom the stage's `exit_code` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u32>,
    /// The trap, or the limit and its value, in words, for those whom the stage's `trap` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "text::optional_bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    pub reason: Option<String>,
}

impl StageFailure {
    /// A reason as it can be sent: without control characters, and no longer than may be.
    #[must_use]
    pub fn reason(text: &str) -> String {
        text::cut(&text)
    }
}

impl fmt::Display for StageFailure {
    /// One line for people.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage {
            Some(stage) => write!(formatter, "stage {stage}")?,
            None => formatter.write_str("the isolate, after the last stage")?,
        }
        match (self.exit_code, &self.reason) {
            (Some(code), None) => write!(formatter, " ended with exit code {code}"),
            (Some(code), Some(reason)) => {
                write!(
                    formatter,
                    " ended with exit code {code}, after this: {reason}"
                )
            }
            (None, Some(reason)) => write!(formatter, ": {reason}"),
            (None, None) => Ok(()),
        }
    }
}

/// Why a stage failed.
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
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Program => ErrorCode::RunProgramFailed,
            Self::Time => ErrorCode::RunOutOfTime,
            Self::Memory => ErrorCode::RunOutOfMemory,
            Self::Limit => ErrorCode::RunOverLimit,
            Self::Isolate => ErrorCode::RunIsolateFailed,
        }
    }
}

//! `GET /v1/status`: what the asking participant may know about the computation.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use veracruz_policy::{FilePath, InstanceId, ParticipantName, PolicyHash, Sha256};

use crate::{RunState, WithdrawalAnswer, header, limits, text};

/// The status of a computation as one participant may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// One word for where the computation stands.
    pub state: ComputationState,
    /// The policy that the isolate enforces. A client compares it with its own copy's.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 52, max_length = 52))]
    pub policy: PolicyHash,
    /// This isolate.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 52, max_length = 52))]
    pub instance: InstanceId,
    /// Who is asking, as the isolate knows it by its key.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 63))]
    pub you: ParticipantName,
    /// Names this state; also in the header `ETag`, and asked for in the `If-Match` of a run.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub tag: StateTag,
    /// How many runs there may be and have been, at this instance.
    pub runs: RunsView,
    /// What is missing before a run can start; empty in `ready`.
    pub missing: Vec<Missing>,
    /// A line for each participant, in the policy's order.
    pub approvals: Vec<ApprovalView>,
    /// A line for each file, in the policy's order.
    pub files: Vec<FileView>,
    /// The latest run, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunState>,
}

/// One word for where a computation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ComputationState {
    /// Approvals, inputs or programs are missing.
    Awaiting,
    /// A run can be started.
    Ready,
    /// A run is at work.
    Running,
    /// A run is done, and the other isolates of the quorum have not all agreed.
    Agreeing,
    /// The last run is over; its outputs are there.
    Finished,
    /// The last run is over; it failed.
    Failed,
    /// The last run is over; its outputs are kept back by a rule of the policy.
    Withheld,
    /// There will be no further run and there is nothing left to fetch.
    Closed,
}

/// The name of a computation's state: it changes with every approval, withdrawal, committed or
/// erased file and run. As a header it is an entity tag (RFC 9110 section 8.8.3): `"17"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateTag(pub u64);

/// Runs of this instance. No isolate knows of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunsView {
    /// What the policy allows.
    pub allowed: u32,
    /// What was started; a failed run counts.
    pub started: u32,
}

/// Something that is missing before a run can start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Missing {
    /// A participant has not approved.
    Approval {
        /// Who.
        #[serde(with = "text::form")]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        participant: ParticipantName,
    },
    /// A file has not been provided.
    File {
        /// Which.
        #[serde(with = "text::form")]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        path: FilePath,
        /// By whom.
        #[serde(with = "text::form")]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        provider: ParticipantName,
    },
    /// Those who must approve have not all signed the same isolates as the quorum.
    Quorum,
    /// A program is there and not compiled: it is being compiled, or it was refused (see its
    /// line in `files`).
    Compilation {
        /// Which.
        #[serde(with = "text::form")]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        path: FilePath,
    },
}

/// A participant's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalView {
    /// Who.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub participant: ParticipantName,
    /// Whether no run starts without it.
    pub required: bool,
    /// How the participant withdrew, as it was answered; absent where it did not, or has approved
    /// again since, which only a session of its own can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<WithdrawalAnswer>,
    /// The signed approval that was accepted last and is not used up, as it was sent: anyone can
    /// check its signature with the key in the policy, and see by it that they are at the same
    /// instance. Where it has expired, it is among what is `missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "text::optional_bounded::<{ limits::APPROVAL_BYTES }, _>")]
    pub statement: Option<String>,
}

/// A file of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FileView {
    /// Which.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub path: FilePath,
    /// What it is for.
    pub role: FileRole,
    /// Who provides it; absent for outputs and intermediate files.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "text::optional_form"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub provider: Option<ParticipantName>,
    /// Whether it is there.
    pub presence: Presence,
    /// Size and digest, where this participant may know them: of its own files, of programs,
    /// and of what it receives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// This participant's own unfinished upload of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadView>,
    /// Of a program that is present: whether it can be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramState>,
    /// Of this participant's own program that was refused: why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "text::optional_bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    pub refusal: Option<String>,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum FileRole {
    /// A stage executes it. Everybody may know its digest.
    Program,
    /// Provided data.
    Input,
    /// Written by one stage for a later one.
    Intermediate,
    /// For its receivers.
    Output,
}

/// Whether a file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// No.
    Absent,
    /// Yes: committed, or released.
    Present,
    /// Not for this participant to know (outputs of others, intermediate files).
    Hidden,
}

/// Size and digest of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// In bytes.
    pub length: u64,
    /// SHA-256, lower-case hexadecimal.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 64, max_length = 64))]
    pub sha256: Sha256,
}

/// An unfinished upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UploadView {
    /// How many bytes the isolate holds: where to go on.
    pub offset: u64,
    /// How many there will be.
    pub length: u64,
    /// Whether a connection is sending right now. While one is, no other can.
    pub active: bool,
}

/// Whether a program can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProgramState {
    /// Not yet: it is being compiled.
    Compiling,
    /// Yes.
    Compiled,
    /// No: it is not a program that this isolate can run. Its provider is told why.
    Refused,
}

impl ComputationState {
    /// The word, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Awaiting => "awaiting",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Agreeing => "agreeing",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Withheld => "withheld",
            Self::Closed => "closed",
        }
    }

    /// The state that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Awaiting,
            Self::Ready,
            Self::Running,
            Self::Agreeing,
            Self::Finished,
            Self::Failed,
            Self::Withheld,
            Self::Closed,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }
}

impl fmt::Display for ComputationState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for StateTag {
    /// The number; [`StateTag::to_header`] adds the quotes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl StateTag {
    /// For `ETag` and `If-Match`: the number in double quotes.
    #[must_use]
    pub fn to_header(self) -> String {
        format!("\"{}\"", self.0)
    }

    /// Reads one strong entity tag. `*`, weak tags and lists are refused: a run names the one
    /// state that its starter saw.
    #[must_use]
    pub fn parse_header(value: &str) -> Option<Self> {
        let number = value
            .trim_matches(' ')
            .strip_prefix('"')?
            .strip_suffix('"')?;
        header::decimal(number).map(Self)
    }
}

impl Serialize for StateTag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StateTag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text::bounded::<20, D>(deserializer)?;
        header::decimal(&text)
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected a decimal number"))
    }
}

impl Status {
    /// The status as JSON on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        text::json(self)
    }
}

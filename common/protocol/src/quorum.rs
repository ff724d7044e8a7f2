//! A quorum as participants see it: who has spoken, and who agrees.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use veracruz_policy::{InstanceId, IsolateKind, QuorumMember};

use crate::text;

/// The quorum of a run, as one of its isolates sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunQuorum {
    /// All isolates, this one too, in the order of the policy.
    #[serde(deserialize_with = "text::list::<_, { veracruz_policy::MAX_QUORUM }, _>")]
    pub members: Vec<MemberView>,
}

/// One isolate of a quorum, as another one of it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MemberView {
    /// The isolate.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 52, max_length = 52))]
    pub instance: InstanceId,
    /// Its kind, as everyone who must approve signed it.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 16))]
    pub kind: IsolateKind,
    /// What it said.
    pub word: MemberWord,
}

/// What an isolate of a quorum said of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum MemberWord {
    /// It is the isolate that is asked.
    This,
    /// Nothing: whoever wants the outputs carries its agreement here.
    Awaited,
    /// Something that is not compared yet: the run goes on here.
    Heard,
    /// The same as this isolate found.
    Agrees,
    /// Something else. What differs is told to nobody.
    Differs,
}

/// A member in an approval.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedMember {
    #[serde(with = "text::form")]
    instance: InstanceId,
    #[serde(with = "text::form")]
    kind: IsolateKind,
}

impl From<&QuorumMember> for SignedMember {
    fn from(member: &QuorumMember) -> Self {
        Self {
            instance: member.instance,
            kind: member.kind,
        }
    }
}

impl From<SignedMember> for QuorumMember {
    fn from(member: SignedMember) -> Self {
        Self {
            instance: member.instance,
            kind: member.kind,
        }
    }
}

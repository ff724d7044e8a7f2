//! `PUT` and `DELETE /v1/approval`: what a participant signs, and what a withdrawal is answered.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use veracruz_policy::{
    FilePath, InstanceId, MAX_QUORUM, ParticipantName, PolicyHash, QuorumMember, Sha256,
};

use crate::{limits, quorum::SignedMember, text};

/// The only `purpose` an approval can have.
pub const APPROVAL_PURPOSE: &str = "veracruz-approval-v1";

/// What a participant signs when it approves: the payload of the JWS.
///
/// The JWS is compact, its protected header exactly
/// `{"alg":"ES256","typ":"veracruz-approval+jws"}` (in any order), its signature by the key
/// that the policy pins for the participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalStatement {
    /// `veracruz-approval-v1`: a signature made for something else never approves.
    #[serde(deserialize_with = "text::bounded::<64, _>")]
    pub purpose: String,
    /// The policy that is approved.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 52, max_length = 52))]
    pub policy: PolicyHash,
    /// Who approves: a name in that policy.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 63))]
    pub participant: ParticipantName,
    /// At which isolates: a list of instances, or `"any"`; where the policy has a quorum, the list of
    /// its isolates with their kinds.
    #[cfg_attr(feature = "openapi", schema(value_type = openapi_shape::Instances))]
    pub instances: Instances,
    /// The digest of every program that the policy does not pin; empty where all are pinned.
    #[serde(deserialize_with = "programs")]
    #[cfg_attr(feature = "openapi", schema(max_items = 256))]
    pub programs: Vec<ProgramDigest>,
    /// Not before this time, in seconds since 1970 (RFC 7519 section 4.1.5, whole numbers only).
    pub nbf: i64,
    /// Not at or after this time.
    pub exp: i64,
    /// When it was signed. The isolate takes it as a lower bound of the time.
    pub iat: i64,
    /// Unique: an isolate accepts an identifier of a participant once.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 22, max_length = 64))]
    pub jti: ApprovalId,
}

/// The isolates for which an approval holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instances {
    /// Every isolate that runs this policy. Refused where a program is not pinned.
    Any,
    /// These, at most [`limits::APPROVAL_INSTANCES`], at least one.
    These(Vec<InstanceId>),
    /// A quorum: all of these together, in the policy's order. Whoever signs has appraised every one
    /// of them and says of what kind it is.
    Quorum(Vec<QuorumMember>),
}

/// A program and the digest of the contents that are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProgramDigest {
    /// The program's path in the policy.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 4096))]
    pub path: FilePath,
    /// SHA-256 of its contents, lower-case hexadecimal.
    #[serde(with = "text::form")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 64, max_length = 64))]
    pub sha256: Sha256,
}

/// An approval's unique identifier: 22 to 64 characters of `A-Z a-z 0-9 - _`.
///
/// 16 random bytes in base64url are 22 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApprovalId(String);

/// The answer to a withdrawal; also what a status shows of it to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WithdrawalAnswer {
    /// Whether any run had seen the inputs.
    pub withdrawn: WithdrawnWhen,
    /// The last run that was started before the withdrawal; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
}

/// Where a withdrawal fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WithdrawnWhen {
    /// Before a run could read the inputs: no run of this instance has seen them.
    BeforeRun,
    /// While a run is going on, which continues; there will be no further one with these inputs.
    DuringRun,
    /// After a run has read the inputs.
    AfterRun,
}

impl fmt::Display for WithdrawalAnswer {
    /// After 'withdrew': `before any run`, `during run 1`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.withdrawn {
            WithdrawnWhen::BeforeRun => return formatter.write_str("before any run"),
            WithdrawnWhen::DuringRun => "during",
            WithdrawnWhen::AfterRun => "after",
        };
        match self.run {
            Some(run) => write!(formatter, "{when} run {run}"),
            None => write!(formatter, "{when} a run"),
        }
    }
}

impl Instances {
    /// The isolates that are named; `None` where it holds at any.
    #[must_use]
    pub fn named(&self) -> Option<Vec<InstanceId>> {
        match self {
            Self::Any => None,
            Self::These(list) => Some(list.clone()),
            Self::Quorum(members) => Some(members.iter().map(|member| member.instance).collect()),
        }
    }
}

impl ApprovalId {
    /// Checks an identifier that came from outside.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        ((22..=64).contains(&text.len()) && text.bytes().all(allowed))
            .then(|| Self(text.to_string()))
    }

    /// From 16 bytes that were just drawn.
    #[must_use]
    pub fn from_random(bytes: &[u8; 16]) -> Self {
        Self(data_encoding::BASE64URL_NOPAD.encode(bytes))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for ApprovalId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ApprovalId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text::bounded::<64, D>(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom("expected 22 to 64 characters of A-Z a-z 0-9 - _"))
    }
}

impl Serialize for Instances {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("any"),
            Self::These(list) => serializer.collect_seq(list.iter().map(ToString::to_string)),
            Self::Quorum(members) => serializer.collect_seq(members.iter().map(SignedMember::from)),
        }
    }
}

impl<'de> Deserialize<'de> for Instances {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InstancesVisitor)
    }
}

struct InstancesVisitor;

impl<'de> Visitor<'de> for InstancesVisitor {
    type Value = Instances;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("\"any\" or a list of one to 64 instances")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Instances, E> {
        match text {
            "any" => Ok(Instances::Any),
            _ => Err(E::invalid_value(de::Unexpected::Str("another word"), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Instances, A::Error> {
        let too_many = |count: usize| de::Error::invalid_length(count.saturating_add(1), &self);
        match items.next_element()? {
            None => Err(de::Error::invalid_length(0, &self)),
            Some(Named::Instance(first)) => {
                let mut list = Vec::from([first]);
                while let Some(text::Form(instance)) = items.next_element()? {
                    if list.len() == limits::APPROVAL_INSTANCES || list.contains(&instance) {
                        return Err(too_many(list.len()));
                    }
                    list.push(instance);
                }
                Ok(Instances::These(list))
            }
            Some(Named::Member(first)) => {
                let mut members = Vec::from([QuorumMember::from(first)]);
                while let Some(member) = items.next_element::<SignedMember>()? {
                    if members.len() == MAX_QUORUM {
                        return Err(too_many(members.len()));
                    }
                    members.push(member.into());
                }
                Ok(Instances::Quorum(members))
            }
        }
    }
}

/// The first element of a list says what the others are.
enum Named {
    Instance(InstanceId),
    Member(SignedMember),
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamedVisitor)
    }
}

struct NamedVisitor;

impl<'de> Visitor<'de> for NamedVisitor {
    type Value = Named;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an instance, or an instance with its kind")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Named, E> {
        text::Form::deserialize(de::value::StrDeserializer::new(text))
            .map(|text::Form(instance)| Named::Instance(instance))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Named, A::Error> {
        SignedMember::deserialize(de::value::MapAccessDeserializer::new(members)).map(Named::Member)
    }
}

fn programs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ProgramDigest>, D::Error> {
    let list = text::list::<ProgramDigest, { limits::APPROVAL_PROGRAMS }, D>(deserializer)?;
    for (index, entry) in list.iter().enumerate() {
        if list
            .iter()
            .skip(index.saturating_add(1))
            .any(|other| other.path == entry.path)
        {
            return Err(de::Error::custom("a program is named twice"));
        }
    }
    Ok(list)
}

#[cfg(feature = "openapi")]
pub(crate) mod openapi_shape {
    use alloc::{string::String, vec::Vec};

    /// `"any"`, or a list of 1 to 64 instances (52 characters of base32 each); where the policy has
    /// a quorum, the list of its isolates in the policy's order.
    #[derive(utoipa::ToSchema, serde::Serialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its shape is used, in the OpenAPI document")]
    pub(crate) enum Instances {
        Any(String),
        These(Vec<String>),
        Quorum(Vec<Member>),
    }

    /// An isolate of a quorum, and what whoever signs found it to be.
    #[derive(utoipa::ToSchema, serde::Serialize)]
    pub(crate) struct Member {
        #[schema(min_length = 52, max_length = 52)]
        instance: String,
        kind: String,
    }
}

//! What an isolate and its attester say to each other over the evidence channel.
//!
//! The channel keeps message boundaries (`SOCK_SEQPACKET`); each request is answered by one reply.
//! Where it is a stream of bytes, as the port `veracruz.evidence` of a virtual machine is, each
//! message has its length in front, as u32 big-endian: a [`frame`].
//! A request is the 64 bytes of report data and nothing else. A reply is a byte that says what
//! follows: 0 and the encoded [`Evidence`], or 1 and a refusal's class as u16 big-endian.
//! The attester signs whatever report data it is asked to: it vouches for who asks, not for what.

use alloc::vec::Vec;

use crate::{Evidence, EvidenceError, MAX_EVIDENCE_BYTES, ReportData};

/// Bytes of a request.
pub const REQUEST_BYTES: usize = 64;
/// The longest reply, in bytes: size the receiving buffer by it.
pub const MAX_REPLY_BYTES: usize = 1 + MAX_EVIDENCE_BYTES;

/// Bytes of the length in front of a message in a stream.
pub const LENGTH_BYTES: usize = 4;

const EVIDENCE: u8 = 0;
const REFUSED: u8 = 1;

/// Writes a request.
pub const fn encode_request(report_data: &ReportData) -> [u8; REQUEST_BYTES] {
    *report_data.as_bytes()
}

/// Reads a request.
///
/// # Errors
/// `WrongLength` for anything but 64 bytes.
pub fn parse_request(message: &[u8]) -> Result<ReportData, ChannelError> {
    let bytes = message.try_into();
    bytes
        .map(ReportData::from_bytes)
        .map_err(|_| ChannelError::WrongLength {
            found: message.len(),
        })
}

/// Writes a message as it stands in a stream; `None` where it is longer than any message.
pub fn frame(message: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(message.len())
        .ok()
        .filter(|_| message.len() <= MAX_REPLY_BYTES)?;
    Some([length.to_be_bytes().as_slice(), message].concat())
}

/// Reads the length in front of a message of at most `most` bytes.
///
/// # Errors
/// `WrongLength` where the message is longer: what follows cannot be read.
pub fn parse_length(length: [u8; LENGTH_BYTES], most: usize) -> Result<usize, ChannelError> {
    let found = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if found > most {
        return Err(ChannelError::WrongLength { found });
    }
    Ok(found)
}

/// An attester's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Evidence over the report data that was asked for.
    Evidence(Evidence),
    /// No evidence, and a class of reason that tells the host nothing more.
    Refused(u16),
}

impl Reply {
    /// Writes the reply.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, content) = match self {
            Self::Evidence(evidence) => (EVIDENCE, evidence.encode()),
            Self::Refused(class) => (REFUSED, class.to_be_bytes().into()),
        };
        [&[kind], content.as_slice()].concat()
    }

    /// Reads a reply.
    ///
    /// # Errors
    /// `UnknownReply` for another first byte or none, `WrongLength` for a refusal of another
    /// length, `Evidence` for a malformed envelope.
    pub fn parse(message: &[u8]) -> Result<Self, ChannelError> {
        match message.split_first() {
            Some((&EVIDENCE, content)) => Ok(Self::Evidence(Evidence::parse(content)?)),
            Some((&REFUSED, class)) => {
                let class = class.try_into().map(u16::from_be_bytes);
                let wrong = ChannelError::WrongLength {
                    found: message.len(),
                };
                class.map(Self::Refused).map_err(|_| wrong)
            }
            other => Err(ChannelError::UnknownReply {
                found: other.map(|(kind, _)| *kind),
            }),
        }
    }
}

/// A message that the evidence channel does not have. The sender is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// A message of a length that its kind does not have.
    #[error("a message of {found} bytes; a request has 64 and a refusal 3")]
    WrongLength {
        /// Its length in bytes.
        found: usize,
    },
    /// A reply that begins with none of the known kinds, or is empty.
    #[error("a reply of unknown kind {found:?}, expected 0 (evidence) or 1 (refused)")]
    UnknownReply {
        /// Its first byte, if there is one.
        found: Option<u8>,
    },
    /// The reply says evidence, and what follows is not an envelope.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

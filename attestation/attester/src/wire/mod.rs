//! The attester's socket: frames of a u32 big-endian length and that many bytes of CBOR, with
//! descriptors beside them. One request, then its reply, then the next request.

mod message;
mod refusal;
mod transfer;

pub use message::{Exit, Hello, IsolateId, IsolateState, Keeper, Landlock, LimitedBy, Listed};
pub(crate) use message::{Reply, Request, VERSION, decode, encode};
pub use refusal::{Refusal, Step};
pub(crate) use transfer::{MAX_DESCRIPTORS, receive, send};

/// The longest frame: a policy of 1 MiB, and room for what is around it; or the longest list.
pub(crate) const MAX_FRAME: usize = (1 << 20) + (64 << 10);
/// Bytes of the length in front of a frame.
pub(crate) const LENGTH: usize = 4;

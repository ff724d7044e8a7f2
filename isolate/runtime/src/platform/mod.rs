//! Where the runtime runs: what differs between the kinds of isolate, and nothing else.
//!
//! A platform gives three things: a control channel to the host, a source of connections, and a
//! source of evidence. Everything that comes through the first two is hostile.

mod confine;
mod evidence;
mod guest;
mod process;

pub(crate) use confine::{confine, harden};
pub(crate) use evidence::EvidenceSource;

use crate::fault::Fault;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// The world outside, as one kind of isolate offers it.
pub(crate) struct Platform {
    /// Frames of `veracruz_protocol::control`, to and from the host.
    pub(crate) control: UnixStream,
    /// Where participants come from.
    pub(crate) connections: Connections,
    /// Who vouches for this runtime.
    pub(crate) evidence: Box<dyn EvidenceSource>,
}

/// How connections of participants reach this process.
pub(crate) enum Connections {
    /// The host passes each accepted socket: datagrams of one byte with a descriptor.
    Passed(OwnedFd),
    /// A socket that listens: the host dials, and carries bytes.
    Accepted(OwnedFd),
}

/// The platform that the command line names.
///
/// # Errors
/// [`Fault::Platform`] where the name is unknown or its channels are not there.
pub(crate) fn named(mut arguments: impl Iterator<Item = String>) -> Result<Platform, Fault> {
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("process"), None) => process::platform(),
        (Some("guest"), None) => guest::platform(),
        _ => Err(Fault::Platform),
    }
}

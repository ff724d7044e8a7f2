//! Where the runtime runs: what differs between the kinds of isolate, and nothing else.
//!
//! A platform gives three things: a control channel to the host, a source of connections, and a
//! source of evidence. Everything that comes through the first two is hostile.

mod confine;
mod evidence;
mod guest;
mod heartbeat;
mod line;
mod process;

pub(crate) use confine::{confine, harden};
pub(crate) use evidence::EvidenceSource;
pub(crate) use line::Line;

use crate::fault::Fault;
use std::os::fd::OwnedFd;

/// The world outside, as one kind of isolate offers it.
pub(crate) struct Platform {
    /// Frames of `veracruz_protocol::control`, to and from the host.
    pub(crate) control: Line,
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
pub(crate) fn named(arguments: &[String]) -> Result<Platform, Fault> {
    match arguments {
        [name] if name == PROCESS => process::platform(),
        guest if is_guest(guest) => guest::platform(),
        _ => Err(Fault::Platform),
    }
}

/// Leaves the platform that the command line names: a machine of our own is switched off, since it
/// has no other use.
pub(crate) fn leave(arguments: &[String]) {
    if is_guest(arguments) {
        guest::switch_off();
    }
}

/// Whether the command line is that of a machine's first process, with or without what firmware
/// adds at its end.
fn is_guest(arguments: &[String]) -> bool {
    match arguments {
        [name] => name == GUEST,
        [name, added] => name == GUEST && added == BY_FIRMWARE,
        _ => false,
    }
}

const PROCESS: &str = "process";
const GUEST: &str = "guest";
/// OVMF tells the kernel so where its initramfs is, and the kernel leaves to us what it does not know.
const BY_FIRMWARE: &str = "initrd=initrd";

/// The most that is written to a channel at once. The daemon at the other end of a virtual machine's
/// vsock (`vhost-device-vsock` 0.3) stalls for ever over a packet of more than half its buffer.
pub(crate) const MAX_WRITE: usize = 32 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_told_so_and_firmware_may_add_where_the_initramfs_is() {
        let is = |arguments: &[&str]| {
            is_guest(
                &arguments
                    .iter()
                    .map(|text| (*text).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert!(is(&["guest"]));
        assert!(is(&["guest", "initrd=initrd"]));
        for other in [
            &[][..],
            &["process"],
            &["initrd=initrd"],
            &["guest", "process"],
            &["process", "initrd=initrd"],
            &["guest", "initrd=initrd", "initrd=initrd"],
        ] {
            assert!(!is(other), "{other:?}");
        }
    }
}

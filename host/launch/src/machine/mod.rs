//! Virtual machines on this machine, whatever vouches for them: the attester is their parent, and
//! the host dials them over the socket of their vsock device.
//!
//! A kind of isolate that is such a machine says what it starts from and how it is described; the
//! rest is here.

mod carry;
mod dial;
mod launcher;
mod parts;

pub(crate) use carry::carry;
pub(crate) use dial::{CONNECTIONS, CONTROL};
pub use launcher::MachineLauncher;
pub use parts::MachineParts;

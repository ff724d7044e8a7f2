//! What isolates on this machine have in common: somebody is their parent, mostly the attester, and
//! the host speaks to each over a control channel.

mod attester;
mod control;
mod isolate;

pub(crate) use attester::{Guard, call, explain};
pub(crate) use control::Control;
pub(crate) use isolate::{Door, LocalIsolate, Parent};

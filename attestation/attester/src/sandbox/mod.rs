//! The sandbox of `process` isolates, as `docs/reference/process-isolate.md` describes it.
//!
//! It keeps the isolate from the rest of the machine. It does not keep the machine's owner from
//! the isolate.

mod cgroup;
mod inside;
mod lock;
mod outer_id;
mod resources;
mod seccomp;
mod start;
mod steps;
mod support;

pub(crate) use cgroup::{ControlGroups, Group};
pub use seccomp::{Only, Rule, TABLE, markdown};
pub(crate) use start::Sandbox;
pub use support::{Support, support};

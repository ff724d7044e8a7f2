//! Sandboxed processes, started by the attester. *They protect nobody from the host.*
//!
//! The host talks to such an isolate over two descriptors that the attester gives it: the control
//! channel (`veracruz_protocol::control`), and the one over which accepted connections go in. See
//! `docs/reference/process-isolate.md`.

mod handover;
mod launcher;

pub use launcher::ProcessLauncher;

//! What the tests that cross processes share: where the built things are, and children that do not
//! outlive their test.
//!
//! It is not a library of the product; nothing depends on it but the tests beside it.
//!
//! ```no_run
//! let Some(built) = veracruz_tests::Artifacts::find() else { return Ok(()) };
//! let mut host = veracruz_tests::Child::spawn(std::process::Command::new(&built.veracruz).arg("host"))?;
//! assert!(host.is_running()?);
//! # Ok::<(), std::io::Error>(())
//! ```
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "all of it is test code, in which a failure is a panic"
)]

mod artifacts;
mod child;
mod demo;
mod raw;
mod relay;
mod stand_in;
mod world;

pub use artifacts::{Artifacts, machine_image, microvm};
pub use child::Child;
pub use demo::Demo;
pub use raw::{Answer, Raw};
pub use relay::{ConnectProxy, Cut, Manner, Relay};
pub use stand_in::StandIn;
pub use world::{World, digest, isolate_processes, kill_isolates, refusal};

//! What the tests that cross processes share: where the built things are, and children that do not
//! outlive their test.
//!
//! It is not a library of the product; nothing depends on it but the tests beside it.
//!
//! ```no_run
//! let Some(built) = veracruz_tests::Artifacts::find() else { return };
//! let mut host = veracruz_tests::Child::spawn(std::process::Command::new(&built.veracruz).arg("host"))?;
//! assert!(host.is_running()?);
//! # Ok::<(), std::io::Error>(())
//! ```

mod artifacts;
mod child;

pub use artifacts::Artifacts;
pub use child::Child;

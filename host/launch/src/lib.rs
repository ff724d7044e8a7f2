//! Starts, feeds, limits and stops isolates, for the host.
//!
//! The host is trusted by nobody, and nothing here is: an isolate is judged by its evidence, which
//! the participants appraise. This crate only moves descriptors and control messages. It does not
//! parse TLS, it does not measure, and it holds no key.
//!
//! There is one folder a kind of isolate: [`process`], a sandboxed process, and [`microvm`], a
//! virtual machine, both started and vouched for by the attester. *They protect nobody from the
//! host.* [`measured`] has machines that a TPM vouches for, which the host emulates. [`nitro`] has Nitro enclaves, which do, and an emulation of them, which does not.
//! [`sev_snp`], [`tdx`] and [`cca`] are virtual machines that hardware protects. What
//! kinds share is in `local` (whatever runs on this machine) and [`machine`] (virtual machines).
//!
//! ```no_run
//! # async fn example(accepted: std::net::TcpStream, policy: Vec<u8>) -> Result<(), veracruz_launch::LaunchError> {
//! use veracruz_launch::{Launcher, Resources, RuntimeImage, process::ProcessLauncher};
//!
//! let image = RuntimeImage::open("veracruz-runtime")?;
//! let launcher = ProcessLauncher::connect("/run/veracruz/attester.sock", image).await?;
//! let isolate = launcher.launch(policy.into(), Resources::default()).await?;
//! println!("instance {}", isolate.installed().instance);
//! isolate.connect(accepted).await?;
//! # Ok(()) }
//! ```

pub mod availability;
pub mod cca;
mod error;
mod image;
mod isolate;
mod local;
pub mod machine;
pub mod measured;
pub mod microvm;
pub mod nitro;
pub mod process;
pub mod protected;
pub mod sev_snp;
pub mod tdx;

pub use error::LaunchError;
pub use image::RuntimeImage;
pub use isolate::{
    BoxFuture, CertificateRequest, Health, Installed, Isolate, Kind, Launcher, LimitedBy, Loss,
    Resources,
};
pub use veracruz_attester::{ClientError, Refusal};

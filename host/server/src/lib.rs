//! The host: routes participants' connections to isolates, and starts, lists and stops those.
//!
//! It is trusted by nobody. It holds no key, terminates no TLS and sees ciphertext: of a connection
//! it reads the server name, without taking a byte away, and hands the socket itself to the isolate
//! of that name. What it says of a computation (its state, its instance) is for bookkeeping; what
//! participants go by is evidence.
//!
//! It is not the isolate's parent: isolates outlive it, and the next start takes them over. It is
//! not a launcher either; those are in `veracruz-launch`.
//!
//! ```no_run
//! # use std::sync::Arc;
//! use veracruz_server::{Config, serve};
//!
//! # async fn example(launcher: Arc<dyn veracruz_launch::Launcher>) -> Result<(), veracruz_server::ServeError> {
//! let config = Config { token_file: "/var/lib/veracruz/management.token".into(), ..Config::default() };
//! serve(config, launcher).await
//! # }
//! ```
//!
//! [`management`] is the API of whoever runs the host. Where a [`VerifierAddress`] is configured, it
//! carries isolates' requests for certificates there.

mod computation;
mod computations;
mod config;
mod hello;
pub mod management;
mod metrics;
mod participants;
mod server;
pub mod sni;
mod token;
mod verifier;

pub use computation::View;
pub use config::{Config, Limits};
pub use server::{ServeError, Server, serve};
pub use token::TokenError;
pub use verifier::{VerifierAddress, VerifierError};

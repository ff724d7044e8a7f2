//! Software root of trust: measures, starts and vouches for isolates without hardware.
//!
//! The attester is a small single-threaded process of its own. It holds a P-256 key, is the parent
//! of the isolates that it started, and answers each of them, over a channel that only that
//! isolate has, with evidence about *that* isolate: the SHA-256 of the very image that it executed
//! and the hash of the policy that it was launched for. Whoever asks over its unix socket (the
//! host) can start and stop isolates and gets their connection channels; it cannot get evidence.
//!
//! What it is not: a protection from the host. Who controls the machine controls the attester, its
//! key and the isolates' memory; evidence of this kind says so, and is accepted only by policies
//! that name the attester's key and `"unprotected": true`.
//!
//! ```no_run
//! // The attester's process. Call it before any thread is made.
//! let config = veracruz_attester::Config::in_dir("/var/lib/veracruz/attester");
//! let error = veracruz_attester::serve(&config, |_| {}).unwrap_err();
//! # let _ = error;
//! ```
//!
//! ```no_run
//! // The host's side.
//! # fn example(policy: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use veracruz_attester::{Client, Limits};
//!
//! let attester = Client::new("/var/lib/veracruz/attester/attester.sock");
//! let image = std::fs::File::open("veracruz-runtime")?;
//! let digest = attester.register(&image)?;
//! let launched = attester.launch(&digest, policy, &Limits::default())?;
//! println!("started {} as process {}", launched.id, launched.pid);
//! attester.stop(launched.id)?;
//! # Ok(()) }
//! ```

mod client;
mod image;
mod key;
mod limits;
mod machine_image;
pub mod sandbox;
mod server;
mod wire;

pub use client::{Client, ClientError, Launched, LaunchedMachine};
pub use key::{AttesterKey, KeyError};
pub use limits::Limits;
pub use server::{Config, ServeError, TPM_AUTHORITY, serve};
pub use wire::{
    Exit, Hello, IsolateId, IsolateState, Keeper, Landlock, LimitedBy, Listed, Refusal, Step,
};

//! Attested TLS: both ends of the connection between a participant and an isolate, without I/O.
//!
//! An isolate proves what it is *after* the handshake and for this one connection: the
//! participant sends a fresh nonce, and the evidence that comes back covers the policy, both
//! ends' public keys, a secret that only the two ends of this TLS connection share (its exporter)
//! and that nonce. `docs/reference/session.md` is the protocol in full.
//!
//! This crate makes the TLS configurations, looks at connections that finished their handshake,
//! and carries the rule that nothing is sent before appraisal as a type:
//! [`Session<Unattested>`](Session) becomes [`Session<Attested>`](Session) by
//! [`Session::appraise`] and, where the evidence leaves a question open, [`Session::answer`], and
//! in no other way.
//!
//! What it is *not*: it opens no socket and drives no handshake (`tokio-rustls` does, in
//! `veracruz-runtime` and `veracruz-client`); and it cannot tell good evidence from bad (the
//! [`Appraiser`] does: `veracruz-appraisal`). A finished handshake alone proves to the
//! participant nothing about the isolate but that it holds a key.
//!
//! ```
//! use veracruz_policy::{InstanceId, PolicyHash};
//! use veracruz_session::{Identity, client_config, server_config, server_name};
//!
//! let policy = PolicyHash::from_bytes([7; 32]);
//! let acme = Identity::generate("acme")?;
//! let isolate = Identity::generate("isolate")?;
//!
//! // In the isolate: only keys of the policy's participants get in.
//! let server = server_config(&isolate, vec![acme.key()], policy)?;
//! // At the participant, who dials this name:
//! let client = client_config(&acme)?;
//! let name = server_name(&policy, Some(&InstanceId::from(isolate.key())));
//! assert!(name.ends_with(".veracruz.internal"));
//! # let _ = (server, client);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod certificate;
mod channel;
mod config;
mod identity;
mod name;
mod presented;
mod session;
mod signing;
mod verifier;

pub use channel::{Channel, ChannelError};
pub use config::{ALPN, client_config, server_config, server_config_presenting};
pub use identity::{Identity, IdentityError, Validity};
pub use name::{DOMAIN, IsolateName, NameError, server_name};
pub use presented::{CertificateRefused, Presented};
pub use session::{
    Appraiser, Attested, Challenged, Judgement, Session, SessionError, Step, Unattested,
};

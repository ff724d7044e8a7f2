//! The runtime: the one program inside an isolate, everything that is measured.
//!
//! It takes a policy from the host once, makes a TLS key, serves the participants of that policy
//! over attested connections, and has their programs run by workers. What may happen when is
//! decided by `veracruz-computation`, how programs run by `veracruz-engine`; this crate is the
//! shell that moves bytes between them, the participants, the host and the platform.
//!
//! It is not a general server: one computation, HTTP/1.1 alone, no file, no network of its own.
//!
//! From the outside in: [`start`] · `platform` (what differs between kinds of isolate) ·
//! `control` (the host) · `doorman`, `seats`, `serve` and `connection` (the participants) · `http`
//! (the API) · `isolate` (what all connections share) · `storage` (files) · `attestor` (evidence)
//! · `certificate` (of a verifier) · `work` and `stages` (programs, runs and receipts).

mod attestor;
mod certificate;
mod connection;
mod control;
mod doorman;
mod fault;
mod http;
mod isolate;
mod platform;
mod randomness;
mod seats;
mod secret;
mod serve;
mod short_writes;
mod stages;
mod storage;
mod work;

pub use fault::Fault;

use control::Control;
use isolate::Isolate;
use platform::Platform;
use veracruz_engine::Spawner;
use veracruz_policy::Policy;
use veracruz_protocol::control::ToHost;

/// Runs the isolate that `arguments` (without the program's name) describe, until the host closes
/// the control channel for good. A machine of its own is switched off then, and nothing returns.
///
/// The order matters. The spawner of workers is forked before any key exists and before this
/// process gives up what workers need; the policy is installed before the key is made; the key is
/// made before anyone is let in.
///
/// # Errors
/// Whatever keeps the isolate from starting, and a host that breaks the protocol.
pub fn start(arguments: impl Iterator<Item = String>) -> Result<(), Fault> {
    let arguments: Vec<String> = arguments.collect();
    let outcome = run(&arguments);
    platform::leave(&arguments);
    outcome
}

fn run(arguments: &[String]) -> Result<(), Fault> {
    platform::harden()?;
    // Blocks until the kernel's generator is seeded; no key is ever made without it.
    randomness::fill(&mut [0; 32])?;
    let platform = platform::named(arguments)?;
    let spawner = Spawner::fork().map_err(|_| Fault::Spawner)?;
    platform::confine(&platform.connections)?;

    let Platform {
        control,
        connections,
        evidence,
    } = platform;
    let mut control = Control::new(control);
    let installed = control.policy().and_then(|document| {
        let policy = Policy::parse(&document).map_err(|_| Fault::Policy)?;
        Isolate::start(policy, evidence, spawner)
    });
    let isolate = match installed {
        Ok(isolate) => isolate,
        Err(fault) => {
            control.refuse(fault);
            return Err(fault);
        }
    };
    serve::start(&isolate, connections)?;
    control.say(&ToHost::Installed {
        policy: isolate.policy_hash(),
        instance: isolate.instance(),
    })?;
    control.attend(&*isolate)
}

//! Which kinds of isolate this machine can start, and what each is good for.
//!
//! A kind is a file here: what it needs, what there is of that, whom it protects. It looks at a
//! [`Machine`], which is a list of facts, so that a test can make one up.
//!
//! ```no_run
//! // Forks: call it before any thread is made.
//! let machine = veracruz_launch::availability::Machine::this();
//! for kind in veracruz_launch::availability::KINDS {
//!     println!("{}: {}", kind.name(), kind.missing(&machine).is_empty());
//! }
//! ```

mod cca;
mod machine;
mod microvm;
mod nitro;
mod process;
mod sev_snp;
mod sgx;
mod tdx;

pub use machine::{File, Machine};
pub use veracruz_attester::Keeper;
pub use veracruz_machine::{KvmSpeed, Tools};

/// What one kind of isolate needs of a machine, and gives to its users.
pub trait Availability: Send + Sync {
    /// The name of the kind, as `veracruz host --isolate` takes it.
    fn name(&self) -> &'static str;

    /// What it is, in a few words.
    fn what(&self) -> &'static str;

    /// Whom it protects.
    fn protection(&self) -> Protection;

    /// Everything that was looked for.
    fn checks(&self, machine: &Machine) -> Vec<Check>;

    /// What is missing, one line each; it can be started where nothing is.
    fn missing(&self, machine: &Machine) -> Vec<String> {
        let checks = self.checks(machine).into_iter();
        checks
            .filter(|check| check.required && !check.fulfilled)
            .map(|check| format!("{}: {}", check.name, check.found))
            .collect()
    }
}

/// Every kind, from the simplest on.
pub const KINDS: &[&dyn Availability] = &[
    &process::Process,
    &microvm::Microvm { measured: false },
    &microvm::Microvm { measured: true },
    &nitro::Nitro { emulated: false },
    &nitro::Nitro { emulated: true },
    &sev_snp::SevSnp,
    &tdx::Tdx,
    &cca::Cca,
    &sgx::Sgx,
];

/// Whom a kind of isolate protects from whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// What keeps the machine safe from programs and the runtime.
    pub machine: &'static str,
    /// What keeps participants safe from whoever runs the machine; none where nothing does.
    pub participants: Option<&'static str>,
    /// Whom a participant has to believe.
    pub rests_on: &'static str,
}

/// One thing that a kind needs or can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked for.
    pub name: &'static str,
    /// What was found, or what to do about it.
    pub found: String,
    /// Whether it is as it should be.
    pub fulfilled: bool,
    /// Whether the kind cannot be started without it.
    pub required: bool,
}

impl Check {
    /// Something without which there is no isolate of this kind.
    fn required(name: &'static str, found: Result<String, String>) -> Self {
        Self {
            name,
            fulfilled: found.is_ok(),
            found: found.unwrap_or_else(|missing| missing),
            required: true,
        }
    }

    /// Something with which it is better.
    fn useful(name: &'static str, found: Result<String, String>) -> Self {
        Self {
            required: false,
            ..Self::required(name, found)
        }
    }
}

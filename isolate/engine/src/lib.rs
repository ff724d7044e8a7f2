//! Compiles WebAssembly programs, to native code or for an interpreter, and runs them in worker
//! processes, within limits.
//!
//! A worker has no keys, no sockets, no descriptors but its files, and no way to make executable
//! memory once it has compiled; it is killed at its deadline and dead before anyone looks at what
//! it wrote. So a deadline costs nothing in the code, and a program that broke out of the engine
//! would find nothing worth taking.
//!
//! It is *not* a judge of who may run what: policies, approvals and digests are the runtime's
//! affair. It does not keep a program's files either, which are in `veracruz-vfs`, nor does it
//! know what a program's calls mean, which is in `veracruz-wasi`.
//!
//! ```no_run
//! use veracruz_engine::{Input, Output, ProgramSettings, Right, Spawner, StageSettings, memfd::Sealed};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spawner = Spawner::fork()?; // first thing in main, before keys and threads
//! let module = Sealed::copy_of("module", &std::fs::read("program.wasm")?)?;
//! let program = spawner.compile(&module, ProgramSettings::default())?;
//!
//! let mut settings = StageSettings::new([7; 32].into());
//! settings.rights = vec![Right { pattern: "/".into(), read: true, write: true }];
//! let input = Input { path: "/in".into(), content: Sealed::copy_of("in", b"data")? };
//! let output = Output { path: "/out".into(), max_bytes: 1 << 20 };
//! let report = program.run(settings, &[input], &[output])?;
//! println!("exit code {}, {} outputs", report.exit_code, report.outputs.len());
//! # Ok(())
//! # }
//! ```
//!
//! The processes: the runtime forks the *spawner*, the spawner forks one process a program, and
//! that forks one process a stage. All calls block; each handle can be used from any thread.

mod cancel;
mod channel;
pub mod confinement;
mod error;
pub mod local;
pub mod memfd;
mod message;
mod process;
mod program;
mod run;
mod settings;
mod spawner;
mod wiped;
mod worker;

pub use cancel::Cancel;
pub use error::{Death, EngineError, LimitMet, LimitName, Phase, Trap};
pub use program::{Program, StageReport, Written};
pub use settings::{
    Clock, GREATEST_MEMORY, GREATEST_WASM_STACK, Input, MOST_FILES, MOST_INSTANCES, MOST_MEMORIES,
    Output, ProgramSettings, Right, Seed, StageSettings, Strategy,
};
pub use spawner::Spawner;

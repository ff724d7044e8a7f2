//! What a program must be before it is compiled: read, validated and held against what is offered,
//! by `wasmparser` alone.
//!
//! A worker asks [`before_compiling`] before it spends seconds on a program; an author asks
//! [`check`] for everything there is to say about one. Both read by the same tables: the
//! [`FEATURES`] of WebAssembly that are on, the functions of preview 1 in `veracruz-wasi`, the
//! [`INTERFACES`] of WASI 0.2. The engine sets itself up by them too, so that what a check says is
//! what a run does.
//!
//! It is *not* the engine: nothing is compiled or run here, and no limit of a policy is known.
//!
//! ```
//! let program = std::fs::read("program.wasm").unwrap_or_default();
//! match veracruz_intake::check(&program) {
//!     Ok(report) if report.fits() => println!("it fits"),
//!     Ok(report) => report.problems.iter().for_each(|problem| println!("{problem}")),
//!     Err(invalid) => println!("{invalid}"),
//! }
//! ```

mod check;
mod component;
mod declarations;
mod instances;
mod interfaces;
mod module;
mod needs;
mod proposals;
mod report;
mod text;

pub use check::{Unfit, before_compiling, check};
pub use interfaces::{INTERFACES, Interface, RUN, is_run};
pub use module::START;
pub use proposals::FEATURES;
pub use report::{
    AtStart, Import, InvalidProgram, Kind, MOST_INSTANCES, MOST_LISTED, MOST_MEMORIES, Memory,
    Need, Offer, Problem, Proposal, Report, Table,
};
pub use text::{TEXT_CHARACTERS, cut};

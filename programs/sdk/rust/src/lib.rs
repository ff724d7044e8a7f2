//! What programs for Veracruz share. A program needs none of this: it is an ordinary WASI program
//! that opens files by path. This crate is for what each would otherwise write again:
//!
//! - [`Input`]: a file of one party, as bytes, lines or a [`Table`]. It knows whose it is.
//! - [`Failure`]: what is wrong, in whose file and in which line, and never a value that stands there.
//! - [`run`]: calls the program and lets a failure out where the policy allows it.
//! - [`Output`], [`Arguments`]: the rest of what a program meets.
//!
//! It is no layer between a program and its libraries: `rand`, `csv` or `serde` work as they are.
//!
//! ```
//! use veracruz_guest::{Arguments, Failure, Input, Origin};
//!
//! /// The sum of a column, over all parties' files.
//! fn total(inputs: Vec<Input<&[u8]>>, column: &str) -> Result<i64, Failure> {
//!     let mut total = 0_i64;
//!     for input in inputs {
//!         let mut table = input.table()?;
//!         let [wanted] = table.columns([column])?;
//!         while let Some(row) = table.next_row()? {
//!             let value = row.integer(wanted)?;
//!             total = total
//!                 .checked_add(value)
//!                 .ok_or_else(|| row.failure("the sum does not fit 63 bits"))?;
//!         }
//!     }
//!     Ok(total)
//! }
//!
//! let acme = Input::new(Origin::at("/input/acme.csv"), "id,spent\n1,20\n2,22\n".as_bytes());
//! assert_eq!(total(vec![acme], "spent")?, 42);
//!
//! let globex = Input::new(Origin::at("/input/globex.csv"), "id,spent\n1,much\n".as_bytes());
//! let failure = total(vec![globex], "spent").unwrap_err();
//! assert_eq!(failure.owner(), Some("globex"));
//! assert_eq!(failure.to_string(), "/input/globex.csv, line 2: `spent` should be a whole number");
//! # Ok::<(), Failure>(())
//! ```
//!
//! # Running it natively
//!
//! A program is also an ordinary one for the machine that it is written on, for debuggers and
//! profilers: with `VERACRUZ_ROOT=work cargo run`, `/input/acme.csv` is `work/input/acme.csv`.
//!
//! # Where a failure goes
//!
//! | | who learns it |
//! |---|---|
//! | the exit code: [`Failure::exit_code`] | those whom the policy's stage names in `exit_code` |
//! | the text on standard error | the receivers of the stage's `stderr`, where `veracruz exec` shows it; a failed run releases no file today |
//! | the text in `/report/<owner>` | the owner of the file alone, once policies can grant that path, which they reserve; until then it is not written |
//!
//! So a failure is one type with an owner, and a program that returns it needs no change when
//! reports come.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "std")]
mod arguments;
#[cfg(all(feature = "bare", target_os = "wasi"))]
pub mod bare;
mod failure;
#[cfg(feature = "std")]
mod host;
#[cfg(feature = "std")]
mod input;
#[cfg(feature = "std")]
mod lines;
mod origin;
#[cfg(feature = "std")]
mod output;
#[cfg(feature = "std")]
mod run;
#[cfg(feature = "csv")]
mod table;

#[cfg(feature = "std")]
pub use arguments::Arguments;
pub use failure::{Failure, Place};
#[cfg(feature = "std")]
pub use input::Input;
#[cfg(feature = "std")]
pub use lines::{Line, Lines, MAX_LINE};
pub use origin::Origin;
#[cfg(feature = "std")]
pub use output::Output;
#[cfg(feature = "std")]
pub use run::{REPORTS, run};
#[cfg(feature = "csv")]
pub use table::{Column, Row, Table, quoted};

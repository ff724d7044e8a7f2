//! The one catalogue of error codes: what each means, whose fault it is, and what to do.
//!
//! `veracruz explain` and `docs/reference/errors.md` are made from it, and nothing says anything
//! of a code that does not stand here. It is a table and no more: errors themselves, with what was
//! expected and found, are types of the crates in which they happen, each of which names its code.
//!
//! ```
//! use veracruz_catalogue::{ErrorCode, Fault};
//!
//! let code = ErrorCode::parse("VC-0412").unwrap();
//! assert_eq!(code.fault(), Fault::You);
//! assert_eq!(code.hint(), "provide the file whose SHA-256 stands in the policy");
//! ```
#![no_std]

mod area;
mod codes;
mod fault;
#[cfg(feature = "serde")]
mod json;
mod parse;

pub use area::Area;
pub use codes::ErrorCode;
pub use fault::Fault;
pub use parse::UnknownCode;

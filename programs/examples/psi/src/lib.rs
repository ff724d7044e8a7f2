//! Private set intersection, and sums over it: which airports are in both lists, how many flights
//! left from those, and how high they lie together.
//!
//! This is an ordinary program: stock Rust, the standard library, files that it opens by path. It
//! knows nothing of isolates, policies or attestation; those see to it that nobody looks on. What
//! each party learns is decided by what is written here, so it is short on purpose.
//!
//! ```
//! let acme = "iata,country,elevation_ft\nHEL,FI,179\nOUL,FI,47\n";
//! let globex = "iata,state,departures_2008\nHEL,--,12\nJFK,NY,118804\n";
//! let overlap = psi::Overlap::of(acme.as_bytes(), globex.as_bytes())?;
//! assert_eq!(overlap.codes, ["HEL"]);
//! assert_eq!(overlap.departures_2008, 12);
//! assert_eq!(overlap.elevation_ft, 179);
//! # Ok::<(), psi::Error>(())
//! ```

mod csv;
mod error;
mod overlap;

pub use error::{Error, Owner, Reason};
pub use overlap::Overlap;

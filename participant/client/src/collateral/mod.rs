//! Collateral for offline use: a folder of files that vendors publish about their hardware.
//!
//! Nothing here asks a network for anything, and nothing in the folder is believed for being
//! there: each appraisal checks the signatures and dates of what it uses, up to the vendor's pinned
//! root. So the folder may come from anybody, and may be copied around.

mod describe;
mod store;

pub use describe::{CollateralKind, CollateralPiece, certified_key};
pub use store::{CollateralFile, CollateralStore, read_bounded};

//! Recommendations from the click logs of two rival shops: better than from either alone, and by how
//! much is measured on clicks that were hidden.
//!
//! Items are similar where the same people clicked on them: of `a` people on one and `b` on the other,
//! `c` on both, the similarity is `c / sqrt(a · b)` (the cosine). An item's score for somebody is the
//! sum of its similarities to what that person clicked on.

mod evaluation;
mod logs;
mod model;

pub use evaluation::{Evaluation, evaluate};
pub use logs::{Item, Logs};
pub use model::{Model, Pair};

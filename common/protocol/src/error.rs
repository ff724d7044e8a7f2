//! Everything that can go wrong, by stable code, and the problem document that carries it.

mod codes;
mod problem;

pub use codes::ErrorCode;
#[cfg(feature = "openapi")]
pub(crate) use problem::Document;
pub use problem::Problem;

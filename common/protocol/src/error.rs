//! Everything that can go wrong, by stable code, and the problem document that carries it.

mod problem;

#[cfg(feature = "openapi")]
pub(crate) use problem::Document;
pub use problem::Problem;
pub use veracruz_catalogue::ErrorCode;

//! SQL over the tables of several parties: each file is a table that is named after its owner. The query
//! stands in the policy, so that it is the one that all agreed on, and no other can run.

mod query;
mod tables;

pub use query::{Cell, Query};
pub use tables::Tables;

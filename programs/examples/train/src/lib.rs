//! Logistic regression over rows that several parties hold, as if they were in one table, and its
//! quality on rows that nobody trained on.
//!
//! The model minimises `½ |w|² + C · Σ log(1 + exp(−y (w·x + b)))` over features that are
//! standardised with the mean and the population standard deviation of all rows: what scikit-learn's
//! `StandardScaler` and `LogisticRegression` do. It is found by Newton's method, to the last digits,
//! so that no step size is to be agreed on.

mod data;
mod evaluation;
mod linear;
mod model;

pub use data::{Data, Rows};
pub use evaluation::Evaluation;
pub use model::Model;

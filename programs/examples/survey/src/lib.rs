//! Sums, means, histograms and correlations over the answers that several parties collected. A group
//! of fewer answers than the parties agreed on is hidden, and so is what would give it away.

mod groups;
mod question;
mod results;

pub use groups::{Groups, Moments};
pub use question::{Correlation, Grouping, Mean, Questions};
pub use results::{Answers, Survey};

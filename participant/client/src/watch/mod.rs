//! A computation as it changes: events from the isolate, and what they mean.

mod change;
mod events;
mod watcher;

pub use change::{Change, CheckedStatus};
pub(crate) use events::EventParser;
pub use watcher::{Seen, Watch};

//! Event logs of firmware: what was measured into registers while a machine started.
//!
//! The crypto-agile form of the TCG PC Client Platform Firmware Profile (revision 1.06, section
//! 10).
//!
//! A log is nobody's word: it is only worth what the signed registers confirm.

mod parse;
mod replay;

pub(crate) use parse::{EV_NO_ACTION, EventLog};

/// What errors call it.
const PART: &str = "event log";

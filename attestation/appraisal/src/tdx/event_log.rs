//! Event logs, where some were given.

use crate::intel::ccel::EventLog;
use crate::intel::report::TdReport;
use crate::{AppraisalError, Fact};

/// Whether one of the logs leads to the registers of the report; none is needed.
pub(super) fn check(
    report: &TdReport<'_>,
    logs: &[Vec<u8>],
) -> Result<Option<Fact>, AppraisalError> {
    let mut first = None;
    for log in logs {
        let verdict = EventLog::parse(log).and_then(|log| log.check(&report.rtmr).map(|()| log));
        match verdict {
            Ok(log) => {
                return Ok(Some(Fact {
                    name: "event log",
                    value: format!("{} events, which lead to the RTMRs", log.len()),
                }));
            }
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    first.map_or(Ok(None), Err)
}

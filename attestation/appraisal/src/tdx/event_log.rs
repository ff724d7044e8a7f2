//! Event logs, where some were given.

use crate::intel::ccel;
use crate::intel::report::TdReport;
use crate::{AppraisalError, Fact};

/// Whether one of the logs leads to the registers of the report; none is needed.
pub(super) fn check(
    report: &TdReport<'_>,
    logs: &[Vec<u8>],
) -> Result<Option<Fact>, AppraisalError> {
    let mut first = None;
    for log in logs {
        match ccel::check(log, &report.rtmr) {
            Ok(events) => {
                return Ok(Some(Fact {
                    name: "event log",
                    value: format!("{events} events, which lead to the RTMRs"),
                }));
            }
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    first.map_or(Ok(None), Err)
}

//! `withdraw`.

use super::{Desk, block_on, quorum};
use crate::args::WithdrawArgs;
use crate::error::CliError;
use crate::output::Report;
use veracruz_protocol::WithdrawnWhen;

/// `withdraw`.
pub(crate) fn withdraw(arguments: &WithdrawArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    if let Some(dial) = desk.quorum() {
        return quorum::withdraw(&desk, &dial);
    }
    block_on(async {
        let (mut connection, _) = desk.attested().await?;
        let answer = connection.withdraw().await?;
        let line = match answer.withdrawn {
            WithdrawnWhen::BeforeRun => {
                "withdrawn before any run: your inputs are erased, and the others are told"
            }
            WithdrawnWhen::DuringRun => {
                "withdrawn during a run, which goes on; there will be no other"
            }
            WithdrawnWhen::AfterRun => "withdrawn after a run that has read your inputs",
        };
        let document = serde_json::to_value(answer).unwrap_or_default();
        Ok(Report::new(document).line(line))
    })
}

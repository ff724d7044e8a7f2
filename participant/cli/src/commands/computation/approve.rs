//! `approve`.

use super::{Desk, block_on};
use crate::args::ApproveArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;

/// `approve`: signs for the instance that this connection ends in.
pub(crate) fn approve(arguments: &ApproveArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    block_on(async {
        let (mut connection, _) = desk.attested().await?;
        let status = connection.status().await?;
        let jws = connection.approve(&status, desk.provisioning()).await?;
        let (participant, instance) = (connection.participant().to_string(), connection.instance());
        let document = json!({
            "participant": participant, "instance": instance.to_string(), "statement": jws,
        });
        Ok(Report::new(document).line(format!("{participant} approved instance {instance}")))
    })
}

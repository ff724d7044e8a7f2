//! `approve`.

use super::{Desk, block_on, quorum};
use crate::args::ApproveArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use veracruz_client::{ApprovalFile, Attested, Connection, ErrorClass};
use veracruz_protocol::Status;

/// `approve`: signs for the instance that this connection ends in, or hands in what was signed
/// before.
pub(crate) fn approve(arguments: &ApproveArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    let mut carried = Vec::new();
    for path in &arguments.statements {
        carried.extend(ApprovalFile::read(path)?.approvals(&desk.policy, path)?);
    }
    if let Some(dial) = desk.quorum().filter(|_| carried.is_empty()) {
        return quorum::approve(&desk, &dial);
    }
    block_on(async {
        let (mut connection, _) = desk.attested().await?;
        let status = connection.status().await?;
        if !arguments.statements.is_empty() {
            return carry(&desk, &mut connection, &status, &carried).await;
        }
        let jws = connection.approve(&status, desk.provisioning()).await?;
        let (participant, instance) = (connection.participant().to_string(), connection.instance());
        let document = json!({
            "participant": participant, "instance": instance.to_string(), "statement": jws,
        });
        Ok(Report::new(document).line(format!("{participant} approved instance {instance}")))
    })
}

/// Hands in every statement that is not there yet. One of several that is refused keeps none of the
/// others back.
async fn carry(
    desk: &Desk,
    connection: &mut Connection<Attested>,
    status: &Status,
    statements: &[String],
) -> Result<Report, CliError> {
    let instance = connection.instance();
    let shown = |jws: &String| {
        let mut views = status.approvals.iter();
        views.any(|view| view.statement.as_ref() == Some(jws))
    };
    let (mut lines, mut documents, mut refused) = (Vec::new(), Vec::<Value>::new(), false);
    for jws in statements {
        if shown(jws) {
            lines.push(format!("there already, at instance {instance}"));
            documents.push(json!({ "statement": jws, "verdict": "there-already" }));
            continue;
        }
        match connection.carry_approval(jws, desk.provisioning()).await {
            Ok(statement) => {
                let name = statement.participant;
                lines.push(format!("{name} approved instance {instance}"));
                documents.push(json!({
                    "statement": jws, "verdict": "taken", "participant": name.as_str(),
                }));
            }
            Err(error) if statements.len() == 1 => return Err(error.into()),
            Err(error) if matches!(error.class(), ErrorClass::Unavailable) => {
                return Err(error.into());
            }
            Err(error) => {
                refused = true;
                let error = CliError::from(error);
                lines.push(format!("refused [{}]: {}", error.code(), error.message()));
                documents.push(json!({
                    "statement": jws, "verdict": "refused", "code": error.code(),
                    "message": error.message(),
                }));
            }
        }
    }
    let document = json!({ "instance": instance.to_string(), "statements": documents });
    let report = Report::new(document).lines(lines);
    Ok(match refused {
        true => report.ending_with(ErrorClass::Refused.exit_code()),
        false => report,
    })
}

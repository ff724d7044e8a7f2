//! `veracruz launch`.

use super::computation::block_on;
use super::policy;
use crate::args::LaunchArgs;
use crate::error::CliError;
use crate::output::{Report, unprotected};
use serde_json::json;
use veracruz_client::HostClient;

/// `launch`: has the host start an isolate.
pub(crate) fn launch(arguments: &LaunchArgs) -> Result<Report, CliError> {
    let policy = policy::load(&arguments.policy)?;
    let token = std::fs::read_to_string(&arguments.token)
        .map_err(|source| CliError::file(&arguments.token, source))?;
    let host = HostClient::new(
        arguments.management.to_string(),
        Some(token.trim().to_owned()),
    );
    let launched = block_on(async { Ok(host.launch(&policy).await?) })?;
    let document = json!({
        "policy": launched.policy,
        "instance": launched.instance,
        "kind": launched.kind,
        "state": launched.state,
        "protects_from_host": launched.protects_from_host,
    });
    let report = Report::new(document)
        .line(format!("policy    {}", launched.policy))
        .line(format!("instance  {}", launched.instance))
        .line(format!("isolate   {}", launched.kind));
    Ok(if launched.protects_from_host {
        report
    } else {
        report.line(unprotected(&launched.kind))
    })
}

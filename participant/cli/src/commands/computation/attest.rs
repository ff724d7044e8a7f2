//! `attest`.

use super::{Desk, block_on, milliseconds, quorum};
use crate::args::AttestArgs;
use crate::error::CliError;
use crate::output::{Report, unprotected};
use serde_json::json;
use std::time::Instant;
use veracruz_client::Appraised;
use veracruz_policy::IsolateKind;

/// `attest`: says what is at the far end.
pub(crate) fn attest(arguments: &AttestArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    if let Some(dial) = desk.quorum() {
        return quorum::attest(&desk, &dial);
    }
    let start = Instant::now();
    let (instance, appraised) = block_on(async {
        let (connection, appraised) = desk.attested().await?;
        Ok((connection.instance(), appraised))
    })?;
    let milliseconds = milliseconds(start);
    desk.same_instance(&instance)?;
    let words = [
        format!(
            "this connection ends in instance {instance} with the policy {}",
            desk.policy.hash()
        ),
        format!(
            "its runtime has the measurement {}",
            appraised.measurement()
        ),
        appraised.words(),
    ];
    let document = json!({
        "instance": instance.to_string(),
        "policy": desk.policy.hash().to_string(),
        "measurement": appraised.measurement().to_string(),
        "attester": appraised.attester().map(|key| key.to_string()),
        "protects_from_host": appraised.protects_from_host(),
        "words": words,
        "milliseconds": milliseconds,
    });
    let report = Report::new(document).lines(words);
    Ok(if appraised.protects_from_host() {
        report
    } else {
        report.line(unprotected(&kind(&appraised)))
    })
}

/// What policies call the kind of an isolate with this verdict.
pub(super) fn kind(appraised: &Appraised) -> String {
    // What an attester vouches for is told apart by what it measured.
    let measured = |name| appraised.facts().iter().any(|fact| fact.name == name);
    if measured("image") {
        return IsolateKind::Microvm.name().to_owned();
    }
    if measured("runtime") {
        return IsolateKind::Process.name().to_owned();
    }
    let technology = appraised.technology();
    if appraised.emulated() {
        return format!("{technology}-emulated");
    }
    technology.to_string()
}

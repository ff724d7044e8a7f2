//! `receipt fetch`.

use super::list;
use crate::args::ReceiptFetchArgs;
use crate::commands::computation::{Desk, block_on, fetch_receipt};
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use veracruz_client::{KeptReceipt, now};

/// Keeps the receipt, with the caller's own dated appraisal and the collateral beside it.
pub(super) fn fetch(arguments: &ReceiptFetchArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    let kept = destination(arguments);
    if let Some(dial) = desk.quorum() {
        return fetch_receipt(&desk, &dial, arguments.run, &kept);
    }
    let verified = block_on(async {
        let (mut connection, _) = desk.attested().await?;
        Ok(connection
            .store_receipt(arguments.run, kept.clone(), &desk.ledger, now())
            .await?)
    })?;
    let proved: Vec<String> = verified.proved.iter().map(ToString::to_string).collect();
    let not_proved = verified.not_proved.iter();
    let not_proved: Vec<String> = not_proved.map(ToString::to_string).collect();
    let document = json!({
        "run": verified.payload.run,
        "instance": verified.payload.instance.to_string(),
        "receipt": kept.path(),
        "appraisal": kept.appraisal_path(),
        "proved": proved,
        "not_proved": not_proved,
    });
    Ok(Report::new(document)
        .line("The receipt holds. It proves:")
        .lines(list(&proved))
        .line("It does NOT prove:")
        .lines(list(&not_proved))
        .line(format!(
            "kept in {}, with your dated appraisal in {}",
            kept.path().display(),
            kept.appraisal_path().display()
        )))
}

/// Where it goes, over what is there only if the caller said so.
fn destination(arguments: &ReceiptFetchArgs) -> KeptReceipt {
    let kept = KeptReceipt::at(&arguments.output);
    match arguments.force {
        true => kept.overwriting(),
        false => kept,
    }
}

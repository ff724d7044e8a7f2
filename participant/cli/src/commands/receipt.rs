//! `veracruz receipt`.

use super::computation::{Desk, block_on};
use super::{collateral, policy};
use crate::args::{ReceiptCommand, ReceiptFetchArgs, ReceiptVerifyArgs};
use crate::error::CliError;
use crate::output::Report;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};
use veracruz_client::{DatedAppraisal, FilePath, Opening, Sha256, Verified, now, verify_receipt};

/// Runs one of the commands.
pub(crate) fn receipt(command: &ReceiptCommand) -> Result<Report, CliError> {
    match command {
        ReceiptCommand::Fetch(arguments) => fetch(arguments),
        ReceiptCommand::Verify(arguments) => verify(arguments),
    }
}

/// `receipt fetch`: keeps the receipt, with the caller's own dated appraisal beside it.
fn fetch(arguments: &ReceiptFetchArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    if arguments.force {
        for old in [arguments.output.clone(), appraisal_file(&arguments.output)] {
            // Where it was not there, nothing is lost.
            let _ = std::fs::remove_file(old);
        }
    }
    let verified = block_on(async {
        let (mut connection, _) = desk.attested().await?;
        Ok(connection
            .store_receipt(arguments.run, &arguments.output, &desk.ledger, now())
            .await?)
    })?;
    Ok(report(&verified).line(format!("kept in {}", arguments.output.display())))
}

/// `receipt verify`: offline, by the caller's own copy of the policy.
fn verify(arguments: &ReceiptVerifyArgs) -> Result<Report, CliError> {
    let policy = policy::load(&arguments.policy)?;
    let receipt = std::fs::read(&arguments.receipt)
        .map_err(|source| CliError::file(&arguments.receipt, source))?;
    let openings = arguments
        .outputs
        .iter()
        .map(|output| opening(output))
        .collect::<Result<Vec<_>, _>>()?;
    let collateral = collateral::load(&arguments.collateral)?;
    // Judged at the date of a participant's appraisal where there is one, else now.
    let dated = match std::fs::read_to_string(appraisal_file(&arguments.receipt)) {
        Ok(jws) => Some(DatedAppraisal::verify(&jws, &receipt, &policy)?),
        Err(_) => None,
    };
    let at = dated.as_ref().map_or_else(now, DatedAppraisal::at);
    let report = report(&verify_receipt(
        &receipt,
        &policy,
        &openings,
        &collateral,
        at,
    )?);
    Ok(match dated {
        Some(dated) => report.line(format!(
            "{} says that it verified this receipt at {}, by its own clock.",
            dated.participant(),
            dated.at()
        )),
        None => report,
    })
}

/// Where `fetch` puts the caller's signed and dated appraisal.
fn appraisal_file(receipt: &Path) -> PathBuf {
    beside(receipt, ".appraisal.jws")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Both lists, or the first would mislead.
fn report(verified: &Verified) -> Report {
    let proved: Vec<String> = verified.proved.iter().map(ToString::to_string).collect();
    let not_proved: Vec<String> = verified
        .not_proved
        .iter()
        .map(ToString::to_string)
        .collect();
    let list = |items: &[String]| {
        items
            .iter()
            .map(|item| format!("  - {item}"))
            .collect::<Vec<_>>()
    };
    Report::new(json!({
        "run": verified.payload.run,
        "instance": verified.payload.instance.to_string(),
        "proved": proved,
        "not_proved": not_proved,
    }))
    .line("The receipt holds. It proves:")
    .lines(list(&proved))
    .line("It does NOT prove:")
    .lines(list(&not_proved))
}

/// What opens the receipt's commitment to an output: written beside it by `download`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpeningFile {
    path: String,
    opening: String,
}

/// Where the opening of an output stands.
fn opening_file(output: &Path) -> PathBuf {
    beside(output, ".opening.json")
}

/// Writes the opening of a downloaded output beside it.
pub(crate) fn keep_opening(
    output: &Path,
    path: &FilePath,
    salt: &[u8; 32],
) -> Result<(), CliError> {
    let file = opening_file(output);
    let document = OpeningFile {
        path: path.to_string(),
        opening: data_encoding::HEXLOWER.encode(salt),
    };
    let json = serde_json::to_vec_pretty(&document)
        .map_err(|error| CliError::Service(error.to_string()))?;
    // With it, whoever can guess the output can check the guess: it is as private as the output.
    veracruz_client::replace_private(&file, &json).map_err(|source| CliError::file(&file, source))
}

fn opening(output: &Path) -> Result<Opening, CliError> {
    let file = opening_file(output);
    let json = std::fs::read(&file).map_err(|source| CliError::file(&file, source))?;
    let unreadable = || CliError::argument("what `veracruz download` wrote", &file.display());
    let document: OpeningFile = serde_json::from_slice(&json).map_err(|_| unreadable())?;
    let salt = data_encoding::HEXLOWER
        .decode(document.opening.as_bytes())
        .ok()
        .and_then(|salt| salt.try_into().ok())
        .ok_or_else(unreadable)?;
    let content = std::fs::read(output).map_err(|source| CliError::file(output, source))?;
    Ok(Opening {
        path: FilePath::parse(&document.path).map_err(|_| unreadable())?,
        content: Sha256::of(&content),
        salt,
    })
}

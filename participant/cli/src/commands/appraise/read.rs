//! What an appraisal is given besides the evidence.

use crate::args::{AppraiseArgs, CollateralStoreArgs};
use crate::commands::{collateral as stored, policy};
use crate::error::CliError;
use std::path::{Path, PathBuf};
use veracruz_client::{Collateral, PolicyHash, ReferenceFile, Timestamp, read_bounded};
use veracruz_policy::PublicKey;

/// Collateral from these files and folders, and the files in folders that are none; from the store
/// where nothing is named.
pub(super) fn collateral(arguments: &AppraiseArgs) -> Result<(Collateral, Vec<PathBuf>), CliError> {
    let paths = &arguments.collateral;
    if paths.is_empty() {
        let folder = arguments.store.clone();
        let store = CollateralStoreArgs { folder };
        return Ok((stored::load(&store)?, Vec::new()));
    }
    let (mut collateral, mut left_out) = (Collateral::none(), Vec::new());
    for path in paths {
        if path.is_dir() {
            for file in files_in(path)? {
                let contents = read_bounded(&file)?;
                // A folder may hold other things too: its evidence, a README.
                if collateral.add(&contents).is_err() {
                    left_out.push(file);
                }
            }
        } else {
            collateral
                .add(&read_bounded(path)?)
                .map_err(|error| CliError::argument("collateral", &said(path, &error)))?;
        }
    }
    Ok((collateral, left_out))
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let unreadable = |source| CliError::file(folder, source);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The reference values of all files together; `None` where there are none.
pub(super) fn reference(
    arguments: &AppraiseArgs,
    collateral: &Collateral,
    now: Timestamp,
) -> Result<Option<ReferenceFile>, CliError> {
    let key = match &arguments.reference_key {
        Some(path) => Some(public_key(path)?),
        None => None,
    };
    let mut files = Vec::new();
    for path in &arguments.reference {
        files.push((path.clone(), read_bounded(path)?));
    }
    Ok(ReferenceFile::read(&files, key.as_ref(), collateral, now)?)
}

/// The one public key in a file.
fn public_key(path: &Path) -> Result<PublicKey, CliError> {
    let mut collateral = Collateral::none();
    collateral
        .add(&read_bounded(path)?)
        .map_err(|error| CliError::argument("a public key", &said(path, &error)))?;
    match collateral.keys() {
        [key] => Ok(key.clone()),
        _ => Err(CliError::argument("one public key", &path.display())),
    }
}

/// Hexadecimal, in either case.
pub(super) fn report_data(text: Option<&str>) -> Result<Option<Vec<u8>>, CliError> {
    let decode = |text: &str| {
        data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map_err(|_| CliError::argument("report data in hexadecimal", &text))
    };
    text.map(decode).transpose()
}

/// A hash as it stands, or that of a policy.
pub(super) fn launch_policy(text: Option<&str>) -> Result<Option<PolicyHash>, CliError> {
    let Some(text) = text else {
        return Ok(None);
    };
    if let Ok(hash) = text.parse() {
        return Ok(Some(hash));
    }
    Ok(Some(policy::load(Path::new(text))?.hash()))
}

fn said(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

//! `veracruz collateral`: what vendors publish about their hardware, kept for offline use.

use crate::args::{CollateralAddArgs, CollateralCommand, CollateralFileArgs, CollateralStoreArgs};
use crate::config;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use std::path::Path;
use veracruz_client::{
    Collateral, CollateralFile, CollateralPiece, CollateralStore, Error, Timestamp, now,
    read_bounded,
};

/// Digits of a digest that a list shows: enough to name a file.
const SHOWN: usize = 12;

/// Runs one of the commands.
pub(crate) fn collateral(command: &CollateralCommand) -> Result<Report, CliError> {
    match command {
        CollateralCommand::Add(arguments) => add(arguments),
        CollateralCommand::List(arguments) => list(arguments),
        CollateralCommand::Show(arguments) => show(arguments),
        CollateralCommand::Remove(arguments) => remove(arguments),
    }
}

/// The store, where the command, the environment or the home folder has it.
fn store(arguments: &CollateralStoreArgs) -> Result<CollateralStore, CliError> {
    if let Some(folder) = &arguments.folder {
        return Ok(CollateralStore::at(folder));
    }
    config::home()
        .map(|home| CollateralStore::at(home.join("collateral")))
        .ok_or_else(|| CliError::argument("`--collateral DIR`, or a home folder", &"neither"))
}

/// Everything in the store, for an appraisal. Where nobody says where it is, there is none.
pub(crate) fn load(arguments: &CollateralStoreArgs) -> Result<Collateral, CliError> {
    let collateral = match store(arguments) {
        Ok(store) => store.load()?,
        Err(_) => Collateral::none(),
    };
    Ok(as_built(collateral))
}

/// What this build accepts besides.
pub(crate) fn as_built(collateral: Collateral) -> Collateral {
    // A build of its own, for emulators; whatever it accepts says that it proves nothing.
    #[cfg(feature = "test-evidence")]
    let collateral = collateral.with_emulated();
    collateral
}

/// `collateral add`.
fn add(arguments: &CollateralAddArgs) -> Result<Report, CliError> {
    let store = store(&arguments.store)?;
    let now = now();
    let (mut lines, mut files) = (Vec::new(), Vec::new());
    for path in &arguments.files {
        let added = store
            .add(&read_bounded(path)?)
            .map_err(|error| named(path, error))?;
        lines.push(format!("{} is {}", path.display(), short(&added)));
        lines.extend(added.pieces.iter().map(|piece| line(piece, now)));
        files.push(document(&added, now));
    }
    Ok(
        Report::new(json!({ "folder": store.folder(), "files": files }))
            .lines(lines)
            .line(format!("kept in {}", store.folder().display())),
    )
}

/// The error of a file that is no collateral, with the file's name and not the store's.
fn named(file: &Path, error: Error) -> Error {
    match error {
        Error::Collateral { reason, .. } => Error::Collateral {
            path: file.to_owned(),
            reason,
        },
        other => other,
    }
}

/// `collateral list`.
fn list(arguments: &CollateralStoreArgs) -> Result<Report, CliError> {
    let store = store(arguments)?;
    let now = now();
    let files = store.files()?;
    let documents: Vec<_> = files.iter().map(|file| document(file, now)).collect();
    let lines = files.iter().flat_map(|file| {
        let pieces = file.pieces.iter().map(|piece| line(piece, now));
        std::iter::once(short(file))
            .chain(pieces)
            .collect::<Vec<_>>()
    });
    let document = json!({ "folder": store.folder(), "now": now.to_string(), "files": documents });
    let report = Report::new(document).lines(lines);
    Ok(match files.len() {
        0 => report.line(format!("no collateral in {}", store.folder().display())),
        _ => report,
    })
}

/// `collateral show`.
fn show(arguments: &CollateralFileArgs) -> Result<Report, CliError> {
    let file = store(&arguments.store)?.file(&arguments.digest)?;
    let now = now();
    Ok(Report::new(document(&file, now))
        .line(format!("SHA-256 {}", file.digest))
        .line(format!("file    {}", file.path.display()))
        .lines(file.pieces.iter().map(|piece| line(piece, now)))
        .line(
            "This is what the file says of itself. An appraisal believes a piece only as far as \
             its signature leads to the vendor's root, at the time of the appraisal.",
        ))
}

/// `collateral remove`.
fn remove(arguments: &CollateralFileArgs) -> Result<Report, CliError> {
    let file = store(&arguments.store)?.remove(&arguments.digest)?;
    Ok(Report::new(json!({ "removed": file.digest.to_string() }))
        .line(format!("removed {}", file.digest)))
}

fn short(file: &CollateralFile) -> String {
    file.digest.to_string().chars().take(SHOWN).collect()
}

/// What it is, for which platform, from when until when.
fn line(piece: &CollateralPiece, now: Timestamp) -> String {
    let mut line = format!("  {:<16}{}", piece.kind.to_string(), piece.name);
    if !piece.platform.is_empty() {
        line.push_str(&format!("; {}", piece.platform));
    }
    if let Some(from) = piece.from {
        line.push_str(&format!("; from {from}"));
    }
    match piece.until {
        Some(until) if piece.expired(now) => line.push_str(&format!("; EXPIRED at {until}")),
        Some(until) => line.push_str(&format!("; until {until}")),
        None => {}
    }
    line
}

fn document(file: &CollateralFile, now: Timestamp) -> Value {
    let pieces = file.pieces.iter().map(|piece| {
        json!({
            "kind": piece.kind.to_string(),
            "name": piece.name,
            "platform": piece.platform,
            "from": piece.from.map(|from| from.to_string()),
            "until": piece.until.map(|until| until.to_string()),
            "expired": piece.expired(now),
        })
    });
    json!({
        "sha256": file.digest.to_string(),
        "file": file.path,
        "pieces": pieces.collect::<Vec<_>>(),
    })
}

//! What isolates of this version measure to, in the forms that policies and other tools take.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cache;
use crate::process::{self, Failure};

/// Writes the values of the runtime and of each image into a new folder: JSON, and CoRIM where it
/// can say them.
pub(super) fn write(
    veracruz: &Path,
    runtime: &Path,
    images: Option<&Path>,
    folder: &Path,
) -> Result<(), Failure> {
    cache::make(folder)?;
    let measure = |command: &[&str], what: &Path, name: &str| -> Result<(), Failure> {
        let mut json = Command::new(veracruz);
        json.arg("--json").args(command).arg(what);
        let text = process::output(&mut json)
            .ok_or_else(|| Failure::new(format!("`{}` failed", process::shown(&json))))?;
        // Where it was measured is nobody's business.
        let mut document: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("what it measures to: {error}")))?;
        if let Some(document) = document.as_object_mut() {
            for field in ["file", "path", "image"] {
                if document
                    .get(field)
                    .and_then(Value::as_str)
                    .is_some_and(|text| text.starts_with('/'))
                {
                    document.remove(field);
                }
            }
        }
        cache::write(
            &folder.join(format!("{name}.json")),
            &format!("{document:#}\n"),
        )?;
        let corim = folder.join(format!("{name}.corim"));
        let mut write = Command::new(veracruz);
        write.args(command).arg(what);
        write.args(["--format", "corim", "--out"]).arg(&corim);
        if process::output(&mut write).is_none() {
            println!("{name}: not as a CoRIM, which has no form for it");
        }
        Ok(())
    };
    measure(&["measure"], runtime, "process")?;
    for kind in images.map(names).transpose()?.unwrap_or_default() {
        // A process is measured by its runtime, above.
        if let (Some(images), true) = (images, kind != "process") {
            measure(&["image", "measure"], &images.join(&kind), &kind)?;
        }
    }
    Ok(())
}

/// The names in a folder, sorted.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let failed = |error| Failure::new(format!("{}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(
            entry
                .map_err(failed)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort();
    Ok(names)
}

//! What others wrote of all that is inside, and on which terms.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::process::{self, Failure};

/// What is given away is linked from these.
const PROGRAMS: [&str; 2] = ["veracruz-cli", "veracruz-runtime"];

/// Beginnings of names of files with terms.
const TERMS: [&str; 6] = [
    "license",
    "licence",
    "copying",
    "notice",
    "copyright",
    "unlicense",
];

/// A package of somebody else's.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
    source: String,
}

/// A list of every package, then every text of terms with the packages that have it.
pub(super) fn third_party() -> Result<String, Failure> {
    let mut metadata = process::cargo(["metadata", "--format-version", "1", "--locked"]);
    metadata.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let unreadable = || Failure::new("`cargo metadata` failed");
    let text = process::output(&mut metadata).ok_or_else(unreadable)?;
    let metadata: Value = serde_json::from_str(&text).map_err(|_| unreadable())?;
    written(&metadata)
}

fn written(metadata: &Value) -> Result<String, Failure> {
    let linked = linked(metadata);
    let mut packages = BTreeSet::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let text = |field: &str| package[field].as_str().unwrap_or_default().to_owned();
        // Ours have no source: their terms are in the two files beside this one.
        if !linked.contains(&text("id")) || package["source"].is_null() {
            continue;
        }
        let (name, version) = (text("name"), text("version"));
        let manifest = text("manifest_path");
        let folder = Path::new(&manifest).parent().unwrap_or(Path::new("."));
        for terms in terms(folder)? {
            texts
                .entry(terms)
                .or_default()
                .insert(format!("{name} {version}"));
        }
        packages.insert(Package {
            name,
            version,
            licence: text("license"),
            source: text("repository"),
        });
    }
    let mut all = String::from(
        "Veracruz is under the terms of LICENSE-APACHE or LICENSE-MIT, at your option.\n\n\
         These packages of others are linked into it, each under the terms named here; where there \
         is a choice, it is yours. Their own texts are below.\n\n\
         Images of virtual machines (`images`, where they are there) start Linux, which is under \
         the GNU General Public License, version 2. It is built, without a change, from Debian's \
         source package, whose name, version and digest stand in `xtask/pins.json` of Veracruz' \
         repository; `cargo xtask kernel` builds it anew.\n\n",
    );
    for package in &packages {
        let Package {
            name,
            version,
            licence,
            source,
        } = package;
        all.push_str(&format!("{name} {version}\n    {licence}\n    {source}\n"));
    }
    for (text, of) in &texts {
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        all.push_str(&format!(
            "\n{}\n{}\n\n{}\n",
            "-".repeat(79),
            of.join(", "),
            text.trim_end()
        ));
    }
    Ok(all)
}

/// Packages that are linked into one of the programs: not what builds or tests them.
fn linked(metadata: &Value) -> BTreeSet<String> {
    let nodes = metadata
        .pointer("/resolve/nodes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let needs: BTreeMap<&str, Vec<&str>> = nodes
        .map(|node| {
            let is_linked = |need: &&Value| {
                let kinds = need["dep_kinds"].as_array().into_iter().flatten();
                kinds.into_iter().any(|kind| kind["kind"].is_null())
            };
            let needs = node["deps"].as_array().into_iter().flatten();
            let needs = needs
                .filter(is_linked)
                .filter_map(|need| need["pkg"].as_str());
            (node["id"].as_str().unwrap_or_default(), needs.collect())
        })
        .collect();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut wanted: Vec<&str> = packages
        .filter(|package| PROGRAMS.iter().any(|name| package["name"] == *name))
        .filter_map(|package| package["id"].as_str())
        .collect();
    let mut linked = BTreeSet::new();
    while let Some(id) = wanted.pop() {
        if linked.insert(id.to_owned()) {
            wanted.extend(needs.get(id).into_iter().flatten());
        }
    }
    linked
}

/// The texts of a package's terms.
fn terms(folder: &Path) -> Result<Vec<String>, Failure> {
    let failed = |error| Failure::new(format!("{}: {error}", folder.display()));
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let is_terms = TERMS.iter().any(|terms| name.starts_with(terms));
        if is_terms && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let bytes = fs::read(entry.path()).map_err(failed)?;
            texts.push(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"));
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_linked_is_named_with_its_terms_and_nothing_else() {
        let all = third_party().unwrap();
        for package in ["rustls ", "wasmtime ", "aws-lc-sys ", "sha2 "] {
            let line = all.lines().find(|line| line.starts_with(package));
            assert!(line.is_some(), "{package}");
        }
        // Tests alone need these.
        for package in ["insta ", "proptest ", "veracruz-client "] {
            assert!(
                !all.lines().any(|line| line.starts_with(package)),
                "{package}"
            );
        }
        assert!(all.contains("Permission is hereby granted"));
        assert!(all.contains("Apache License"));
    }
}

//! The crates of this workspace and what each depends on, as cargo sees it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crate → (its folder, relative to the root; the crates of the workspace that it depends on).
/// Dependencies of tests alone do not count: they are in nothing that is shipped.
pub(crate) type Graph = BTreeMap<String, (PathBuf, Vec<String>)>;

/// What `cargo metadata` says of this workspace.
pub(crate) fn of_this_workspace() -> Graph {
    let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"]);
    read(&serde_json::from_str(&metadata).expect("cargo metadata is JSON"))
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ is in the root").to_path_buf()
}

/// What cargo prints.
pub(crate) fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {}: {errors}",
        arguments.join(" ")
    );
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

fn read(metadata: &Value) -> Graph {
    let root = Path::new(metadata["workspace_root"].as_str().expect("a root"));
    let packages = metadata["packages"].as_array().expect("packages");
    let members: Vec<&str> = packages
        .iter()
        .map(|package| text(&package["name"]))
        .collect();
    let entry = |package: &Value| {
        let manifest = Path::new(text(&package["manifest_path"]));
        let folder = manifest
            .parent()
            .expect("a folder")
            .strip_prefix(root)
            .expect("inside the root");
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        let shipped = dependencies
            .iter()
            .filter(|dependency| dependency["kind"] != "dev");
        let names = shipped.map(|dependency| text(&dependency["name"]));
        let ours = names
            .filter(|name| members.contains(name))
            .map(str::to_owned)
            .collect();
        (
            text(&package["name"]).to_owned(),
            (folder.to_path_buf(), ours),
        )
    };
    packages.iter().map(entry).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

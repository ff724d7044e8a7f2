//! Recorded evidence of real hardware. It is not part of this repository: see CONTRIBUTING.md.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

use std::path::PathBuf;

use veracruz_appraisal::Collateral;

/// Where the recorded evidence of all technologies is: `VERACRUZ_VECTORS`, or `../shared/vectors`
/// beside the repository. `None` where there is none.
fn folder() -> Option<PathBuf> {
    let path = std::env::var_os("VERACRUZ_VECTORS").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../shared/vectors"
            ))
        },
        PathBuf::from,
    );
    path.is_dir().then_some(path)
}

/// The file `name` (`sgx-dcap/phala/sgx_quote`). Where there are no vectors at all, or not this one,
/// it says so and gives `None`: the test then ends early.
#[allow(clippy::print_stdout, reason = "a test that does not run says so")]
pub(crate) fn vector(name: &str) -> Option<Vec<u8>> {
    let Some(folder) = folder() else {
        println!("skipped: no vectors in VERACRUZ_VECTORS or ../shared/vectors");
        return None;
    };
    let path = folder.join(name);
    if !path.exists() {
        println!("skipped: no {name} among the vectors");
        return None;
    }
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Collateral from these files; `None` as in [`vector`].
pub(crate) fn collateral(names: &[&str]) -> Option<Collateral> {
    let mut collateral = Collateral::none();
    for name in names {
        let file = vector(name)?;
        collateral
            .add(&file)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    Some(collateral)
}

/// Every file below a folder of the vectors, with its name as [`vector`] takes it. READMEs are left
/// out. Empty where there are no vectors.
pub(crate) fn all(below: &str) -> Vec<(String, Vec<u8>)> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut open = vec![folder.join(below)];
    while let Some(path) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&path) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name != "README.md") {
                let name = path.strip_prefix(&folder).unwrap();
                found.push((
                    name.to_string_lossy().into_owned(),
                    std::fs::read(&path).unwrap(),
                ));
            }
        }
    }
    found.sort();
    found
}

//! Where things are that tests need.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The command line and the compiled programs, where they were built.
#[derive(Debug, Clone)]
pub struct Tools {
    pub(crate) veracruz: PathBuf,
    programs: PathBuf,
}

impl Tools {
    /// Looks for `veracruz` and for the folder of compiled programs; prints what is missing, and how
    /// to build it, and that the test is skipped.
    #[must_use]
    pub fn find() -> Option<Self> {
        let workspace = workspace();
        let veracruz = std::env::var_os("VERACRUZ_BIN").map(PathBuf::from);
        let built = ["release", "debug"].map(|kind| {
            let target = workspace.join("../target").join(kind);
            target.join("veracruz")
        });
        let veracruz = veracruz.into_iter().chain(built).find(|path| path.exists());
        let Some(veracruz) = veracruz else {
            println!("skipped: there is no `veracruz`; `cargo build -p veracruz-cli` builds it");
            return None;
        };
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| workspace.join("target"));
        Some(Self {
            veracruz,
            programs: target.join("wasm32-wasip1/release"),
        })
    }

    /// The compiled program of a package, if it was built; else prints that the test is skipped.
    pub(crate) fn program(&self, package: &str) -> Option<PathBuf> {
        let path = self.programs.join(format!("{package}.wasm"));
        if !path.exists() {
            println!(
                "skipped: there is no {}; `cargo build --release --target wasm32-wasip1 \
                 --manifest-path programs/Cargo.toml -p {package}` builds it",
                path.display()
            );
            return None;
        }
        Some(path)
    }

    /// The same program for this machine, if it was built.
    pub(crate) fn native(&self, package: &str) -> Option<PathBuf> {
        let target = self.programs.parent()?.parent()?;
        Some(target.join("release").join(package)).filter(|path| path.exists())
    }

    /// A certificate that is nobody's, and another for each index.
    pub(crate) fn certificate(&self, index: usize) -> String {
        static MADE: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        while made.len() <= index {
            let folder = Folder::new();
            let key = folder.path().join("party.key");
            let output = Command::new(&self.veracruz)
                .args(["identity", "new", "--name", "party", "--out"])
                .arg(&key)
                .output()
                .unwrap_or_else(|error| panic!("{}: {error}", self.veracruz.display()));
            assert!(output.status.success(), "identity new: {output:?}");
            made.push(read(&key.with_extension("crt")));
        }
        made.get(index).cloned().unwrap_or_default()
    }
}

/// A file of data that may not be part of the project, below the folder `VERACRUZ_SHARED_DATA`. Prints
/// that the test is skipped where it is not there.
#[must_use]
pub fn shared(path: &str) -> Option<PathBuf> {
    let named = std::env::var_os("VERACRUZ_SHARED_DATA").map(PathBuf::from);
    let beside = workspace().join("../../shared/data");
    let file = named.unwrap_or(beside).join(path);
    if file.exists() {
        return Some(file);
    }
    println!("skipped: there is no {path} in the folder VERACRUZ_SHARED_DATA");
    None
}

/// The cargo that runs this test, for the workspace of programs.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace());
    cargo
}

/// The folder of all programs.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder that is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("veracruz-example-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

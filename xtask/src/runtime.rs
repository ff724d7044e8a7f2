//! The build of the runtime: the same bytes from every folder and every home, because its digest is
//! what policies name.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::artifacts::target_directory;
use crate::process::{self, Failure};

/// What a runtime is built for, where nobody asks for something else.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-musl";

/// Where a build happens, and for what. None of these paths is in what is built.
pub(crate) struct Build {
    root: PathBuf,
    target: PathBuf,
    cargo_home: PathBuf,
    triple: String,
}

impl Build {
    /// In this checkout, for the target `triple`.
    pub(crate) fn here(triple: &str) -> Result<Self, Failure> {
        Ok(Self {
            root: crate::root(),
            target: target_directory("Cargo.toml")?,
            cargo_home: cargo_home()?,
            triple: triple.to_owned(),
        })
    }

    /// In a copy of this checkout, with a home and a target directory of its own.
    pub(crate) fn elsewhere(root: PathBuf, target: PathBuf, cargo_home: PathBuf) -> Self {
        Self {
            root,
            target,
            cargo_home,
            triple: TARGET.to_owned(),
        }
    }

    /// The build of `package`: paths of this machine are mapped away from Rust and from C, and flags
    /// from the environment do not count. A build of its own, because features that other crates
    /// want would be in it otherwise.
    pub(crate) fn command(&self, package: &str) -> Result<Command, Failure> {
        let mapped = self.mapped()?;
        let in_c: Vec<String> = mapped
            .iter()
            .map(|(from, to)| format!("-ffile-prefix-map={from}={to}"))
            .collect();
        let mut build = process::cargo(["build", "--locked", "--release", "--package", package]);
        build
            .args(["--target", &self.triple])
            .current_dir(&self.root)
            .env("CARGO_HOME", &self.cargo_home)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_ENCODED_RUSTFLAGS", flags(&[], &mapped))
            .env(
                format!("CFLAGS_{}", self.triple.replace('-', "_")),
                in_c.join(" "),
            )
            .env("SOURCE_DATE_EPOCH", "0")
            // AWS-LC would time its processor for 23 ms before the first random number. It has two
            // sources without that: the kernel, which was waited for, and RDRAND or RNDR.
            .env("AWS_LC_SYS_NO_JITTER_ENTROPY", "1");
        Ok(build)
    }

    /// Where the build leaves the program of `package`.
    pub(crate) fn program(&self, package: &str) -> PathBuf {
        let folder = self.target.join(&self.triple);
        folder.join("release").join(package)
    }

    /// Folders of this build, and the names that stand for them in what is built.
    pub(crate) fn mapped(&self) -> Result<Vec<(String, &'static str)>, Failure> {
        let sysroot = process::output(
            Command::new("rustc")
                .args(["--print", "sysroot"])
                .current_dir(crate::root()),
        )
        .ok_or_else(|| Failure::new("`rustc --print sysroot` failed"))?;
        let text = |path: &Path| path.display().to_string();
        // rustc takes the last one that fits, so the narrower come later.
        Ok(vec![
            (text(&self.root), "/veracruz"),
            (text(&self.cargo_home), "/cargo"),
            (sysroot.trim().to_owned(), "/rust"),
            (text(&self.target), "/target"),
        ])
    }
}

/// Where cargo keeps the sources of dependencies.
pub(crate) fn cargo_home() -> Result<PathBuf, Failure> {
    std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")))
        .map(PathBuf::from)
        .map_err(|_| Failure::new("neither CARGO_HOME nor HOME is set"))
}

/// As `CARGO_ENCODED_RUSTFLAGS` wants them: separated by the unit separator, so that a path may
/// have spaces.
pub(crate) fn flags(given: &[&str], mapped: &[(String, &str)]) -> String {
    let given = given.iter().map(|flag| (*flag).to_owned());
    let mapped = mapped
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
    given.chain(mapped).collect::<Vec<_>>().join("\x1f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_stays_one_flag() {
        let flags = flags(&["-Cx"], &[("/home/a b".to_owned(), "/cargo")]);
        assert_eq!(
            flags.split('\x1f').collect::<Vec<_>>(),
            ["-Cx", "--remap-path-prefix=/home/a b=/cargo"]
        );
    }

    #[test]
    fn every_folder_of_a_build_has_another_name_in_what_is_built() {
        let build = Build::elsewhere("/a".into(), "/a/target".into(), "/c".into());
        let mapped = build.mapped().unwrap();
        for folder in ["/a", "/a/target", "/c"] {
            assert!(mapped.iter().any(|(from, _)| from == folder), "{folder}");
        }
        let command = build.command("veracruz-runtime").unwrap();
        assert_eq!(command.get_current_dir(), Some(Path::new("/a")));
    }
}

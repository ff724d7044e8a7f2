//! Builds for other machines than this one. What Rust cannot do for them alone is their C; the
//! compiler for that is Zig's, which PyPI has as a package that needs nothing else.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::process::{self, Failure};
use crate::runtime::Build;
use crate::steps::Steps;

/// What the runtime is built for.
const TARGET: &str = "aarch64-unknown-linux-musl";

/// The compiler, by exact version.
const ZIG: (&str, &str) = ("ziglang", "0.15.2");

/// How the compiler is called. Rust and its crates name the target in their own ways, which Zig does
/// not know, and traps on what C leaves undefined are for developing C.
const CC: &str = r#"#!/bin/sh
skip=
for argument do
    shift
    case "$skip$argument" in
        --target=*) ;;
        -arch) skip=yes ;;
        yes*) skip= ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec "$(dirname "$0")/../../ziglang/zig" cc -target TARGET -fno-sanitize=all "$@"
"#;

/// How its archiver is called.
const AR: &str = r#"#!/bin/sh
exec "$(dirname "$0")/../../ziglang/zig" ar "$@"
"#;

/// Builds the runtime for Arm, static and reproducible as the other one, and returns it.
///
/// # Errors
/// Where the compiler cannot be had, and where the build fails.
pub(crate) fn runtime_for_arm(steps: &mut Steps) -> Result<PathBuf, Failure> {
    let compiler = steps.step("a C compiler for Arm", || {
        Compiler::install(TARGET, "aarch64-linux-musl")
    })?;
    let build = Build::here(TARGET)?;
    steps.step("build the runtime for Arm", || {
        let mut command = build.command("veracruz-runtime")?;
        compiler.give_to(&mut command);
        command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld");
        process::run(&mut command)
    })?;
    Ok(build.program("veracruz-runtime"))
}

/// A C compiler for one target.
pub(crate) struct Compiler {
    /// The target in Rust's words.
    target: &'static str,
    zig: PathBuf,
}

impl Compiler {
    /// Installs the compiler, unless it is there. `zigs` is what Zig calls the target.
    ///
    /// # Errors
    /// Where PyPI cannot be reached.
    pub(crate) fn install(target: &'static str, zigs: &str) -> Result<Self, Failure> {
        let compiler = Self {
            target,
            zig: zig()?,
        };
        let programs = compiler.programs();
        cache::make(&programs)?;
        executable(&programs.join("cc"), &CC.replace("TARGET", zigs))?;
        executable(&programs.join("ar"), AR)?;
        Ok(compiler)
    }

    /// Has a build with cargo use it.
    pub(crate) fn give_to(&self, command: &mut Command) {
        let target = self.target.replace('-', "_");
        let compiled = self.zig.join("compiled");
        command
            .env(format!("CC_{target}"), self.programs().join("cc"))
            .env(format!("AR_{target}"), self.programs().join("ar"))
            .env("ZIG_GLOBAL_CACHE_DIR", &compiled)
            .env("ZIG_LOCAL_CACHE_DIR", &compiled);
    }

    fn programs(&self) -> PathBuf {
        self.zig.join("for").join(self.target)
    }
}

/// The folder of the compiler.
fn zig() -> Result<PathBuf, Failure> {
    let (name, version) = ZIG;
    let folder = cache::root()?.join(format!("tools/{name}-{version}"));
    cache::folder(&folder, |folder| {
        println!("installing {name} {version}");
        process::run(
            Command::new("python3")
                .args(["-m", "pip", "install", "--quiet", "--no-deps"])
                .args(["--disable-pip-version-check", "--target"])
                .arg(folder)
                .arg(format!("{name}=={version}")),
        )
    })?;
    Ok(folder)
}

/// Writes a script, unless it is there as it should be: somebody else may be running it.
fn executable(file: &Path, script: &str) -> Result<(), Failure> {
    if cache::read(file).is_ok_and(|there| there == script) {
        return Ok(());
    }
    cache::write(file, script)?;
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o755))
        .map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_is_told_everything_but_rusts_name_of_the_target() {
        let scratch = cache::Scratch::beside(&std::env::temp_dir().join("zig-test")).unwrap();
        let (bin, zig) = (
            scratch.path().join("for/arm"),
            scratch.path().join("ziglang"),
        );
        cache::make(&bin).unwrap();
        cache::make(&zig).unwrap();
        executable(&zig.join("zig"), "#!/bin/sh\nprintf '<%s>' \"$@\"\n").unwrap();
        executable(&bin.join("cc"), &CC.replace("TARGET", "aarch64-linux-musl")).unwrap();
        let mut cc = Command::new(bin.join("cc"));
        cc.args([
            "--target=aarch64-unknown-linux-musl",
            "-c",
            "-arch",
            "arm64",
        ]);
        cc.args(["a b.c", "-O2"]);
        assert_eq!(
            process::output(&mut cc).unwrap(),
            "<cc><-target><aarch64-linux-musl><-fno-sanitize=all><-c><a b.c><-O2>"
        );
    }
}

//! The runtime for Arm, built on this machine. What Rust cannot do for another architecture alone
//! is its C; the compiler for that is Zig's, which PyPI has as a package that needs nothing else.

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

/// How the compiler is called. Rust names the target in its own way, which Zig does not know, and
/// traps on what C leaves undefined are for developing C.
const CC: &str = r#"#!/bin/sh
for argument do
    shift
    case "$argument" in
        --target=*) ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec "$(dirname "$0")/../ziglang/zig" cc -target aarch64-linux-musl -fno-sanitize=all "$@"
"#;

/// How its archiver is called.
const AR: &str = r#"#!/bin/sh
exec "$(dirname "$0")/../ziglang/zig" ar "$@"
"#;

/// Builds the runtime for Arm, static and reproducible as the other one, and returns it.
///
/// # Errors
/// Where the compiler cannot be had, and where the build fails.
pub(crate) fn runtime_for_arm(steps: &mut Steps) -> Result<PathBuf, Failure> {
    let zig = steps.step("a C compiler for Arm", zig)?;
    let build = Build::here(TARGET)?;
    steps.step("build the runtime for Arm", || {
        let mut command = build.command("veracruz-runtime")?;
        let programs = zig.join("bin");
        command
            .env("CC_aarch64_unknown_linux_musl", programs.join("cc"))
            .env("AR_aarch64_unknown_linux_musl", programs.join("ar"))
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld")
            .env("ZIG_GLOBAL_CACHE_DIR", zig.join("compiled"))
            .env("ZIG_LOCAL_CACHE_DIR", zig.join("compiled"));
        process::run(&mut command)
    })?;
    Ok(build.program("veracruz-runtime"))
}

/// The folder of the compiler, with programs that are called as others' are.
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
        )?;
        let programs = folder.join("bin");
        cache::make(&programs)?;
        for (name, script) in [("cc", CC), ("ar", AR)] {
            executable(&programs.join(name), script)?;
        }
        Ok(())
    })?;
    Ok(folder)
}

fn executable(file: &Path, script: &str) -> Result<(), Failure> {
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
        let (bin, zig) = (scratch.path().join("bin"), scratch.path().join("ziglang"));
        cache::make(&bin).unwrap();
        cache::make(&zig).unwrap();
        executable(&zig.join("zig"), "#!/bin/sh\nprintf '<%s>' \"$@\"\n").unwrap();
        executable(&bin.join("cc"), CC).unwrap();
        let mut cc = Command::new(bin.join("cc"));
        cc.args(["--target=aarch64-unknown-linux-musl", "-c", "a b.c", "-O2"]);
        assert_eq!(
            process::output(&mut cc).unwrap(),
            "<cc><-target><aarch64-linux-musl><-fno-sanitize=all><-c><a b.c><-O2>"
        );
    }
}

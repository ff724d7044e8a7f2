//! What starts virtual machines, for tests and the demo: QEMU, the daemon of vsock, a software TPM
//! and firmware. Nothing of it is in the repository or part of the product; where one cannot be
//! had, nobody is told of it, and what needs it says that it is skipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::debian::Pin;
use crate::kernel;
use crate::process::{self, Failure};
use crate::setup;
use crate::steps::Steps;

/// Which versions, relative to the repository's root.
pub(crate) const PINS: &str = "xtask/pins.json";

/// The daemon of vsock: its crate, by exact version.
const VSOCK: (&str, &str) = ("vhost-device-vsock", "0.3.0");

/// Debian packages of this machine's own release: QEMU 7.2 and later will do.
const PACKAGES: [&str; 4] = ["qemu-system-x86", "qemu-system-arm", "swtpm", "swtpm-tools"];

/// The environment variables by which children are told, and what each names.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    told: Vec<(&'static str, PathBuf)>,
}

impl Machines {
    /// Tells a child where everything is that was found.
    pub(crate) fn give_to(&self, command: &mut Command) {
        for (variable, path) in &self.told {
            command.env(variable, path);
        }
    }

    /// Whether there is what emulates a Nitro enclave.
    pub(crate) fn emulate_enclaves(&self) -> bool {
        const VARIABLE: &str = "VERACRUZ_QEMU_NITRO";
        std::env::var_os(VARIABLE).is_some() || self.told.iter().any(|(name, _)| *name == VARIABLE)
    }

    /// A variable that the caller has set counts before what is found here.
    fn tell(&mut self, variable: &'static str, find: impl FnOnce() -> Result<PathBuf, Failure>) {
        if std::env::var_os(variable).is_some() {
            return;
        }
        match find() {
            Ok(path) => {
                println!("{variable}={}", path.display());
                self.told.push((variable, path));
            }
            Err(failure) => println!("{variable}: not there: {failure}"),
        }
    }
}

/// Finds or installs what machines need.
pub(crate) fn setup_machines(steps: &mut Steps) -> Result<Machines, Failure> {
    let mut machines = steps.step("programs that run virtual machines", || {
        if let Err(failure) = setup::setup_packages(&PACKAGES) {
            println!("not installed: {failure}");
        }
        let mut machines = Machines::default();
        machines.tell("VERACRUZ_QEMU", || on_path("qemu-system-x86_64"));
        machines.tell("VERACRUZ_QEMU_AARCH64", || on_path("qemu-system-aarch64"));
        machines.tell("VERACRUZ_SWTPM", || on_path("swtpm"));
        machines.tell("VERACRUZ_OVMF", ovmf);
        machines.tell("VERACRUZ_VSOCK", vsock);
        Ok(machines)
    })?;
    // It takes minutes where the cache has none, so it is a step of its own.
    machines.tell("VERACRUZ_QEMU_NITRO", || crate::qemu_nitro::built(steps));
    machines.tell("VERACRUZ_TEST_KERNEL", || {
        kernel::kernel(kernel::Options::FOR_TESTS, steps)
    });
    Ok(machines)
}

fn on_path(program: &str) -> Result<PathBuf, Failure> {
    setup::find_on_path(program)
        .ok_or_else(|| Failure::new(format!("there is no `{program}` on the path")))
}

/// The folder with the firmware's code and variables.
fn ovmf() -> Result<PathBuf, Failure> {
    let pin = Pin::read(PINS, "ovmf")?;
    let folder = cache::root()?.join(format!("ovmf-{}", pin.version()));
    cache::folder(&folder, |folder| cache::unpack(&pin.package()?, folder))?;
    Ok(folder.join("usr/share/OVMF"))
}

fn vsock() -> Result<PathBuf, Failure> {
    let (name, version) = VSOCK;
    let folder = cache::root()?.join(format!("tools/{name}-{version}"));
    let program = folder.join("bin").join(name);
    if !program.is_file() {
        install(name, version, &folder)?;
    }
    Ok(program)
}

/// `cargo install`, away from this repository and its settings.
fn install(name: &str, version: &str, folder: &Path) -> Result<(), Failure> {
    cache::make(folder)?;
    println!("installing {name} {version}");
    process::run(
        process::cargo(["install", "--quiet", "--locked", "--version", version])
            .arg("--root")
            .arg(folder)
            .arg(name)
            .current_dir(folder)
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS"),
    )
}

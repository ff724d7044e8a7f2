//! QEMU with the machine `nitro-enclave`, which no Debian release builds, from Debian's source
//! package. It emulates an enclave with its security module, and protects nobody.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::{self, Scratch};
use crate::debian::Pin;
use crate::machines::PINS;
use crate::process::{self, Failure};
use crate::setup;
use crate::steps::Steps;

/// Debian packages with what the build runs and links.
const PACKAGES: [&str; 15] = [
    "binutils",
    "dpkg-dev",
    "gcc",
    "libcbor-dev",
    "libfdt-dev",
    "libglib2.0-dev",
    "libgnutls28-dev",
    "libseccomp-dev",
    "ninja-build",
    "pkg-config",
    "python3-pip",
    "python3-venv",
    "qemu-system-data",
    "seabios",
    "zlib1g-dev",
];

/// The build system: Debian 12 has an older one than QEMU 10 wants.
const MESON: &str = "meson==1.5.2";

/// One machine of one architecture, and nothing that an enclave lacks.
const CONFIGURATION: [&str; 17] = [
    "--prefix=/usr",
    "--target-list=x86_64-softmmu",
    "--without-default-features",
    "--enable-system",
    "--enable-kvm",
    "--enable-tcg",
    // It confines itself, as the attester has every QEMU do.
    "--enable-seccomp",
    "--enable-gnutls",
    "--enable-libcbor",
    "--enable-vhost-user",
    "--enable-vhost-kernel",
    "--enable-tpm",
    "--enable-fdt=system",
    "--disable-docs",
    "--disable-tools",
    "--disable-install-blobs",
    "--disable-werror",
];

const PROGRAM: &str = "qemu-system-x86_64";

/// Where Debian has ROMs, and those that the machine loads: the first instructions of a machine
/// without PCI, and what loads a kernel.
const ROMS: (&str, [&str; 3]) = (
    "/usr/share/qemu",
    ["bios-microvm.bin", "linuxboot_dma.bin", "qboot.rom"],
);

/// `cargo xtask qemu-nitro`: the program in the cache, built where it is not there.
///
/// # Errors
/// Where a package or the source cannot be had. Whoever needs it then says that it is skipped.
pub(crate) fn built(steps: &mut Steps) -> Result<PathBuf, Failure> {
    steps.step("QEMU with the machine `nitro-enclave`", || {
        let pin = Pin::read(PINS, "qemu")?;
        // An epoch's colon would split a search path.
        let version = pin.version().replace(':', "_");
        let folder = cache::root()?.join(format!("qemu-nitro-{version}"));
        if !folder.is_dir() {
            setup::setup_packages(&PACKAGES)?;
            build(&pin, &folder)?;
        }
        Ok(folder.join("bin").join(PROGRAM))
    })
}

fn build(pin: &Pin, folder: &Path) -> Result<(), Failure> {
    let scratch = Scratch::beside(&cache::root()?.join("qemu"))?;
    let source = scratch.path().join("source");
    pin.source(&source)?;
    let python = scratch.path().join("python");
    let programs = python.join("bin");
    process::run(Command::new("python3").args(["-m", "venv"]).arg(&python))?;
    process::run(Command::new(programs.join("python3")).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        MESON,
    ]))?;
    let build = scratch.path().join("build");
    cache::make(&build)?;
    println!("building, which takes some minutes");
    process::run(
        Command::new(source.join("configure"))
            .args(CONFIGURATION)
            .arg(format!("--python={}", programs.join("python3").display()))
            .current_dir(&build)
            .env("PATH", setup::first_on_path(&programs))
            .stdout(std::process::Stdio::null()),
    )?;
    process::run(
        Command::new("ninja")
            .args(["--quiet", PROGRAM])
            .current_dir(&build)
            .env("PATH", setup::first_on_path(&programs)),
    )?;
    cache::folder(folder, |folder| {
        // It looks for ROMs beside the folder in which it is, as in Debian.
        let (programs, data) = (folder.join("bin"), folder.join("share/qemu"));
        cache::make(&programs)?;
        cache::make(&data)?;
        process::run(
            Command::new("strip")
                .arg("-o")
                .arg(programs.join(PROGRAM))
                .arg(build.join(PROGRAM)),
        )?;
        let (place, names) = ROMS;
        names
            .iter()
            .try_for_each(|name| cache::copy(&Path::new(place).join(name), &data.join(name)))
    })
}

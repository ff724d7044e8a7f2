//! Facts about a machine.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use veracruz_attester::{LimitedBy, sandbox};
use veracruz_machine::{KvmSpeed, Tools};

use super::Check;

/// Everything that any kind looks at.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The processor's architecture, as Rust names it.
    pub architecture: String,
    /// Whether a process in namespaces of its own can be made; else why not.
    pub namespaces: Result<(), String>,
    /// The version of landlock, where there is one.
    pub landlock: Option<u32>,
    /// Whether system calls can be filtered.
    pub seccomp: bool,
    /// Who would keep the limits of `process` isolates.
    pub limited_by: LimitedBy,
    /// Whether the processor itself runs virtual machines.
    pub kvm: KvmSpeed,
    /// Programs that start machines.
    pub tools: Tools,
    /// The firmware of machines that are measured as they boot.
    pub firmware: Option<PathBuf>,
    /// Other programs of `PROGRAMS` that are there.
    pub programs: BTreeMap<&'static str, PathBuf>,
    /// Guests that these programs can protect, by the names of their objects: `sev-snp-guest`.
    pub guests: BTreeSet<&'static str>,
    /// The files of [`File::ALL`] that are there, with the first word in them.
    pub files: BTreeMap<File, String>,
}

/// Programs that are looked for by name.
const PROGRAMS: [&str; 3] = ["nitro-cli", "gramine-sgx", "gramine-direct"];

/// Objects of QEMU that its `-object help` may list: guests that hardware protects.
const GUESTS: [&str; 3] = ["sev-snp-guest", "tdx-guest", "rme-guest"];

/// Files by which the kernel shows that it has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum File {
    /// The driver of AWS Nitro on a parent instance.
    NitroEnclaves,
    /// The driver of AMD's secure processor.
    Sev,
    /// `Y` where KVM makes SEV-SNP guests.
    KvmSevSnp,
    /// `Y` where KVM makes TDX guests.
    KvmTdx,
    /// The driver of Intel SGX.
    Sgx,
}

impl File {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::NitroEnclaves,
        Self::Sev,
        Self::KvmSevSnp,
        Self::KvmTdx,
        Self::Sgx,
    ];

    /// Where it is.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::NitroEnclaves => "/dev/nitro_enclaves",
            Self::Sev => "/dev/sev",
            Self::KvmSevSnp => "/sys/module/kvm_amd/parameters/sev_snp",
            Self::KvmTdx => "/sys/module/kvm_intel/parameters/tdx",
            Self::Sgx => "/dev/sgx_enclave",
        }
    }
}

impl Machine {
    /// The machine that this runs on. It forks: call it in a process without other threads.
    #[must_use]
    pub fn this() -> Self {
        let support = sandbox::support();
        let path = env::var_os("PATH").unwrap_or_default();
        let programs = PROGRAMS.into_iter();
        let tools = Tools::find();
        let emulators = [&tools.qemu, &tools.qemu_aarch64];
        Self {
            architecture: env::consts::ARCH.to_owned(),
            namespaces: support.namespaces.map_err(|error| error.to_string()),
            landlock: support.landlock,
            seccomp: support.seccomp,
            limited_by: support.limited_by,
            kvm: veracruz_machine::probe(),
            guests: emulators
                .into_iter()
                .flatten()
                .flat_map(|qemu| guests(qemu))
                .collect(),
            tools,
            firmware: firmware(),
            programs: programs
                .filter_map(|name| Some((name, in_path(name, &path)?)))
                .collect(),
            files: File::ALL
                .into_iter()
                .filter_map(|file| Some((file, content(Path::new(file.path()))?)))
                .collect(),
        }
    }

    /// A file that must be there.
    pub(super) fn has(&self, name: &'static str, file: File) -> Check {
        let there = self.files.contains_key(&file);
        Check::required(name, found(there, file.path()))
    }

    /// A parameter of a kernel module that must be `Y`.
    pub(super) fn says_yes(&self, name: &'static str, file: File) -> Check {
        let found = match self.files.get(&file).map(String::as_str) {
            Some("Y" | "1") => Ok("yes".into()),
            Some(other) => Err(format!("{} says {other}", file.path())),
            None => Err(format!("there is no {}", file.path())),
        };
        Check::required(name, found)
    }

    /// A program that must be there.
    pub(super) fn program(&self, name: &'static str) -> Check {
        Check::required(name, tool(self.programs.get(name).map(PathBuf::as_path)))
    }

    /// KVM, as that without which there is none of this kind.
    pub(super) fn kvm(&self) -> Check {
        let found = match self.kvm {
            KvmSpeed::Fast => Ok("real".into()),
            KvmSpeed::Slow => Err("/dev/kvm is there and only interprets".into()),
            _ => Err("there is no /dev/kvm that this user may use".into()),
        };
        Check::required("KVM", found)
    }

    /// KVM, as that without which it is slower.
    pub(super) fn acceleration(&self) -> Check {
        let kvm = self.kvm();
        Check {
            found: if kvm.fulfilled {
                kvm.found
            } else {
                format!("{}; QEMU translates instead, which is slower", kvm.found)
            },
            required: false,
            ..kvm
        }
    }

    /// An architecture that must be this machine's.
    pub(super) fn is(&self, architecture: &'static str) -> Check {
        let found = if self.architecture == architecture {
            Ok(architecture.into())
        } else {
            Err(format!(
                "it needs {architecture}, and this is {}",
                self.architecture
            ))
        };
        Check::required("processor", found)
    }

    /// The emulator of machines like this one.
    pub(super) fn qemu(&self) -> Check {
        match self.architecture.as_str() {
            "aarch64" => self.qemu_aarch64(),
            _ => Check::required("qemu-system-x86_64", tool(self.tools.qemu.as_deref())),
        }
    }

    /// The emulator of Arm's machines.
    pub(super) fn qemu_aarch64(&self) -> Check {
        let qemu = self.tools.qemu_aarch64.as_deref();
        Check::required("qemu-system-aarch64", tool(qemu))
    }

    /// An object that QEMU must know.
    pub(super) fn knows(&self, guest: &'static str, since: &'static str) -> Check {
        let found = match self.guests.contains(guest) {
            true => Ok("QEMU knows it".into()),
            false => Err(format!("QEMU does not know it; {since}")),
        };
        Check::required(guest, found)
    }

    /// The daemon behind a machine's connections.
    pub(super) fn vsock(&self) -> Check {
        Check::required("vhost-device-vsock", tool(self.tools.vsock.as_deref()))
    }
}

/// What this QEMU says that it can protect.
fn guests(qemu: &Path) -> Vec<&'static str> {
    let help = Command::new(qemu)
        .args(["-object", "help"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let text = help.map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let known = |guest: &&str| text.lines().any(|line| line.trim() == *guest);
    GUESTS.into_iter().filter(known).collect()
}

/// Where a program is.
pub(super) fn tool(path: Option<&Path>) -> Result<String, String> {
    match path {
        Some(path) if path.is_file() => Ok(path.display().to_string()),
        Some(path) => Err(format!("there is no {}", path.display())),
        None => Err("not installed".into()),
    }
}

fn found(there: bool, path: &str) -> Result<String, String> {
    if there {
        Ok(path.to_owned())
    } else {
        Err(format!("there is no {path}"))
    }
}

/// Debian's, or what the environment names.
fn firmware() -> Option<PathBuf> {
    let named = env::var_os("VERACRUZ_OVMF").map(PathBuf::from);
    let folders = named.into_iter().chain(["/usr/share/OVMF".into()]);
    ["OVMF_CODE_4M.fd", "OVMF_CODE.fd"]
        .into_iter()
        .flat_map(|file| folders.clone().map(move |folder| folder.join(file)))
        .find(|file| file.is_file())
}

fn in_path(name: &str, path: &OsStr) -> Option<PathBuf> {
    let folders = env::split_paths(path).filter(|folder| folder.is_absolute());
    folders
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// The first word in a file; nothing in a device, which is not read.
fn content(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() {
        return Some(String::new());
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    Some(
        text.split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qemu_says_what_it_can_protect() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let qemu = folder.path().join("qemu");
        let script = "#!/bin/sh\ntest \"$1 $2\" = '-object help' || exit 1\n\
            printf 'List of user creatable objects:\\n  rng-random\\n  sev-snp-guest\\n'\n";
        fs::write(&qemu, script).unwrap();
        fs::set_permissions(&qemu, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(guests(&qemu), ["sev-snp-guest"]);
        assert_eq!(guests(Path::new("/nonexistent")), [""; 0]);
    }
}

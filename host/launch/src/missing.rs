//! What this machine lacks to start isolates of a kind, in words that say what to do.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Access, access};

/// Something without which no isolate of a kind can start here. Its text says what; [`hint`] says
/// what to do.
///
/// [`hint`]: Missing::hint
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    what: String,
    hint: String,
}

impl Missing {
    /// What is missing, and what to do about it: a sentence each, without a full stop.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The machine as its kernel shows it, below a folder that is `/` but in tests.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    root: PathBuf,
}

impl Here {
    pub(crate) fn new() -> Self {
        Self::below("/".into())
    }

    pub(crate) fn below(root: PathBuf) -> Self {
        Self { root }
    }

    /// A device that must be there, for this user to read and write.
    pub(crate) fn device(&self, path: &'static str, hint: &str) -> Option<Missing> {
        let place = self.place(path);
        if !place.exists() {
            return Some(Missing::new(format!("there is no {path}"), hint));
        }
        let usable = access(&place, Access::READ_OK | Access::WRITE_OK).is_ok();
        (!usable).then(|| {
            Missing::new(
                format!("{path} may not be used by this user"),
                format!("add the user to the group that {path} belongs to"),
            )
        })
    }

    /// A parameter of a kernel module that must be on.
    pub(crate) fn parameter(
        &self,
        module: &'static str,
        name: &'static str,
        hint: &str,
    ) -> Option<Missing> {
        let path = format!("/sys/module/{module}/parameters/{name}");
        let what = match fs::read_to_string(self.place(&path)) {
            Ok(text) if matches!(text.trim(), "Y" | "1") => return None,
            Ok(text) => format!("the parameter {name} of {module} is {}", text.trim()),
            Err(_) => format!("the kernel's module {module} has no parameter {name}"),
        };
        Some(Missing::new(what, hint))
    }

    fn place(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

/// A QEMU that must know an object of this type.
pub(crate) fn emulator(qemu: Option<&Path>, object: &str, hint: &str) -> Option<Missing> {
    let Some(qemu) = qemu else {
        return Some(Missing::new("there is no QEMU", hint));
    };
    let help = Command::new(qemu)
        .args(["-object", "help"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let knows = help.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().any(|line| line.trim() == object)
    });
    (!knows).then(|| {
        Missing::new(
            format!("{} has no `{object}`", qemu.display()),
            hint.to_owned(),
        )
    })
}

/// An architecture that processors must have.
pub(crate) fn architecture(needed: &str) -> Option<Missing> {
    let found = std::env::consts::ARCH;
    (found != needed).then(|| {
        Missing::new(
            format!("this machine is {found}, not {needed}"),
            "no setting helps: another machine does",
        )
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A machine with these files, each with its content.
    pub(crate) fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Here) {
        let folder = tempfile::tempdir().unwrap();
        let here = Here::below(folder.path().into());
        for (path, content) in files {
            let place = here.place(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, content).unwrap();
        }
        (folder, here)
    }

    /// A program that knows these objects.
    pub(crate) fn qemu(folder: &Path, objects: &[&str]) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join("qemu");
        let mut script = String::from("#!/bin/sh\necho 'List of user creatable objects:'\n");
        for object in objects {
            script.push_str(&format!("echo '  {object}'\n"));
        }
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_device_must_be_there_and_a_parameter_on() {
        let (_folder, here) = machine(&[
            ("/dev/kvm", ""),
            ("/sys/module/kvm_amd/parameters/sev_snp", "N\n"),
            ("/sys/module/kvm_amd/parameters/sev", "Y\n"),
        ]);
        assert_eq!(here.device("/dev/kvm", "hint"), None);
        let missing = here.device("/dev/sev", "load ccp").unwrap();
        assert_eq!(missing.to_string(), "there is no /dev/sev");
        assert_eq!(missing.hint(), "load ccp");
        assert_eq!(here.parameter("kvm_amd", "sev", ""), None);
        let off = here.parameter("kvm_amd", "sev_snp", "").unwrap();
        assert_eq!(off.to_string(), "the parameter sev_snp of kvm_amd is N");
        let none = here.parameter("kvm_intel", "tdx", "").unwrap();
        assert_eq!(
            none.to_string(),
            "the kernel's module kvm_intel has no parameter tdx"
        );
    }

    #[test]
    fn an_emulator_must_know_the_object() {
        let folder = tempfile::tempdir().unwrap();
        let qemu = qemu(folder.path(), &["memory-backend-memfd", "sev-snp-guest"]);
        assert_eq!(emulator(Some(&qemu), "sev-snp-guest", ""), None);
        let old = emulator(Some(&qemu), "tdx-guest", "take QEMU 10.1").unwrap();
        assert!(old.to_string().ends_with("has no `tdx-guest`"), "{old}");
        assert_eq!(old.hint(), "take QEMU 10.1");
        assert!(emulator(None, "tdx-guest", "").is_some());
    }
}

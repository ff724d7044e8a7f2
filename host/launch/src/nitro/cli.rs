//! `nitro-cli`, Amazon's program that starts enclaves on a parent instance (AWS Nitro Enclaves CLI,
//! command reference). It is run as a person would run it; what it prints is JSON between lines of
//! progress.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::LaunchError;

/// Bytes of what it said that go into an error.
const MAX_SAID: usize = 2048;

/// Where the program is.
#[derive(Clone, Debug)]
pub struct NitroCli(PathBuf);

/// An enclave of this parent instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enclave {
    /// Amazon's name of it: `i-…-enc…`.
    pub id: String,
    /// What it was called when it was started.
    pub name: String,
    /// Its number on vsock.
    pub cid: u32,
}

/// What an enclave is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The enclave image file.
    pub image: PathBuf,
    /// What to call it.
    pub name: String,
    /// MiB of the memory that the instance has set aside for enclaves. Amazon rounds it up.
    pub memory: u64,
    /// Processors that the instance gives up: whole cores, so two where they have two threads.
    pub processors: u32,
}

impl NitroCli {
    /// The program at `path`; `nitro-cli` is looked up in `PATH`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Starts an enclave, never in debug mode, and waits until it shows its first sign of life.
    ///
    /// # Errors
    ///
    /// [`LaunchError::NitroCli`] where the program is not there, refuses, or says something else.
    pub fn run(&self, order: &Order) -> Result<Enclave, LaunchError> {
        let mut command = self.command("run-enclave");
        command
            .arg("--eif-path")
            .arg(&order.image)
            .args(["--cpu-count", &order.processors.to_string()])
            .args(["--memory", &order.memory.to_string()])
            .args(["--enclave-name", &order.name]);
        let said = output(command)?;
        json(&said, '{')
            .as_ref()
            .and_then(enclave)
            .ok_or_else(|| unexpected(&said))
    }

    /// The enclaves that run.
    ///
    /// # Errors
    ///
    /// As [`NitroCli::run`].
    pub fn describe(&self) -> Result<Vec<Enclave>, LaunchError> {
        let said = output(self.command("describe-enclaves"))?;
        match json(&said, '[') {
            Some(Value::Array(listed)) => Ok(listed.iter().filter_map(enclave).collect()),
            _ => Err(unexpected(&said)),
        }
    }

    /// Ends an enclave and waits until it is gone.
    ///
    /// # Errors
    ///
    /// As [`NitroCli::run`]; also where there is none of that name.
    pub fn terminate(&self, id: &str) -> Result<(), LaunchError> {
        let mut command = self.command("terminate-enclave");
        command.args(["--enclave-id", id]);
        let said = output(command)?;
        let answer = json(&said, '{');
        let done = answer.and_then(|answer| answer.get("Terminated")?.as_bool());
        match done {
            Some(true) => Ok(()),
            _ => Err(unexpected(&said)),
        }
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.arg(name).stdin(Stdio::null());
        command
    }
}

fn output(mut command: Command) -> Result<String, LaunchError> {
    let output = command.output().map_err(|error| LaunchError::NitroCli {
        reason: format!("{}: {error}", command.get_program().display()),
    })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(LaunchError::NitroCli {
        reason: format!("{}: {}", output.status, last(&format!("{said}{errors}"))),
    })
}

/// The document that begins at a line with `bracket`, and goes to the end.
fn json(said: &str, bracket: char) -> Option<Value> {
    let lines = said.split_inclusive('\n');
    let begins = lines
        .scan(0_usize, |at, line| {
            let start = *at;
            *at = at.saturating_add(line.len());
            Some((start, line))
        })
        .find(|(_, line)| line.starts_with(bracket))?;
    serde_json::from_str(said.get(begins.0..)?).ok()
}

fn enclave(value: &Value) -> Option<Enclave> {
    let text = |name| value.get(name)?.as_str().map(str::to_owned);
    // It becomes a file's name.
    let plain = |id: &String| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    Some(Enclave {
        id: text("EnclaveID").filter(plain)?,
        // Older versions do not name enclaves.
        name: text("EnclaveName").unwrap_or_default(),
        cid: value.get("EnclaveCID")?.as_u64()?.try_into().ok()?,
    })
}

fn unexpected(said: &str) -> LaunchError {
    LaunchError::NitroCli {
        reason: format!("it said what no version known here says: {}", last(said)),
    }
}

/// The end of what it said, where errors stand.
fn last(said: &str) -> &str {
    let said = said.trim();
    let start = said.len().saturating_sub(MAX_SAID);
    said.get(said.ceil_char_boundary(start)..)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program that notes its arguments and says what it is told.
    fn saying(said: &str, exit: u8) -> (tempfile::TempDir, NitroCli) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nitro-cli");
        let mut file = std::fs::File::create(&path).unwrap();
        let arguments = folder.path().join("arguments");
        write!(
            file,
            "#!/bin/sh\necho \"$@\" > '{}'\ncat <<'END'\n{said}\nEND\nexit {exit}\n",
            arguments.display()
        )
        .unwrap();
        let executable = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&path, executable).unwrap();
        drop(file);
        (folder, NitroCli::at(path))
    }

    fn order() -> Order {
        Order {
            image: "/images/image.eif".into(),
            name: "veracruz-1".into(),
            memory: 1024,
            processors: 2,
        }
    }

    /// As the command reference shows it.
    const STARTED: &str = r#"Start allocating memory...
Started enclave with enclave-cid: 12, memory: 1024 MiB, cpu-ids: [1, 3]
{
    "EnclaveName": "veracruz-1",
    "EnclaveID": "i-1234567890abcdef0-enc1234567890abcde",
    "ProcessID": 12625,
    "EnclaveCID": 12,
    "NumberOfCPUs": 2,
    "CPUIDs": [1, 3],
    "MemoryMiB": 1024
}"#;

    #[test]
    fn an_enclave_is_started_without_debug_mode_and_found_on_vsock() {
        let (folder, cli) = saying(STARTED, 0);
        let enclave = cli.run(&order()).unwrap();
        assert_eq!(enclave.cid, 12);
        assert_eq!(enclave.id, "i-1234567890abcdef0-enc1234567890abcde");
        let arguments = std::fs::read_to_string(folder.path().join("arguments")).unwrap();
        assert_eq!(
            arguments.trim(),
            "run-enclave --eif-path /images/image.eif --cpu-count 2 --memory 1024 \
             --enclave-name veracruz-1"
        );
    }

    #[test]
    fn running_enclaves_are_listed_and_ended() {
        let listed = r#"[
  { "EnclaveName": "a", "EnclaveID": "i-1-enc1", "EnclaveCID": 16, "State": "RUNNING" },
  { "EnclaveID": "i-1-enc2", "EnclaveCID": 17, "State": "TERMINATING" }
]"#;
        let (_folder, cli) = saying(listed, 0);
        let names: Vec<_> = cli.describe().unwrap();
        assert_eq!(names.len(), 2);
        assert_eq!(names.first().map(|enclave| enclave.cid), Some(16));
        let ended = r#"Successfully terminated enclave i-1-enc1.
{
  "EnclaveName": "a",
  "EnclaveID": "i-1-enc1",
  "Terminated": true
}"#;
        let (_folder, cli) = saying(ended, 0);
        cli.terminate("i-1-enc1").unwrap();
        let (_folder, cli) = saying(r#"{ "EnclaveID": "i-1-enc1", "Terminated": false }"#, 0);
        let refused = cli.terminate("i-1-enc1").unwrap_err();
        assert!(matches!(refused, LaunchError::NitroCli { .. }));
    }

    #[test]
    fn what_it_says_when_it_refuses_is_in_the_error() {
        let (_folder, cli) = saying("[ E27 ] Insufficient memory available.", 1);
        let LaunchError::NitroCli { reason } = cli.run(&order()).unwrap_err() else {
            panic!("another error")
        };
        assert!(reason.contains("Insufficient memory"), "{reason}");
        let nowhere = NitroCli::at("/nowhere/nitro-cli").describe().unwrap_err();
        assert!(matches!(nowhere, LaunchError::NitroCli { .. }));
        for said in ["", "{", "{}", "[]"] {
            let (_folder, cli) = saying(said, 0);
            assert!(cli.run(&order()).is_err(), "{said}");
        }
    }
}

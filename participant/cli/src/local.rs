//! A whole deployment on this machine, each role a process of its own: for the demo and for tests.
//!
//! Nothing here is special: it starts the same commands that a person would type.

use crate::error::CliError;
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use thiserror::Error;
use veracruz_attester::TPM_AUTHORITY;
use veracruz_launch::{Kind, measured};
use veracruz_machine::{Tools, TpmAuthority};

/// Why a process of the deployment did not do what it should.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LocalError {
    /// A process could not be started.
    #[error("could not start `{command}`: {source}")]
    Start {
        /// What was to be started.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A process ended, or said something else than where it can be reached.
    #[error("`{command}` did not become ready; it said: {said}")]
    NotReady {
        /// What was started.
        command: String,
        /// Its first line.
        said: String,
    },
    /// A command of a party was refused.
    #[error("{0}")]
    Refused(Refusal),
    /// A file of the deployment could not be written or read.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What a command printed when it was refused.
#[derive(Debug, Clone, Error)]
#[error("{message} [{code}]")]
pub struct Refusal {
    /// The stable code, as `VC-0412`.
    pub code: String,
    /// One line of what happened.
    pub message: String,
    /// The whole document that was printed.
    pub document: Value,
    /// The exit code.
    pub exit: Option<i32>,
}

impl Refusal {
    /// What the command said is to be done.
    pub(crate) fn hint(&self) -> &str {
        let hint = self.document.get("hint").and_then(Value::as_str);
        hint.unwrap_or("this is a fault of Veracruz: please report it")
    }

    /// With what it ended; a fault of Veracruz where a signal ended it.
    pub(crate) fn exit_code(&self) -> u8 {
        let code = self.exit.and_then(|code| u8::try_from(code).ok());
        code.unwrap_or(crate::exit::INTERNAL)
    }
}

impl From<&CliError> for Refusal {
    fn from(error: &CliError) -> Self {
        Self {
            code: error.code(),
            message: error.message(),
            document: Value::Null,
            exit: Some(error.exit_code().into()),
        }
    }
}

/// The isolates that a host starts, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolates {
    /// Sandboxed processes.
    Process {
        /// The runtime's binary.
        runtime: PathBuf,
    },
    /// Virtual machines that the attester measures and starts.
    Microvm {
        /// The folder of the image.
        image: PathBuf,
    },
    /// Virtual machines that firmware measures into a TPM, which this machine emulates.
    MicrovmMeasured {
        /// The folder of the image.
        image: PathBuf,
        /// The firmware's code.
        firmware: PathBuf,
    },
    /// Nitro enclaves of AWS.
    Nitro {
        /// The folder of the image.
        image: PathBuf,
    },
    /// Emulated Nitro enclaves.
    NitroEmulated {
        /// The folder of the image.
        image: PathBuf,
    },
    /// Virtual machines that the hardware protects.
    Protected {
        /// Which: SEV-SNP, TDX or CCA.
        kind: Kind,
        /// The folder of the image.
        image: PathBuf,
        /// The firmware, for the kinds that start in it.
        firmware: Option<PathBuf>,
    },
}

impl Isolates {
    /// The name of the kind, as `veracruz host --isolate` takes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Process { .. } => "process",
            Self::Microvm { .. } => "microvm",
            Self::MicrovmMeasured { .. } => "microvm-measured",
            Self::Nitro { .. } => "nitro",
            Self::NitroEmulated { .. } => "nitro-emulated",
            Self::Protected { kind, .. } => kind.as_str(),
        }
    }

    /// What they are started from, as `veracruz image measure` takes it.
    #[must_use]
    pub fn image(&self) -> &Path {
        match self {
            Self::Process { runtime } => runtime,
            Self::Microvm { image }
            | Self::MicrovmMeasured { image, .. }
            | Self::Nitro { image }
            | Self::NitroEmulated { image }
            | Self::Protected { image, .. } => image,
        }
    }

    /// How a host is told to start them.
    fn options(&self) -> Vec<&OsStr> {
        let from = match self {
            Self::Process { .. } => "--runtime",
            _ => "--image",
        };
        let mut options = vec![OsStr::new("--isolate"), OsStr::new(self.kind())];
        options.extend([OsStr::new(from), self.image().as_os_str()]);
        if let Self::MicrovmMeasured { firmware, .. } = self {
            options.extend([OsStr::new("--firmware"), firmware.as_os_str()]);
        }
        options
    }

    /// What a policy says of them: computed from the image alone, and vouched for by the attester, or
    /// by a TPM that the authority of this deployment certified.
    ///
    /// # Errors
    /// [`LocalError::Refused`] where `veracruz image measure` refuses the image; those of
    /// [`Deployment::tpm_authority`].
    pub fn in_policy(
        &self,
        executable: &Path,
        deployment: &Deployment,
    ) -> Result<Value, LocalError> {
        let memory = measured::MEMORY_MEBIBYTES.to_string();
        let mut arguments = vec![OsStr::new("image"), OsStr::new("measure")];
        arguments.push(self.image().as_os_str());
        if let Self::MicrovmMeasured { firmware, .. } = self {
            arguments.extend([OsStr::new("--firmware"), firmware.as_os_str()]);
            arguments.extend(["--memory", &memory].map(OsStr::new));
        } else {
            arguments.extend(["--attester", &deployment.attester_key].map(OsStr::new));
        }
        let printed = call(executable, arguments)?;
        let mut isolates = printed.get("isolates").cloned().unwrap_or_default();
        if let Some(tpm) = isolates.get_mut("tpm").and_then(Value::as_object_mut) {
            let root = veracruz_client::certified_key(&deployment.tpm_authority()?.root);
            let root = root.map(|key| key.to_string());
            tpm.insert("ek_roots".into(), Value::from_iter(root));
        }
        Ok(isolates)
    }
}

/// An attester and a host, until dropped.
#[derive(Debug)]
pub struct Deployment {
    /// Where participants connect.
    pub participants: SocketAddr,
    /// Where computations are managed.
    pub management: SocketAddr,
    /// The file with the management token.
    pub token: PathBuf,
    /// SHA-256 of the attester's public key in hexadecimal, as a policy names it.
    pub attester_key: String,
    /// The attester's socket.
    pub attester_socket: PathBuf,
    attester_state: PathBuf,
    executable: PathBuf,
    isolates: Isolates,
    state: PathBuf,
    host: Service,
    attester: Service,
}

impl Deployment {
    /// Who certifies the TPMs of this deployment's machines: an authority of the host's own.
    ///
    /// # Errors
    /// [`LocalError::File`] where its programs are missing or fail.
    pub fn tpm_authority(&self) -> Result<TpmAuthority, LocalError> {
        let path = self.attester_state.join(TPM_AUTHORITY);
        TpmAuthority::open(&Tools::find(), &path)
            .map_err(|source| LocalError::File { path, source })
    }

    /// Starts both with `executable` (the binary `veracruz`) and `runtime`, their state in `folder`.
    ///
    /// # Errors
    /// [`LocalError::Start`] and [`LocalError::NotReady`], with what the process said.
    pub fn start(executable: &Path, runtime: &Path, folder: &Path) -> Result<Self, LocalError> {
        let runtime = runtime.to_owned();
        Self::start_with(executable, &Isolates::Process { runtime }, folder)
    }

    /// As [`Deployment::start`], with isolates of any kind.
    ///
    /// # Errors
    /// As [`Deployment::start`].
    pub fn start_with(
        executable: &Path,
        isolates: &Isolates,
        folder: &Path,
    ) -> Result<Self, LocalError> {
        let attester_socket = folder.join("attester.sock");
        let attester_state = folder.join("attester");
        let (attester, said) = Service::start(
            executable,
            [
                OsStr::new("attester"),
                OsStr::new("--state"),
                attester_state.as_os_str(),
                OsStr::new("--socket"),
                attester_socket.as_os_str(),
            ],
        )?;
        let attester_key = said.text("key")?;
        let state = folder.join("host");
        let (host, said) = start_host(executable, isolates, &attester_socket, &state)?;
        Ok(Self {
            participants: said.address("participants")?,
            management: said.address("management")?,
            token: PathBuf::from(said.text("token")?),
            attester_key,
            attester_socket,
            attester_state,
            executable: executable.to_owned(),
            isolates: isolates.clone(),
            state,
            host,
            attester,
        })
    }

    /// Kills the host and starts it again, as after a crash. It listens elsewhere then; the isolates
    /// are those that there were.
    ///
    /// # Errors
    /// As [`Deployment::start`].
    pub fn restart_host(&mut self) -> Result<(), LocalError> {
        self.host.end();
        let socket = &self.attester_socket;
        let (host, said) = start_host(&self.executable, &self.isolates, socket, &self.state)?;
        self.host = host;
        self.participants = said.address("participants")?;
        self.management = said.address("management")?;
        Ok(())
    }

    /// Has the host start an isolate with the policy at `path`.
    ///
    /// # Errors
    /// [`LocalError::Refused`] with the host's reason.
    pub fn launch(&self, path: &Path) -> Result<Value, LocalError> {
        let management = self.management.to_string();
        let arguments = [
            OsStr::new("launch"),
            OsStr::new("--policy"),
            path.as_os_str(),
            OsStr::new("--management"),
            OsStr::new(&management),
            OsStr::new("--token"),
            self.token.as_os_str(),
        ];
        call(&self.executable, arguments)
    }

    /// The process id of the host.
    #[must_use]
    pub fn host_process(&self) -> u32 {
        self.host.0.id()
    }

    /// The process id of the attester, parent of every isolate.
    #[must_use]
    pub fn attester_process(&self) -> u32 {
        self.attester.0.id()
    }
}

fn start_host(
    executable: &Path,
    isolates: &Isolates,
    attester: &Path,
    state: &Path,
) -> Result<(Service, Ready), LocalError> {
    let mut arguments = vec![
        OsStr::new("host"),
        OsStr::new("--listen"),
        OsStr::new("127.0.0.1:0"),
        OsStr::new("--management"),
        OsStr::new("127.0.0.1:0"),
        OsStr::new("--attester"),
        attester.as_os_str(),
        OsStr::new("--state"),
        state.as_os_str(),
    ];
    arguments.extend(isolates.options());
    Service::start(executable, arguments)
}

/// A process that serves until it is killed.
#[derive(Debug)]
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

impl Service {
    fn end(&mut self) {
        // Gone already, or gone now: either is what a drop wants.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line of a service: a JSON document that says where it can be reached.
struct Ready {
    command: String,
    document: Value,
}

impl Service {
    fn start<'a>(
        executable: &Path,
        arguments: impl IntoIterator<Item = &'a OsStr>,
    ) -> Result<(Self, Ready), LocalError> {
        let mut command = Command::new(executable);
        command
            .arg("--json")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let name = format!("{command:?}");
        let mut child = command.spawn().map_err(|source| LocalError::Start {
            command: name.clone(),
            source,
        })?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            // An error leaves the line empty, and the service is not ready.
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        let service = Self(child);
        match serde_json::from_str(&line) {
            Ok(document) => Ok((
                service,
                Ready {
                    command: name,
                    document,
                },
            )),
            Err(_) => Err(LocalError::NotReady {
                command: name,
                said: line,
            }),
        }
    }
}

impl Ready {
    fn text(&self, field: &str) -> Result<String, LocalError> {
        self.document
            .get(field)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| self.not_ready())
    }

    fn address(&self, field: &str) -> Result<SocketAddr, LocalError> {
        self.text(field)?.parse().map_err(|_| self.not_ready())
    }

    fn not_ready(&self) -> LocalError {
        LocalError::NotReady {
            command: self.command.clone(),
            said: self.document.to_string(),
        }
    }
}

/// Somebody who types commands, with an identity and a folder of its own.
#[derive(Debug, Clone)]
pub struct Party {
    /// The name in the policy.
    pub name: String,
    /// Its key; the certificate stands beside it.
    pub identity: PathBuf,
    /// Its certificate in PEM, for the policy.
    pub certificate: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The folder with what it judges evidence with besides, where it has one.
    pub collateral: Option<PathBuf>,
    executable: PathBuf,
}

impl Party {
    /// Makes a party called `name` with a new identity, in a folder of that name under `folder`.
    ///
    /// # Errors
    /// [`LocalError::File`], or [`LocalError::Refused`] where `identity new` failed.
    pub fn new(executable: &Path, folder: &Path, name: &str) -> Result<Self, LocalError> {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|source| LocalError::File {
            path: folder.clone(),
            source,
        })?;
        let identity = folder.join("identity.pem");
        let arguments: [&OsStr; 6] = [
            OsStr::new("identity"),
            OsStr::new("new"),
            OsStr::new("--name"),
            OsStr::new(name),
            OsStr::new("--out"),
            identity.as_os_str(),
        ];
        let made = call(executable, arguments)?;
        let certificate = made
            .get("certificate")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            certificate: certificate.to_owned(),
            identity,
            folder,
            collateral: None,
            executable: executable.to_owned(),
        })
    }

    /// Runs one command of the binary against a computation, as this party, and gives what it
    /// printed with `--json`.
    ///
    /// # Errors
    /// [`LocalError::Refused`] with the code where the command failed.
    pub fn call(
        &self,
        at: &Target<'_>,
        command: &[&str],
        more: &[&OsStr],
    ) -> Result<Value, LocalError> {
        let host = at.host.to_string();
        let common: [&OsStr; 7] = [
            OsStr::new("--policy"),
            at.policy.as_os_str(),
            OsStr::new("--host"),
            OsStr::new(&host),
            OsStr::new("--identity"),
            self.identity.as_os_str(),
            OsStr::new("--accept-unprotected"),
        ];
        let collateral = self.collateral.as_ref();
        let collateral = collateral.map(|folder| [OsStr::new("--collateral"), folder.as_os_str()]);
        let command = command.iter().map(OsStr::new).chain(common);
        let command = command.chain(collateral.into_iter().flatten());
        call(&self.executable, command.chain(more.iter().copied()))
    }
}

/// Which computation a party talks to.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The party's own copy of the policy.
    pub policy: &'a Path,
    /// Where the host takes connections.
    pub host: SocketAddr,
}

/// Runs `executable --json ARGUMENTS` to its end.
///
/// # Errors
/// [`LocalError::Start`], and [`LocalError::Refused`] with what it printed.
pub fn call<'a>(
    executable: &Path,
    arguments: impl IntoIterator<Item = &'a OsStr>,
) -> Result<Value, LocalError> {
    let mut command = Command::new(executable);
    command.arg("--json").args(arguments).stdin(Stdio::null());
    let output = command.output().map_err(|source| LocalError::Start {
        command: format!("{command:?}"),
        source,
    })?;
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null));
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let document: Value = serde_json::from_str(printed.trim())
        .unwrap_or_else(|_| Value::String(printed.clone().into_owned()));
    let field = |name| {
        document
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Err(LocalError::Refused(Refusal {
        code: field("code").unwrap_or_default(),
        message: field("message").unwrap_or_else(|| printed.into_owned()),
        exit: output.status.code(),
        document,
    }))
}

//! A deployment and three parties, as the demo has them, for one test.

use crate::Artifacts;
use crate::artifacts;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use veracruz_attester::IsolateState;
use veracruz_cli::local::{Deployment, Isolates, LocalError, Party, Refusal, Target, call};
use veracruz_cli::template::Template;

/// Everything that a test needs; gone when dropped.
pub struct World {
    /// An attester and a host.
    pub deployment: Deployment,
    /// Provides `/input/acme.csv`, receives the outputs.
    pub acme: Party,
    /// Provides `/input/globex.csv`, receives the outputs.
    pub globex: Party,
    /// Provides the program, receives nothing.
    pub lab: Party,
    /// The binary `veracruz`.
    pub executable: PathBuf,
    /// The measured runtime.
    pub runtime: PathBuf,
    /// What the host starts.
    pub isolates: Isolates,
    /// The example's program.
    pub program: PathBuf,
    /// The example's folder.
    pub example: PathBuf,
    /// The example's data, and the answers that others computed.
    pub data: PathBuf,
    folder: tempfile::TempDir,
}

impl World {
    /// Starts one. `None`, with the reason printed, where `cargo xtask test` has built nothing.
    ///
    /// # Panics
    /// Where the attester, the host or an identity cannot be made: nothing can be tested then.
    #[must_use]
    pub fn start() -> Option<Self> {
        let runtime = Artifacts::find()?.runtime;
        Self::start_with(Isolates::Process { runtime })
    }

    /// Starts one whose isolates are virtual machines. `None`, with the reason printed, where there
    /// is no image of one or what runs it.
    ///
    /// # Panics
    /// As [`World::start`].
    #[must_use]
    pub fn start_microvm() -> Option<Self> {
        let image = artifacts::microvm()?;
        Self::start_with(Isolates::Microvm { image })
    }

    fn start_with(isolates: Isolates) -> Option<Self> {
        let Artifacts {
            runtime,
            veracruz: executable,
            psi_program: program,
            ..
        } = Artifacts::find()?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let deployment = Deployment::start_with(&executable, &isolates, folder.path())
            .expect("the attester and the host start");
        let party =
            |name| Party::new(&executable, folder.path(), name).expect("a party has an identity");
        let (acme, globex, lab) = (party("acme"), party("globex"), party("lab"));
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs/examples/psi");
        let data = example.join("data");
        Some(Self {
            deployment,
            acme,
            globex,
            lab,
            executable,
            runtime,
            isolates,
            program,
            example,
            data,
            folder,
        })
    }

    /// Where the test may write.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The example's policy, called `name`, after `edit`.
    #[must_use]
    pub fn policy(&self, name: &str, edit: impl FnOnce(&mut Value)) -> PathBuf {
        let mut document = self.document(name);
        edit(&mut document);
        let path = self.folder().join(format!("{name}.json"));
        std::fs::write(&path, document.to_string()).expect("the policy is written");
        path
    }

    fn document(&self, name: &str) -> Value {
        let template = Template::of_example(&self.example).expect("the example has a template");
        let Isolates::Process { runtime } = &self.isolates else {
            let isolates = self.isolates.in_policy(&self.executable, &self.deployment);
            let isolates = isolates.expect("the image is measured");
            return template.fill_with(name, &self.parties(), &digest(&self.program), isolates);
        };
        template.fill(
            name,
            &self.parties(),
            &digest(&self.program),
            &digest(runtime),
            &self.deployment.attester_key,
        )
    }

    /// Starts an isolate with a policy on the host.
    ///
    /// # Errors
    /// The host's refusal.
    pub fn launch(&self, policy: &Path) -> Result<Value, LocalError> {
        self.deployment.launch(policy)
    }

    /// As [`World::launch`], after the isolate of this policy was killed, as soon as the host has
    /// noticed that.
    ///
    /// # Panics
    /// Where it has not within a minute.
    pub fn launch_again(&self, policy: &Path) {
        let end = Instant::now() + Duration::from_secs(60);
        while let Err(error) = self.launch(policy) {
            assert!(Instant::now() < end, "a second isolate: {error}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs any command of the binary.
    ///
    /// # Errors
    /// What it printed when it failed.
    pub fn veracruz(&self, arguments: &[&OsStr]) -> Result<Value, LocalError> {
        call(&self.executable, arguments.iter().copied())
    }

    /// A computation on this world's host.
    #[must_use]
    pub fn target<'a>(&self, policy: &'a Path) -> Target<'a> {
        Target {
            policy,
            host: self.deployment.participants,
        }
    }

    /// The three parties.
    #[must_use]
    pub fn parties(&self) -> [&Party; 3] {
        [&self.acme, &self.globex, &self.lab]
    }

    /// Everybody approves.
    pub fn approve_all(&self, policy: &Path) {
        for party in self.parties() {
            party
                .call(&self.target(policy), &["approve"], &[])
                .expect("an approval is accepted");
        }
    }

    /// `party` uploads `file` to `path`.
    ///
    /// # Errors
    /// The isolate's refusal.
    pub fn upload(
        &self,
        party: &Party,
        policy: &Path,
        path: &str,
        file: &Path,
    ) -> Result<Value, LocalError> {
        let mut assignment = std::ffi::OsString::from(path);
        assignment.push("=");
        assignment.push(file);
        party.call(&self.target(policy), &["upload"], &[&assignment])
    }

    /// Everybody uploads what the example has.
    pub fn upload_all(&self, policy: &Path) {
        for (party, path, file) in [
            (&self.lab, "/program/psi.wasm", self.program.clone()),
            (
                &self.acme,
                "/input/acme.csv",
                self.data.join("acme_airports.csv"),
            ),
            (
                &self.globex,
                "/input/globex.csv",
                self.data.join("globex_airports.csv"),
            ),
        ] {
            self.upload(party, policy, path, &file)
                .expect("an upload is accepted");
        }
    }

    /// `party` fetches `path` into its own folder.
    ///
    /// # Errors
    /// The isolate's refusal.
    pub fn download(
        &self,
        party: &Party,
        policy: &Path,
        path: &str,
    ) -> Result<PathBuf, LocalError> {
        let name = path.rsplit('/').next().unwrap_or("file");
        let file = party.folder.join(name);
        let arguments = [OsStr::new(path), OsStr::new("--output"), file.as_os_str()];
        party
            .call(&self.target(policy), &["download"], &arguments)
            .map(|_| file)
    }
}

/// SHA-256 of a file, by a tool that is not ours.
///
/// # Panics
/// Where `sha256sum` cannot be run.
#[must_use]
pub fn digest(path: &Path) -> String {
    let output = std::process::Command::new("sha256sum")
        .arg(path)
        .output()
        .expect("sha256sum");
    String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The refusal that a test expects.
///
/// # Panics
/// Where there is none.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(outcome: Result<T, LocalError>) -> Refusal {
    match outcome {
        Err(LocalError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// The processes of an attester's isolates.
///
/// # Panics
/// Where the attester does not answer.
#[must_use]
pub fn isolate_processes(attester: &Path) -> Vec<u32> {
    let isolates = veracruz_attester::Client::new(attester).list();
    let running = |state| match state {
        IsolateState::Running { pid } => Some(pid),
        _ => None,
    };
    let isolates = isolates.expect("the attester answers").into_iter();
    isolates
        .filter_map(|isolate| running(isolate.state))
        .collect()
}

/// Kills every isolate of an attester, as an operator or a crash would.
///
/// # Panics
/// Where the attester does not answer.
pub fn kill_isolates(attester: &Path) {
    for pid in isolate_processes(attester) {
        let pid = i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process");
        kill_process(pid, Signal::KILL).expect("it is killed");
    }
}

//! The attester and the host as commands, which can be killed and started again with their state.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use veracruz_cli::local::Party;
use veracruz_cli::template::Template;
use veracruz_images::MachineImage;
use veracruz_tests::{Artifacts, digest};

use crate::tree;

/// A kind of isolate, as far as this test must know it.
pub(crate) struct Kind {
    /// Its name.
    pub(crate) name: &'static str,
    /// What the host is told beside the usual.
    pub(crate) host_arguments: Vec<OsString>,
    /// Makes the example's policy one that accepts it.
    pub(crate) accept: Accept,
}

/// A change of a policy.
type Accept = Rc<dyn Fn(&mut Value)>;

impl Kind {
    /// Sandboxed processes, which every machine has.
    pub(crate) fn process() -> Self {
        Self {
            name: "process",
            host_arguments: Vec::new(),
            accept: Rc::new(|_| {}),
        }
    }

    /// Virtual machines; none, with the reason printed, where they cannot be started here.
    pub(crate) fn microvm() -> Option<Self> {
        let image = veracruz_tests::microvm()?;
        let measurement = MachineImage::open(&image)
            .unwrap()
            .measurement()
            .to_string();
        let host_arguments = ["--isolate".into(), "microvm".into(), "--image".into()];
        Some(Self {
            name: "microvm",
            host_arguments: host_arguments.into_iter().chain([image.into()]).collect(),
            accept: Rc::new(move |policy| {
                let attesters = policy["isolates"]["process"]["attesters"].take();
                policy["isolates"] =
                    json!({ "microvm": { "image": [measurement], "attesters": attesters } });
            }),
        })
    }
}

/// Both services and what they work with.
pub(crate) struct Services {
    pub(crate) built: Artifacts,
    pub(crate) parties: [Party; 3],
    pub(crate) folder: tempfile::TempDir,
    pub(crate) attester: Child,
    pub(crate) host: Child,
    pub(crate) participants: SocketAddr,
    management: SocketAddr,
    key: String,
    accept: Accept,
    host_arguments: Vec<OsString>,
    /// Every attester that there was.
    pub(crate) attesters: Vec<u32>,
}

impl Services {
    /// None, with the reason printed, where nothing is built.
    pub(crate) fn start(kind: &Kind) -> Option<Self> {
        let built = Artifacts::find()?;
        println!("isolates of kind {}", kind.name);
        let folder = tempfile::tempdir().unwrap();
        let parties = ["acme", "globex", "lab"]
            .map(|name| Party::new(&built.veracruz, folder.path(), name).unwrap());
        let (attester, said) = attester(&built, folder.path());
        let key = said["key"].as_str().unwrap().to_owned();
        let (host, said) = host(&built, folder.path(), &kind.host_arguments);
        Some(Self {
            attesters: vec![attester.id()],
            participants: address(&said, "participants"),
            management: address(&said, "management"),
            built,
            parties,
            folder,
            attester,
            host,
            key,
            accept: Rc::clone(&kind.accept),
            host_arguments: kind.host_arguments.clone(),
        })
    }

    /// A policy that nobody had before.
    pub(crate) fn policy(&self, name: &str) -> PathBuf {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs/examples/psi");
        let template = Template::of_example(&example).unwrap();
        let parties = [0, 1, 2].map(|party: usize| &self.parties[party]);
        let (program, runtime) = (&self.built.psi_program, &self.built.runtime);
        let mut document = template.fill(
            name,
            &parties,
            &digest(program),
            &digest(runtime),
            &self.key,
        );
        (self.accept)(&mut document);
        let path = self.folder.path().join(format!("{name}.json"));
        std::fs::write(&path, document.to_string()).unwrap();
        path
    }

    /// Starts a computation; how the host answered.
    pub(crate) fn launch(&self, policy: &Path) -> u16 {
        let document = std::fs::read(policy).unwrap();
        self.ask("POST", "/v1/computations", &document).0
    }

    /// A request to the management API; no answer is status 0.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
        self.try_to_ask(method, path, body)
            .unwrap_or((0, Value::Null))
    }

    fn try_to_ask(&self, method: &str, path: &str, body: &[u8]) -> std::io::Result<(u16, Value)> {
        let token = std::fs::read_to_string(self.folder.path().join("host/management.token"))?;
        let mut stream = TcpStream::connect(self.management)?;
        // A machine among many takes its time to start.
        stream.set_read_timeout(Some(Duration::from_secs(90)))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
            token.trim(),
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let body = serde_json::from_str(body).unwrap_or_default();
        Ok((status.unwrap_or(0), body))
    }

    /// Kills the host and starts it again.
    pub(crate) fn restart_host(&mut self, signal: Signal) {
        tree::signal(self.host.id(), signal);
        let _ = self.host.wait();
        let (host, said) = host(&self.built, self.folder.path(), &self.host_arguments);
        self.host = host;
        self.participants = address(&said, "participants");
        self.management = address(&said, "management");
    }

    /// Kills the attester, and with it all isolates, and starts it again.
    pub(crate) fn restart_attester(&mut self, signal: Signal) {
        tree::signal(self.attester.id(), signal);
        let _ = self.attester.wait();
        let (attester, said) = attester(&self.built, self.folder.path());
        assert_eq!(said["key"], self.key.as_str(), "it has its key again");
        self.attesters.push(attester.id());
        self.attester = attester;
    }

    /// The isolates: the attester's children but for its janitor.
    pub(crate) fn isolates(&self) -> Vec<u32> {
        let mut isolates = tree::children(self.attester.id());
        isolates.retain(|pid| tree::name(*pid) != "janitor");
        isolates
    }

    pub(crate) fn janitor(&self) -> Option<u32> {
        let children = tree::children(self.attester.id());
        children
            .into_iter()
            .find(|pid| tree::name(*pid) == "janitor")
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for child in [&mut self.host, &mut self.attester] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn attester(built: &Artifacts, folder: &Path) -> (Child, Value) {
    let mut command = Command::new(&built.veracruz);
    command
        .args(["--json", "attester", "--state"])
        .arg(folder.join("attester"))
        .arg("--socket")
        .arg(folder.join("attester.sock"));
    serve(command)
}

fn host(built: &Artifacts, folder: &Path, more: &[OsString]) -> (Child, Value) {
    let mut command = Command::new(&built.veracruz);
    command
        .args(["--json", "host", "--listen", "127.0.0.1:0"])
        .args(["--management", "127.0.0.1:0", "--isolates", "8"])
        .args(["--health-interval", "1", "--hangs-after", "3"])
        .arg("--attester")
        .arg(folder.join("attester.sock"))
        .arg("--state")
        .arg(folder.join("host"))
        .arg("--runtime")
        .arg(&built.runtime)
        .args(more)
        .env("RUST_LOG", "off");
    serve(command)
}

/// Starts a service and reads the line in which it says where it can be reached.
fn serve(mut command: Command) -> (Child, Value) {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let said = serde_json::from_str(&line);
    (
        child,
        said.unwrap_or_else(|_| panic!("{command:?}: {line}")),
    )
}

fn address(said: &Value, field: &str) -> SocketAddr {
    said[field].as_str().unwrap().parse().unwrap()
}

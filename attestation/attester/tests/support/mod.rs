//! Runs an attester in a process of its own, and compiles isolates for it.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use veracruz_attester::{Client, Config};

/// An attester, ended when this is dropped.
pub(crate) struct Attester {
    child: Child,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) config: Config,
    pub(crate) client: Client,
}

impl Attester {
    /// Starts one as the user who runs the tests.
    pub(crate) fn start() -> Self {
        Self::start_as(None)
    }

    /// Starts one as another user. Only root can do that.
    pub(crate) fn start_as(user: Option<u32>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut program = PathBuf::from(env!("CARGO_BIN_EXE_veracruz-attester"));
        if let Some(user) = user {
            // The build's folder may be one that others cannot enter.
            let copy = dir.path().join("veracruz-attester");
            fs::copy(&program, &copy).unwrap();
            program = copy;
            std::os::unix::fs::chown(dir.path(), Some(user), Some(user)).unwrap();
        }
        let config = Config::in_dir(dir.path().join("state"));
        let mut command = Command::new(program);
        command.arg(&config.state_dir).current_dir("/");
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        let child = command.spawn().unwrap();
        let client = Client::new(&config.socket);
        let attester = Self {
            child,
            dir,
            config,
            client,
        };
        wait_until("the attester listens", || {
            fs::metadata(&attester.config.socket).is_ok_and(|found| found.file_type().is_socket())
                && attester.client.hello().is_ok()
        });
        attester
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How many descriptors it has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid()))
            .unwrap()
            .count()
    }

    /// The processes whose parent it is, zombies too, but for its janitor.
    pub(crate) fn children(&self) -> Vec<u32> {
        let path = format!("/proc/{0}/task/{0}/children", self.pid());
        let children = fs::read_to_string(path).unwrap();
        let pids = children.split_whitespace();
        pids.filter(|pid| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            name.trim() != "janitor"
        })
        .map(|pid| pid.parse().unwrap())
        .collect()
    }

    /// The folders of its control groups, in every hierarchy, and what is in them.
    pub(crate) fn groups(&self) -> Vec<PathBuf> {
        groups_of(self.pid())
    }

    /// Ends it in the roughest way.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Attester {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The control groups of the attester that has, or had, this process number.
pub(crate) fn groups_of(pid: u32) -> Vec<PathBuf> {
    let prefix = format!("veracruz-{pid}-");
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = fs::read_to_string("/proc/self/mountinfo")
        .unwrap()
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .map(|line| PathBuf::from(line.split(' ').nth(4).unwrap()))
        .collect();
    while let Some(folder) = left.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        let folders = entries.flatten().filter(|entry| entry.path().is_dir());
        left.extend(folders.map(|entry| entry.path()));
        if folder.to_string_lossy().contains(&prefix) {
            found.push(folder);
        }
    }
    found
}

/// Whether a process runs: one that nobody reaps, as in containers without an init, does not.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The test isolate, compiled once.
pub(crate) fn puppet() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/isolates/puppet.rs");
        compile(&source, "puppet")
    })
}

/// Compiles one source file to a static program: for musl, or, where that target is not installed,
/// statically with the system's C library.
pub(crate) fn compile(source: &Path, name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let program = dir.join(name);
    let targets: [&[&str]; 2] = [
        &["--target", concat!("x86_64", "-unknown-linux-musl")],
        &[
            "-C",
            "target-feature=+crt-static",
            "-C",
            "relocation-model=static",
        ],
    ];
    let mut errors = String::new();
    for target in targets {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
        rustc
            .args(["--edition", "2024", "-O"])
            .args(target)
            .arg("-o")
            .arg(&program)
            .arg(source);
        let output = rustc.output().unwrap();
        if output.status.success() {
            return program;
        }
        errors.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    panic!("the test isolate does not compile:\n{errors}");
}

/// Tells the puppet what to do, and returns what it answers.
pub(crate) fn tell(control: &OwnedFd, command: u8, content: Option<&[u8]>) -> Vec<u8> {
    let mut control = File::from(control.try_clone().unwrap());
    control.write_all(&[command]).unwrap();
    if let Some(content) = content {
        control
            .write_all(&u32::try_from(content.len()).unwrap().to_be_bytes())
            .unwrap();
        control.write_all(content).unwrap();
    }
    let mut length = [0; 4];
    control.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    control.read_exact(&mut answer).unwrap();
    answer
}

/// A policy that differs in its name alone. Its certificate is a test's, its digests are nobody's.
pub(crate) fn policy(name: &str) -> Vec<u8> {
    include_str!("policy.json")
        .replace("NAME", name)
        .into_bytes()
}

pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

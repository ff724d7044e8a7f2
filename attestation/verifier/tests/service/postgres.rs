//! A PostgreSQL of our own, for as long as the tests run.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Who it runs as where we are root, whom it refuses.
const NOBODY: u32 = 65534;
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Postgres {
    programs: PathBuf,
    port: u16,
    server: Mutex<Child>,
    databases: AtomicU32,
    _folder: tempfile::TempDir,
}

impl Postgres {
    /// Starts a server on a free port; or says why there is none.
    pub(crate) fn start() -> Result<Self, String> {
        let programs = programs().ok_or("Debian's package `postgresql` is not installed")?;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        if rustix::process::geteuid().is_root() {
            for path in [folder.path(), &data] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let made = unprivileged(&programs.join("initdb"), folder.path())
            .args([
                "--auth=trust",
                "--username=verifier",
                "--no-sync",
                "--pgdata",
            ])
            .arg(&data)
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| format!("initdb does not start: {error}"))?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(format!("initdb failed: {said}"));
        }
        // Free until somebody else takes it; the tests would say so.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let server = unprivileged(&programs.join("postgres"), folder.path())
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-F", "-p", &port.to_string(), "-k"])
            .arg(folder.path())
            .spawn()
            .map_err(|error| format!("postgres does not start: {error}"))?;
        let postgres = Self {
            programs,
            port,
            server: Mutex::new(server),
            databases: AtomicU32::new(0),
            _folder: folder,
        };
        let start = Instant::now();
        while !postgres.tell("postgres", "SELECT 1") {
            if start.elapsed() > PATIENCE {
                postgres.stop();
                return Err("postgres does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(postgres)
    }

    /// The URL of a fresh database.
    pub(crate) fn database(&self) -> String {
        let name = format!("verifier{}", self.databases.fetch_add(1, Ordering::Relaxed));
        assert!(self.tell("postgres", &format!("CREATE DATABASE {name}")));
        format!("postgres://verifier@127.0.0.1:{}/{name}", self.port)
    }

    pub(crate) fn stop(&self) {
        let mut server = self.server.lock().unwrap();
        let id = i32::try_from(server.id()).unwrap();
        if let Some(id) = rustix::process::Pid::from_raw(id) {
            // SIGQUIT: at once, without writing anything back.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::QUIT);
        }
        let _ = server.wait();
    }

    fn tell(&self, database: &str, statement: &str) -> bool {
        let told = Command::new(self.programs.join("psql"))
            .args([
                "-q",
                "-h",
                "127.0.0.1",
                "-U",
                "verifier",
                "-p",
                &self.port.to_string(),
            ])
            .args(["-d", database, "-c", statement])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        told.is_ok_and(|status| status.success())
    }
}

/// Where Debian puts them: not in the path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
}

fn unprivileged(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

//! The host's side of `process` isolates, with a real attester and a fake runtime.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests, too, end a test by panicking"
)]

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use veracruz_attester::{Client, Config};
use veracruz_launch::process::ProcessLauncher;
use veracruz_launch::{Isolate, Kind, LaunchError, Launcher, Loss, Resources, RuntimeImage};
use veracruz_policy::{InstanceId, PolicyHash};

/// An attester in a process of its own.
struct Attester {
    child: Child,
    config: Config,
    _dir: tempfile::TempDir,
}

impl Attester {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::in_dir(dir.path().join("state"));
        let child = Self::spawn(&config);
        Self {
            child,
            config,
            _dir: dir,
        }
    }

    fn spawn(config: &Config) -> Child {
        let child = Command::new(attester_program())
            .arg(&config.state_dir)
            .spawn()
            .unwrap();
        let client = Client::new(&config.socket);
        let end = Instant::now() + Duration::from_secs(20);
        while client.hello().is_err() {
            assert!(Instant::now() < end, "the attester does not answer");
            std::thread::sleep(Duration::from_millis(2));
        }
        child
    }

    fn restart(&mut self) {
        self.kill();
        self.child = Self::spawn(&self.config);
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn client(&self) -> Client {
        Client::new(&self.config.socket)
    }

    async fn launcher(&self) -> ProcessLauncher {
        let image = RuntimeImage::open(fake_runtime()).unwrap();
        ProcessLauncher::connect(&self.config.socket, image)
            .await
            .unwrap()
    }
}

impl Drop for Attester {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The attester's program. Cargo builds programs for the tests of their own package only.
fn attester_program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--quiet",
            "--package",
            "veracruz-attester",
            "--bins",
        ]);
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        assert!(cargo.status().unwrap().success());
        profile.join("veracruz-attester")
    })
}

fn fake_runtime() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/isolates/fake_runtime.rs");
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(std::process::id().to_string());
        fs::create_dir_all(&dir).unwrap();
        let program = dir.join("fake-runtime");
        // For musl, or, where that target is not installed, with the system's C library.
        let targets: [&[&str]; 2] = [
            &["--target", "x86_64-unknown-linux-musl"],
            &[
                "-C",
                "target-feature=+crt-static",
                "-C",
                "relocation-model=static",
            ],
        ];
        let built = targets.iter().any(|target| {
            let mut rustc = Command::new("rustc");
            rustc.args(["--edition", "2024", "-O"]).args(*target);
            rustc
                .arg("-o")
                .arg(&program)
                .arg(&source)
                .status()
                .unwrap()
                .success()
        });
        assert!(built, "the fake runtime does not compile");
        program
    })
}

/// A policy whose name tells the fake runtime what to do.
fn policy(name: &str) -> Arc<[u8]> {
    include_str!("policy.json")
        .replace("NAME", name)
        .into_bytes()
        .into()
}

async fn launch(launcher: &ProcessLauncher, name: &str) -> Result<Arc<dyn Isolate>, LaunchError> {
    launcher.launch(policy(name), Resources::default()).await
}

/// Both ends of a connection: the accepted one, and the other.
fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    (listener.accept().unwrap().0, client)
}

#[tokio::test]
async fn launches_an_isolate_and_hands_it_connections() {
    let attester = Attester::start();
    let launcher = attester.launcher().await;
    assert_eq!(launcher.kind(), Kind::Process);
    assert!(!launcher.kind().protects_from_host());
    let digest = veracruz_policy::Sha256::of(&fs::read(fake_runtime()).unwrap());
    assert_eq!(launcher.measurement(), digest);

    let isolate = launch(&launcher, "good").await.unwrap();
    assert_eq!(isolate.installed().policy, PolicyHash::from_bytes([1; 32]));
    assert_eq!(
        isolate.installed().instance,
        InstanceId::from_bytes([2; 32])
    );
    for _ in 0..3 {
        let (accepted, mut client) = connection();
        isolate.connect(accepted).await.unwrap();
        let mut said = String::new();
        client.read_to_string(&mut said).unwrap();
        assert_eq!(said, "hello", "and nobody else keeps the connection open");
    }
    let health = isolate.health().await.unwrap();
    assert_eq!((health.state.as_str(), health.connections), ("ready", 300));
    let (first, second) = tokio::join!(isolate.health(), isolate.health());
    assert_eq!(first.unwrap(), second.unwrap());
}

#[tokio::test]
async fn stops_an_isolate_and_says_so_to_all_who_wait() {
    let attester = Attester::start();
    let isolate = launch(&attester.launcher().await, "good").await.unwrap();
    let waiting = tokio::spawn({
        let isolate = Arc::clone(&isolate);
        async move { isolate.lost().await }
    });
    isolate.stop().await.unwrap();
    assert_eq!(waiting.await.unwrap(), Loss::Stopped);
    isolate.stop().await.unwrap();
    let (accepted, mut client) = connection();
    let refused = isolate.connect(accepted).await.unwrap_err();
    assert!(matches!(
        refused,
        LaunchError::Lost {
            loss: Loss::Stopped
        }
    ));
    assert_eq!(
        client.read(&mut [0; 1]).unwrap(),
        0,
        "the connection is closed"
    );
    let refused = isolate.health().await.unwrap_err();
    assert!(matches!(
        refused,
        LaunchError::Lost {
            loss: Loss::Stopped
        }
    ));
    assert_eq!(attester.client().list().unwrap(), []);
}

#[tokio::test]
async fn notices_how_an_isolate_died() {
    let attester = Attester::start();
    let launcher = attester.launcher().await;
    let isolate = launch(&launcher, "crash").await.unwrap();
    let refused = isolate.health().await.unwrap_err();
    assert!(
        matches!(
            refused,
            LaunchError::Lost {
                loss: Loss::Exited(4)
            }
        ),
        "{refused}"
    );
    assert_eq!(isolate.lost().await, Loss::Exited(4));

    let isolate = launch(&launcher, "good").await.unwrap();
    let id = attester.client().list().unwrap()[0].id;
    attester.client().stop(id).unwrap();
    // Somebody else stopped it, and that one was told how it ended.
    assert_eq!(isolate.lost().await, Loss::Unknown);
}

#[tokio::test]
async fn reports_the_loss_of_all_isolates_when_the_attester_dies() {
    let mut attester = Attester::start();
    let launcher = attester.launcher().await;
    let isolate = launch(&launcher, "good").await.unwrap();
    attester.kill();
    assert_eq!(isolate.lost().await, Loss::Unknown);
    let refused = launch(&launcher, "good").await.map(drop).unwrap_err();
    assert!(matches!(refused, LaunchError::Attester(_)));
    attester.restart();
    // The image is registered again.
    launch(&launcher, "good").await.unwrap();
}

#[tokio::test]
async fn refuses_an_isolate_that_does_not_install_the_policy() {
    let attester = Attester::start();
    let launcher = attester
        .launcher()
        .await
        .with_deadline(Duration::from_millis(500));
    let refused = |result: Result<_, LaunchError>| result.map(drop).unwrap_err();
    let found = refused(launch(&launcher, "refuse").await);
    assert!(
        matches!(found, LaunchError::Refused { class: 4 }),
        "{found}"
    );
    let found = refused(launch(&launcher, "die").await);
    assert!(
        matches!(
            found,
            LaunchError::Lost {
                loss: Loss::Exited(3)
            }
        ),
        "{found}"
    );
    let found = refused(launch(&launcher, "silent").await);
    assert!(matches!(found, LaunchError::Silent), "{found}");
    let found = refused(launch(&launcher, "babble").await);
    assert!(matches!(found, LaunchError::Confused), "{found}");
    assert_eq!(
        attester.client().list().unwrap(),
        [],
        "none of them is left running"
    );
}

#[tokio::test]
async fn ends_an_isolate_that_says_nonsense() {
    let attester = Attester::start();
    let isolate = launch(&attester.launcher().await, "rave").await.unwrap();
    assert!(matches!(
        isolate.health().await,
        Err(LaunchError::Lost { .. })
    ));
    assert_eq!(isolate.lost().await, Loss::Signalled(9));
}

#[tokio::test]
async fn a_launch_that_is_given_up_leaves_no_isolate() {
    let attester = Attester::start();
    let launcher = attester.launcher().await;
    let given_up = tokio::time::timeout(Duration::from_millis(200), launch(&launcher, "silent"));
    assert!(given_up.await.is_err());
    let client = attester.client();
    let end = Instant::now() + Duration::from_secs(10);
    while !client.list().unwrap().is_empty() {
        assert!(Instant::now() < end, "it is still there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn waits_while_an_isolate_takes_no_connections() {
    let attester = Attester::start();
    let isolate = launch(&attester.launcher().await, "ignore").await.unwrap();
    let mut clients = Vec::new();
    let blocked = loop {
        let (accepted, client) = connection();
        clients.push(client);
        let passed = tokio::time::timeout(Duration::from_millis(200), isolate.connect(accepted));
        if passed.await.is_err() {
            break true;
        }
        if clients.len() > 800 {
            break false;
        }
    };
    assert!(blocked, "{} connections were taken", clients.len());
    isolate.health().await.unwrap();
    isolate.stop().await.unwrap();
}

#[tokio::test]
async fn adopts_what_runs_after_a_restart_of_the_host() {
    let attester = Attester::start();
    let before = launch(&attester.launcher().await, "good").await.unwrap();
    let installed = before.installed();
    drop(before);
    // One that a host left before its policy was installed.
    let client = attester.client();
    let image = client
        .register(&fs::File::open(fake_runtime()).unwrap())
        .unwrap();
    drop(
        client
            .launch(&image, &policy("good"), &Resources::default())
            .unwrap(),
    );

    let adopted = attester.launcher().await.adopt().await.unwrap();
    assert_eq!(adopted.len(), 1);
    assert_eq!(adopted[0].installed().instance, installed.instance);
    let (accepted, mut connection) = connection();
    adopted[0].connect(accepted).await.unwrap();
    let mut said = String::new();
    connection.read_to_string(&mut said).unwrap();
    assert_eq!(said, "hello");
    assert_eq!(client.list().unwrap().len(), 1);
}

#[test]
fn opens_only_a_regular_file_as_a_runtime() {
    let missing = RuntimeImage::open("/nonexistent/veracruz-runtime").unwrap_err();
    assert!(matches!(missing, LaunchError::NoImage { .. }));
    let folder = RuntimeImage::open("/").unwrap_err();
    assert!(matches!(folder, LaunchError::ImageIsNoFile { .. }));
    let device = RuntimeImage::open("/dev/null").unwrap_err();
    assert!(matches!(device, LaunchError::ImageIsNoFile { .. }));
}

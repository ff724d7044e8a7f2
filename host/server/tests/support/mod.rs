//! A host on free ports, over isolates that are made up.

#![allow(dead_code, reason = "each test uses its part")]

mod fake;
mod http;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use veracruz_policy::Policy;
use veracruz_server::{Config, Limits, ServeError, Server};
use veracruz_session::Identity;

pub(crate) use fake::{FakeIsolate, FakeLauncher};
pub(crate) use http::Answer;

/// A running host. Its isolates are in `launcher`, which outlives it.
pub(crate) struct Host {
    pub(crate) participants: SocketAddr,
    pub(crate) management: SocketAddr,
    pub(crate) launcher: Arc<FakeLauncher>,
    token: String,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), ServeError>>,
    folder: tempfile::TempDir,
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::start_with(Limits::default(), Arc::default()).await
    }

    pub(crate) async fn start_with(limits: Limits, launcher: Arc<FakeLauncher>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("token");
        let config = Config {
            limits,
            ..config(token_file.clone())
        };
        let server = Server::bind(config, launcher.clone()).await.unwrap();
        let (participants, management) = (
            server.participants_address().unwrap(),
            server.management_address().unwrap(),
        );
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let token = std::fs::read_to_string(token_file)
            .unwrap()
            .trim()
            .to_owned();
        Self {
            participants,
            management,
            launcher,
            token,
            stop: Some(stop),
            running,
            folder,
        }
    }

    /// Stops the host and waits for its end.
    pub(crate) async fn stop(mut self) -> Arc<FakeLauncher> {
        self.stop.take().unwrap().send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(3), self.running)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        self.launcher
    }

    /// With the token.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.ask_as(&format!("Bearer {}", self.token), method, path, body)
            .await
    }

    pub(crate) async fn ask_as(
        &self,
        authorization: &str,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Answer {
        http::ask(self.management, Some(authorization), method, path, body).await
    }

    pub(crate) async fn ask_without_token(&self, method: &str, path: &str) -> Answer {
        http::ask(self.management, None, method, path, b"").await
    }

    /// Launches a policy of this name, and returns the isolate and its policy's hash.
    pub(crate) async fn launch(&self, name: &str) -> (Arc<FakeIsolate>, String) {
        let document = policy(name);
        let answer = self
            .ask("POST", "/v1/computations", document.as_bytes())
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        (self.launcher.last(), answer.text("policy"))
    }
}

pub(crate) fn config(token_file: PathBuf) -> Config {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    Config {
        participants: free,
        management: free,
        token_file,
        ..Config::default()
    }
}

/// A policy that is valid, and different for each name.
pub(crate) fn policy(name: &str) -> String {
    let certificate = |name| Identity::generate(name).unwrap().certificate_pem().unwrap();
    let (lab, acme) = (certificate("lab"), certificate("acme"));
    let policy = serde_json::json!({
        "veracruz": 1,
        "name": name,
        "participants": { "lab": { "certificate": lab }, "acme": { "certificate": acme } },
        "files": {
            "/program/p.wasm": { "provider": "lab", "sha256": ["00".repeat(32)], "max_bytes": "1MiB" },
            "/input/a": { "provider": "acme", "max_bytes": "1MiB" },
            "/output/b": { "receivers": ["acme"], "max_bytes": "1MiB" }
        },
        "pipeline": [{ "program": "/program/p.wasm", "read": ["/input/a"], "write": ["/output/b"] }],
        "isolates": { "process": { "runtime": ["11".repeat(32)], "attesters": ["22".repeat(32)] } },
        "unprotected": true,
        "approval": { "required": ["lab", "acme"], "run_by": ["acme"], "runs": 1 }
    });
    let document = policy.to_string();
    if let Err(errors) = Policy::parse(document.as_bytes()) {
        panic!("{errors}");
    }
    document
}

/// Waits until `condition` holds, for at most three seconds.
pub(crate) async fn eventually<Condition: Future<Output = bool>>(
    condition: impl Fn() -> Condition,
) {
    for _ in 0..300 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to that");
}

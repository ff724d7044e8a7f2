//! Isolates that only pretend.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use veracruz_launch::{
    BoxFuture, CertificateRequest, Health, Installed, Isolate, Kind, LaunchError, Launcher, Loss,
    Resources,
};
use veracruz_policy::{InstanceId, KeyDigest, Policy};
use veracruz_protocol::ComputationState;

/// Remembers every isolate that it started.
#[derive(Default)]
pub(crate) struct FakeLauncher {
    pub(crate) isolates: Mutex<Vec<Arc<FakeIsolate>>>,
    /// The next launches fail.
    pub(crate) fails: AtomicBool,
    /// The next launches take too long.
    pub(crate) is_slow: AtomicBool,
    /// A launch takes so many milliseconds.
    pub(crate) takes: AtomicU32,
}

impl FakeLauncher {
    pub(crate) fn last(&self) -> Arc<FakeIsolate> {
        self.isolates.lock().unwrap().last().unwrap().clone()
    }
}

impl Launcher for FakeLauncher {
    fn kind(&self) -> Kind {
        Kind::Process
    }

    fn launch(
        &self,
        policy: Arc<[u8]>,
        _: Resources,
    ) -> BoxFuture<'_, Result<Arc<dyn Isolate>, LaunchError>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(
                self.takes.load(Ordering::Relaxed).into(),
            ))
            .await;
            if self.fails.load(Ordering::Relaxed) {
                return Err(LaunchError::Lost {
                    loss: Loss::Exited(7),
                });
            }
            if self.is_slow.load(Ordering::Relaxed) {
                return Err(LaunchError::Silent);
            }
            let policy = Policy::parse(&policy).unwrap().hash();
            let mut isolates = self.isolates.lock().unwrap();
            let instance = InstanceId::from_bytes([u8::try_from(isolates.len()).unwrap(); 32]);
            let isolate = Arc::new(FakeIsolate::new(Installed { policy, instance }));
            isolates.push(isolate.clone());
            Ok(isolate as Arc<dyn Isolate>)
        })
    }

    fn adopt(&self) -> BoxFuture<'_, Result<Vec<Arc<dyn Isolate>>, LaunchError>> {
        let isolates = self.isolates.lock().unwrap();
        let alive = isolates
            .iter()
            .filter(|isolate| isolate.loss.borrow().is_none());
        let alive = alive
            .map(|isolate| isolate.clone() as Arc<dyn Isolate>)
            .collect();
        Box::pin(async move { Ok(alive) })
    }
}

/// Answers every connection with its name and what it read.
pub(crate) struct FakeIsolate {
    pub(crate) installed: Installed,
    pub(crate) loss: watch::Sender<Option<Loss>>,
    pub(crate) silent: AtomicBool,
    pub(crate) connections: AtomicU32,
}

impl FakeIsolate {
    fn new(installed: Installed) -> Self {
        Self {
            installed,
            loss: watch::Sender::new(None),
            silent: AtomicBool::new(false),
            connections: AtomicU32::new(0),
        }
    }

    /// Ends it, as a crash would.
    pub(crate) fn die(&self, loss: Loss) {
        self.loss.send_replace(Some(loss));
    }

    /// What a connection to it reads first.
    pub(crate) fn greeting(&self) -> String {
        self.installed.instance.to_string()
    }
}

impl Isolate for FakeIsolate {
    fn kind(&self) -> Kind {
        Kind::Process
    }

    fn installed(&self) -> Installed {
        self.installed
    }

    fn connect(&self, mut accepted: TcpStream) -> BoxFuture<'_, Result<(), LaunchError>> {
        Box::pin(async move {
            self.connections.fetch_add(1, Ordering::Relaxed);
            let greeting = self.greeting();
            std::thread::spawn(move || {
                accepted.set_nonblocking(false).unwrap();
                accepted
                    .set_read_timeout(Some(Duration::from_secs(3)))
                    .unwrap();
                let mut buffer = [0; 4096];
                let _ = accepted.write_all(greeting.as_bytes());
                while let Ok(length @ 1..) = accepted.read(&mut buffer) {
                    let _ = accepted.write_all(&buffer[..length]);
                }
            });
            Ok(())
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, LaunchError>> {
        let silent = self.silent.load(Ordering::Relaxed);
        let connections = self.connections.load(Ordering::Relaxed);
        Box::pin(async move {
            if silent {
                return Err(LaunchError::Silent);
            }
            Ok(Health {
                state: ComputationState::Awaiting,
                connections,
            })
        })
    }

    fn certificate_request(
        &self,
        _verifier: KeyDigest,
        nonce: [u8; 32],
    ) -> BoxFuture<'_, Result<Option<CertificateRequest>, LaunchError>> {
        Box::pin(async move {
            Ok(Some(CertificateRequest {
                request: b"request".to_vec(),
                evidence: nonce.to_vec(),
                policy: b"policy".to_vec(),
            }))
        })
    }

    fn install_certificate(
        &self,
        _verifier: KeyDigest,
        certificate: Vec<u8>,
    ) -> BoxFuture<'_, Result<bool, LaunchError>> {
        Box::pin(async move { Ok(certificate == b"certificate") })
    }

    fn lost(&self) -> BoxFuture<'_, Loss> {
        Box::pin(async {
            let mut loss = self.loss.subscribe();
            loss.wait_for(Option::is_some).await.unwrap().unwrap()
        })
    }

    fn stop(&self) -> BoxFuture<'_, Result<(), LaunchError>> {
        if self.loss.borrow().is_none() {
            self.die(Loss::Stopped);
        }
        Box::pin(async { Ok(()) })
    }
}

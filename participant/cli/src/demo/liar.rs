//! The two dishonest ones of the demo: a host that leads participants astray, and a participant
//! whose client checks nothing.

use crate::args::CollateralStoreArgs;
use crate::commands::{collateral, policy};
use crate::error::CliError;
use crate::launcher;
use crate::local::{Isolates, LocalError, Party, Refusal, Target};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, mpsc};
use veracruz_client::{Connection, Ledger, Provisioning, Source, now};
use veracruz_launch::Resources;

/// A host that starts one isolate and leads everybody to it, whomever they ask for. It dies with
/// this process.
pub(super) struct Liar {
    address: SocketAddr,
}

impl Liar {
    /// Starts an isolate with the policy at `policy`, by the genuine attester and from the
    /// genuine image.
    pub(super) fn start(
        isolates: &Isolates,
        attester: &Path,
        policy: &Path,
    ) -> Result<Self, CliError> {
        let document = std::fs::read(policy).map_err(|source| CliError::file(policy, source))?;
        let (isolates, attester) = (isolates.clone(), attester.to_owned());
        let (ready, told) = mpsc::channel();
        std::thread::spawn(move || {
            let executor = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            if let Ok(executor) = executor {
                let lying = lead_astray(&isolates, &attester, document, &ready);
                if let Err(error) = executor.block_on(lying) {
                    let _ = ready.send(Err(CliError::Service(error)));
                }
            }
        });
        let address = told
            .recv()
            .map_err(|_| CliError::Service("the lying host did not start".into()))??;
        Ok(Self { address })
    }

    /// Where it takes connections.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn lead_astray(
    isolates: &Isolates,
    attester: &Path,
    policy: Vec<u8>,
    ready: &mpsc::Sender<Result<SocketAddr, CliError>>,
) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let state = attester.with_file_name("liar");
    let started = launcher::connect(attester, &state, isolates)
        .await
        .map_err(|error| text(&error))?;
    let isolate = started
        .launcher
        .launch(policy.into(), Resources::default())
        .await
        .map_err(|error| text(&error))?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(|error| text(&error))?;
    let address = listener.local_addr().map_err(|error| text(&error))?;
    ready.send(Ok(address)).map_err(|error| text(&error))?;
    loop {
        let (stream, _) = listener.accept().await.map_err(|error| text(&error))?;
        let stream = stream.into_std().map_err(|error| text(&error))?;
        isolate
            .connect(stream)
            .await
            .map_err(|error| text(&error))?;
    }
}

/// Uploads as `party` what its own client would refuse to send.
pub(super) fn upload_unchecked(
    party: &Party,
    target: &Target<'_>,
    path: &str,
    file: &Path,
) -> Result<Value, LocalError> {
    let outcome = crate::commands::computation::block_on(async {
        let policy = policy::load(target.policy)?;
        let identity = veracruz_client::identity::load(&party.identity, None)?;
        let ledger = Ledger::beside(&party.identity);
        let host = target.host.to_string();
        // The party's own, where it has a folder of its own.
        let folder = party.collateral.clone();
        let collateral = collateral::load(&CollateralStoreArgs { folder })?;
        let connection = Connection::open(&host, &policy, &identity, None, now())
            .await?
            .with_collateral(Arc::new(collateral));
        let (mut connection, _) = connection.attest(true, now()).await?;
        let provisioning = Provisioning {
            ledger: &ledger,
            again: false,
            now: now(),
        };
        let path = veracruz_client::FilePath::parse(path)
            .map_err(|_| CliError::argument("a path", &path))?;
        let source = Source::File(file.to_owned());
        connection
            .upload_unchecked(&path, &source, provisioning, &mut |_, _| {})
            .await?;
        Ok(Value::Null)
    });
    outcome.map_err(|error: CliError| LocalError::Refused(Refusal::from(&error)))
}

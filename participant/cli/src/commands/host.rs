//! What runs on the machine that is lent: attester and host.

use crate::args::{AttesterArgs, HostArgs};
use crate::error::CliError;
use crate::find;
use crate::launcher;
use crate::output::{Format, Report, unprotected};
use serde_json::json;
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};
use veracruz_attester::AttesterKey;
use veracruz_server::{Config, Server, VerifierAddress};

/// `attester`: serves until it is killed. Isolates die with it.
pub(crate) fn attester(
    arguments: &AttesterArgs,
    format: Format,
) -> Result<Option<Report>, CliError> {
    let service = |error: &dyn std::fmt::Display| CliError::Service(error.to_string());
    let Some(socket) = arguments.socket.as_ref().filter(|_| !arguments.show_key) else {
        let key = AttesterKey::open(&arguments.state).map_err(|error| service(&error))?;
        let key = key.digest().to_string();
        return Ok(Some(Report::new(json!({ "key": key })).line(key)));
    };
    let config = veracruz_attester::Config {
        state_dir: arguments.state.clone(),
        socket: socket.clone(),
    };
    let ready = |key: &AttesterKey| {
        let key = key.digest().to_string();
        Report::new(json!({ "key": key, "socket": socket }))
            .line(format!("attester {key} listens at {}", socket.display()))
            .line(unprotected("process"))
            .print(format)
            // What it is for is the socket, which is there.
            .unwrap_or_else(|error| error.print(format));
    };
    match veracruz_attester::serve(&config, ready) {
        Err(error) => Err(service(&error)),
    }
}

/// `host`: serves until it is told to stop. Isolates outlive it.
pub(crate) fn host(arguments: &HostArgs, format: Format) -> Result<(), CliError> {
    let service = |error: &dyn std::fmt::Display| CliError::Service(error.to_string());
    let isolates = find::isolates(&arguments.isolates)?;
    private_folder(&arguments.state)?;
    let token = arguments.state.join("management.token");
    let config = Config {
        participants: arguments.listen,
        management: arguments.management,
        token_file: token.clone(),
        verifiers: verifiers(arguments)?,
        limits: arguments.limits.host(),
        resources: arguments.limits.isolate(),
    };
    let work = async {
        let ready = launcher::connect(&arguments.attester, &arguments.state, &isolates).await?;
        let kind = ready.launcher.kind();
        let limited_by = ready.launcher.limited_by();
        let server = Server::bind(config, ready.launcher)
            .await
            .map_err(|error| service(&error))?;
        let participants = server
            .participants_address()
            .map_err(|error| service(&error))?;
        let management = server
            .management_address()
            .map_err(|error| service(&error))?;
        Report::new(json!({
            "participants": participants.to_string(),
            "management": management.to_string(),
            "token": token,
            "kind": kind.as_str(),
            "runtime": ready.measurement,
            "limited_by": limited_by.map(|kept| json!({
                "memory": kept.memory.as_str(),
                "processes": kept.processes.as_str(),
                "cpu": kept.cpu.as_str(),
            })),
        }))
        .line(format!("participants connect to {participants}"))
        .line(format!(
            "computations are managed at {management}, with the token in {}",
            token.display()
        ))
        .line(format!("isolates ({kind}) run {}", ready.measured))
        .lines(limited_by.map(|kept| format!("their limits are kept by {kept}")))
        .lines((!kind.protects_from_host()).then(|| unprotected(kind.as_str())))
        .print(format)?;
        server.run(stop()).await.map_err(|error| service(&error))
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| service(&error))?
        .block_on(work)
}

/// The verifiers that the options name.
fn verifiers(arguments: &HostArgs) -> Result<Vec<VerifierAddress>, CliError> {
    let Some(ca) = &arguments.verifier_ca else {
        return match arguments.verifier.as_slice() {
            [] => Ok(Vec::new()),
            _ => Err(CliError::argument(
                "`--verifier-ca` with `--verifier`",
                &"none",
            )),
        };
    };
    let address = |url: &String| VerifierAddress {
        url: url.clone(),
        ca: ca.clone(),
    };
    Ok(arguments.verifier.iter().map(address).collect())
}

/// A folder for the management token, which only its owner may enter.
fn private_folder(path: &Path) -> Result<(), CliError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| CliError::file(path, source))
}

/// Comes when the operator has had enough.
pub(super) async fn stop() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

//! `verifier serve`.

use super::{folder, service};
use crate::args::VerifierServeArgs;
use crate::commands::host::stop;
use crate::error::CliError;
use crate::output::{Format, Report};
use serde_json::json;
use veracruz_client::{Collateral, CollateralStore};
use veracruz_verifier::Server;

/// Serves until it is told to stop.
pub(crate) fn serve(arguments: &VerifierServeArgs, format: Format) -> Result<(), CliError> {
    let mut config = folder::config(&arguments.folder)?;
    config.listen = arguments.listen.unwrap_or(config.listen);
    config.metrics = arguments.metrics.or(config.metrics);
    let collateral = match &config.collateral {
        Some(folder) => CollateralStore::at(folder).load()?,
        None => Collateral::none(),
    };
    let name = config.name.clone();
    let work = async {
        let server = Server::bind(config, collateral).await.map_err(service)?;
        let address = server.address().map_err(service)?;
        let metrics = server.metrics_address().map_err(service)?;
        let ear_key = server.ear_key().digest().to_string();
        let report = Report::new(json!({
            "name": name,
            "address": address.to_string(),
            "metrics": metrics.map(|metrics| metrics.to_string()),
            "ear_key": ear_key,
        }))
        .line(format!("verifier {name} listens at {address}"))
        .line(format!("its results are signed by the key {ear_key}"));
        match metrics {
            Some(metrics) => report.line(format!("its metrics are at http://{metrics}/metrics")),
            None => report,
        }
        .print(format)?;
        server.run(stop()).await.map_err(service)
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(service)?
        .block_on(work)
}

//! The launcher of the kind of isolate that was asked for.

use crate::error::CliError;
use crate::local::Isolates;
use std::path::Path;
use std::sync::Arc;
use veracruz_images::MachineImage;
use veracruz_launch::process::ProcessLauncher;
use veracruz_launch::{Launcher, RuntimeImage, microvm};

/// What starts isolates, and what they measure to.
pub(crate) struct Ready {
    pub(crate) launcher: Arc<dyn Launcher>,
    /// What of it a policy names, in words: `the runtime 0123…`.
    pub(crate) measured: String,
    /// The same for a program: the measurement alone.
    pub(crate) measurement: String,
}

/// Connects to the attester at `socket`, and has it measure what isolates are started from.
pub(crate) async fn connect(socket: &Path, isolates: &Isolates) -> Result<Ready, CliError> {
    let service = |error: veracruz_launch::LaunchError| CliError::Service(error.to_string());
    match isolates {
        Isolates::Process { runtime } => {
            let image = RuntimeImage::open(runtime).map_err(service)?;
            let launcher = ProcessLauncher::connect(socket, image)
                .await
                .map_err(service)?;
            let measurement = launcher.measurement().to_string();
            Ok(Ready {
                launcher: Arc::new(launcher),
                measured: format!("the runtime {measurement}"),
                measurement,
            })
        }
        Isolates::Microvm { image } => {
            let image = MachineImage::open(image)?;
            let launcher = microvm::launcher(socket, &image).await.map_err(service)?;
            let measurement = launcher.measurement().to_string();
            Ok(Ready {
                launcher: Arc::new(launcher),
                measured: format!("the machine {measurement}"),
                measurement,
            })
        }
    }
}

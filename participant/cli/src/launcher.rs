//! The launcher of the kind of isolate that was asked for.

use crate::error::CliError;
use crate::local::Isolates;
use std::path::Path;
use std::sync::Arc;
use veracruz_images::{MachineImage, NitroImage};
use veracruz_launch::measured::Firmware;
use veracruz_launch::nitro::{NitroCli, NitroLauncher};
use veracruz_launch::process::ProcessLauncher;
use veracruz_launch::{Launcher, RuntimeImage, measured, microvm, nitro, protected};

/// What starts isolates, and what they measure to.
pub(crate) struct Ready {
    pub(crate) launcher: Arc<dyn Launcher>,
    /// What of it a policy names, in words: `the runtime 0123…`.
    pub(crate) measured: String,
    /// The same for a program: the measurement alone.
    pub(crate) measurement: String,
}

/// Connects to the attester at `socket`, and has it measure what isolates are started from. What a
/// host must know of isolates that are not the attester's is kept in `state`.
pub(crate) async fn connect(
    socket: &Path,
    state: &Path,
    isolates: &Isolates,
) -> Result<Ready, CliError> {
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
        Isolates::MicrovmMeasured { image, firmware } => {
            let image = MachineImage::open(image)?;
            let firmware = Firmware::read(firmware).map_err(service)?;
            let launcher = measured::launcher(socket, &image, &firmware)
                .await
                .map_err(service)?;
            let measurement = launcher.measurement().to_string();
            Ok(Ready {
                launcher: Arc::new(launcher),
                measured: format!("the parts {measurement}, of which a TPM tells"),
                measurement,
            })
        }
        Isolates::Nitro { image } => {
            let file = NitroImage::path(image);
            let image = NitroImage::open(image)?;
            let cli = NitroCli::at("nitro-cli");
            let launcher = NitroLauncher::connect(cli, file, state)
                .await
                .map_err(service)?;
            Ok(enclave(Arc::new(launcher), &image))
        }
        Isolates::Protected {
            kind,
            image,
            firmware,
        } => {
            let image = MachineImage::open(image)?;
            let firmware = firmware
                .as_deref()
                .map(|path| std::fs::read(path).map_err(|source| CliError::file(path, source)))
                .transpose()?;
            let launcher = protected::launcher(socket, *kind, &image, firmware.as_deref())
                .await
                .map_err(service)?;
            let measurement = launcher.measurement().to_string();
            Ok(Ready {
                launcher: Arc::new(launcher),
                measured: format!("the machine {measurement}"),
                measurement,
            })
        }
        Isolates::NitroEmulated { image } => {
            let image = NitroImage::open(image)?;
            let launcher = nitro::emulated(socket, &image).await.map_err(service)?;
            Ok(enclave(Arc::new(launcher), &image))
        }
    }
}

/// What starts enclaves says nothing of what they measure to: that is in the image.
fn enclave(launcher: Arc<dyn Launcher>, image: &NitroImage) -> Ready {
    let measurement = image.pcrs().image.to_string();
    Ready {
        launcher,
        measured: format!("the enclave with PCR 0 {measurement}"),
        measurement,
    }
}

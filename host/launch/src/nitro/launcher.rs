//! Has `nitro-cli` start enclaves on this parent instance.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use veracruz_policy::{InstanceId, PolicyHash};

use super::cli::{Enclave, NitroCli, Order};
use super::enclave::{Guard, Guest, Running};
use crate::local::{Control, LocalIsolate};
use crate::machine::CONTROL;
use crate::{BoxFuture, Installed, Isolate, Kind, LaunchError, Launcher, Resources};

/// What an enclave has where its operator says nothing else.
pub(super) const MEMORY: u64 = 4 << 30;
/// Processors of an enclave: one core, where a core has two threads.
pub(super) const PROCESSORS: u32 = 2;
/// What enclaves are called, so that a host that comes again tells its own from others.
const NAME: &str = "veracruz";
/// How long an enclave may take from its first sign of life until its policy is installed.
const DEADLINE: Duration = Duration::from_secs(60);
const MEBIBYTE: u64 = 1 << 20;

/// Starts Nitro enclaves. They are not children of the attester: Amazon's hypervisor starts them,
/// and its module vouches for them.
#[derive(Debug)]
pub struct NitroLauncher {
    cli: NitroCli,
    image: PathBuf,
    notes: PathBuf,
}

impl NitroLauncher {
    /// A launcher of enclaves from the EIF at `image`, by `cli`. What a host that comes again must
    /// know of its enclaves is kept in the folder `state`.
    ///
    /// # Errors
    ///
    /// [`LaunchError::NitroCli`] where this machine is no parent instance; [`LaunchError::Io`] where
    /// the folder cannot be made.
    pub async fn connect(
        cli: NitroCli,
        image: impl AsRef<Path>,
        state: impl AsRef<Path>,
    ) -> Result<Self, LaunchError> {
        let notes = state.as_ref().join("enclaves");
        std::fs::create_dir_all(&notes)?;
        let launcher = Self {
            cli,
            image: image.as_ref().to_path_buf(),
            notes,
        };
        // Only whether it answers counts.
        launcher.blocking(NitroCli::describe).await?;
        Ok(launcher)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&NitroCli) -> Result<T, LaunchError> + Send + 'static,
    ) -> Result<T, LaunchError> {
        let cli = self.cli.clone();
        tokio::task::spawn_blocking(move || call(&cli))
            .await
            .map_err(|_| LaunchError::ShuttingDown)?
    }

    async fn launch_and_install(
        &self,
        policy: Arc<[u8]>,
        resources: Resources,
    ) -> Result<Arc<dyn Isolate>, LaunchError> {
        let order = Order {
            image: self.image.clone(),
            name: NAME.into(),
            memory: MEMORY.min(resources.memory).div_ceil(MEBIBYTE),
            processors: PROCESSORS,
        };
        let cli = self.cli.clone();
        let (running, guard) = self
            .blocking(move |found| {
                let running = Arc::new(Running::new(&cli, found.run(&order)?));
                let guard = Guard::new(&running);
                Ok((running, guard))
            })
            .await?;
        let guest = Guest {
            cid: running.enclave.cid,
        };
        let installing = async {
            let mut control = Control::new(guest.reach(CONTROL).await);
            let installed = control.install(&policy).await?;
            Ok::<_, LaunchError>((control, installed))
        };
        let (control, installed) = timeout(DEADLINE, installing)
            .await
            .map_err(|_elapsed| LaunchError::Silent)??;
        self.note(&running.enclave, installed)?;
        let name = running.enclave.id.clone();
        let isolate =
            LocalIsolate::with_parent(running, name, Kind::Nitro, installed, control, guest);
        guard.release();
        Ok(Arc::new(isolate))
    }

    async fn adopt_all(&self) -> Result<Vec<Arc<dyn Isolate>>, LaunchError> {
        let mut adopted: Vec<Arc<dyn Isolate>> = Vec::new();
        for enclave in self.blocking(NitroCli::describe).await? {
            if enclave.name != NAME {
                continue;
            }
            let id = enclave.id.clone();
            match self.adopt_one(enclave).await {
                Ok(isolate) => adopted.push(isolate),
                Err(error) => tracing::warn!(enclave = id, %error, "not adopted"),
            }
        }
        Ok(adopted)
    }

    async fn adopt_one(&self, enclave: Enclave) -> Result<Arc<dyn Isolate>, LaunchError> {
        let installed = self.noted(&enclave).ok_or(LaunchError::Confused)?;
        let guest = Guest { cid: enclave.cid };
        let control = Control::new(guest.dial(CONTROL).await?);
        let name = enclave.id.clone();
        let parent = Arc::new(Running::new(&self.cli, enclave));
        let isolate =
            LocalIsolate::with_parent(parent, name, Kind::Nitro, installed, control, guest);
        Isolate::health(&isolate).await?;
        Ok(Arc::new(isolate))
    }

    /// Leaves a note for a host that adopts this enclave after a restart.
    fn note(&self, enclave: &Enclave, installed: Installed) -> Result<(), LaunchError> {
        let text = format!("{}\n{}\n", installed.policy, installed.instance);
        Ok(std::fs::write(self.notes.join(&enclave.id), text)?)
    }

    fn noted(&self, enclave: &Enclave) -> Option<Installed> {
        let text = std::fs::read_to_string(self.notes.join(&enclave.id)).ok()?;
        let mut lines = text.lines();
        Some(Installed {
            policy: lines.next()?.parse::<PolicyHash>().ok()?,
            instance: lines.next()?.parse::<InstanceId>().ok()?,
        })
    }
}

impl Launcher for NitroLauncher {
    fn kind(&self) -> Kind {
        Kind::Nitro
    }

    fn launch(
        &self,
        policy: Arc<[u8]>,
        resources: Resources,
    ) -> BoxFuture<'_, Result<Arc<dyn Isolate>, LaunchError>> {
        Box::pin(self.launch_and_install(policy, resources))
    }

    fn adopt(&self) -> BoxFuture<'_, Result<Vec<Arc<dyn Isolate>>, LaunchError>> {
        Box::pin(self.adopt_all())
    }
}

//! Has the attester start `process` isolates.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use veracruz_attester::{Client, ClientError, Hello, IsolateState, Launched, Listed, Refusal};
use veracruz_policy::{InstanceId, Sha256};

use super::handover::Handover;
use crate::local::{Control, Guard, LocalIsolate, call, explain};
use crate::{
    BoxFuture, Installed, Isolate, Kind, LaunchError, Launcher, LimitedBy, Loss, Resources,
    RuntimeImage,
};

/// How long an isolate may take from its start until its policy is installed.
const DEADLINE: Duration = Duration::from_secs(10);

/// Starts `process` isolates through an attester.
#[derive(Debug)]
pub struct ProcessLauncher {
    client: Arc<Client>,
    image: Arc<RuntimeImage>,
    digest: Sha256,
    attester: Hello,
    deadline: Duration,
}

impl ProcessLauncher {
    /// Connects to the attester that listens at `socket`, and has it measure the runtime.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Attester`] where it cannot be reached, or does not take the image.
    pub async fn connect(
        socket: impl AsRef<Path>,
        image: RuntimeImage,
    ) -> Result<Self, LaunchError> {
        let client = Arc::new(Client::new(socket));
        let image = Arc::new(image);
        let attester = call(&client, Client::hello).await?;
        let digest = register(&client, &image).await?;
        Ok(Self {
            client,
            image,
            digest,
            attester,
            deadline: DEADLINE,
        })
    }

    /// Sets how long an isolate may take from its start until its policy is installed; 10 seconds
    /// unless told otherwise.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The SHA-256 of the runtime as the attester measured it: what policies name.
    #[must_use]
    pub fn measurement(&self) -> Sha256 {
        self.digest
    }

    /// The attester, as it presented itself. Its key is what policies name.
    #[must_use]
    pub fn attester(&self) -> &Hello {
        &self.attester
    }

    async fn start(
        &self,
        policy: &Arc<[u8]>,
        resources: &Resources,
    ) -> Result<(Launched, Guard), LaunchError> {
        match self.start_once(policy, resources).await {
            // The attester was restarted, or has seen many images since.
            Err(LaunchError::Attester(ClientError::Refused(Refusal::UnknownImage { .. }))) => {
                let found = register(&self.client, &self.image).await?;
                if found != self.digest {
                    let digest = *self.digest.as_bytes();
                    return Err(ClientError::Refused(Refusal::UnknownImage { digest }).into());
                }
                self.start_once(policy, resources).await
            }
            other => other,
        }
    }

    async fn start_once(
        &self,
        policy: &Arc<[u8]>,
        resources: &Resources,
    ) -> Result<(Launched, Guard), LaunchError> {
        let (policy, resources, digest) = (Arc::clone(policy), resources.clone(), self.digest);
        let owner = Arc::clone(&self.client);
        call(&self.client, move |client| {
            let launched = client.launch(&digest, &policy, &resources)?;
            let guard = Guard::new(&owner, launched.id);
            Ok((launched, guard))
        })
        .await
    }

    async fn launch_and_install(
        &self,
        policy: Arc<[u8]>,
        resources: Resources,
    ) -> Result<Arc<dyn Isolate>, LaunchError> {
        let (launched, guard) = self.start(&policy, &resources).await?;
        let id = launched.id;
        let mut control = Control::of_descriptor(launched.control)?;
        let handover = Handover::new(launched.connections)?;
        let installed = match timeout(self.deadline, control.install(&policy)).await {
            Ok(Ok(installed)) => installed,
            Ok(Err(error)) => return Err(explain(error, guard.end().await)),
            Err(_elapsed) => {
                guard.end().await?;
                return Err(LaunchError::Silent);
            }
        };
        // For a host that adopts it after a restart.
        let note = *installed.instance.as_bytes();
        call(&self.client, move |client| client.remember(id, &note)).await?;
        let isolate = LocalIsolate::new(
            &self.client,
            id,
            Kind::Process,
            installed,
            control,
            handover,
        );
        guard.release();
        Ok(Arc::new(isolate))
    }

    async fn adopt_all(&self) -> Result<Vec<Arc<dyn Isolate>>, LaunchError> {
        let mut adopted: Vec<Arc<dyn Isolate>> = Vec::new();
        let ours = |listed: &Listed| listed.kind == Kind::Process.as_str();
        let listed = call(&self.client, Client::list).await?;
        for listed in listed.into_iter().filter(ours) {
            match listed.state {
                IsolateState::Running { .. } => match self.adopt_one(&listed).await {
                    Ok(isolate) => adopted.push(isolate),
                    Err(error) => tracing::warn!(isolate = %listed.id, %error, "not adopted"),
                },
                IsolateState::Ended(_) => {}
            }
        }
        Ok(adopted)
    }

    async fn adopt_one(&self, listed: &Listed) -> Result<Arc<dyn Isolate>, LaunchError> {
        let id = listed.id;
        let launched = call(&self.client, move |client| client.attach(id)).await?;
        let Ok(instance) = <[u8; 32]>::try_from(launched.note.as_slice()) else {
            // The host died before a policy was installed: nobody can have used this one.
            Guard::new(&self.client, id).end().await?;
            let loss = Loss::Stopped;
            return Err(LaunchError::Lost { loss });
        };
        let installed = Installed {
            policy: listed.policy,
            instance: InstanceId::from_bytes(instance),
        };
        let control = Control::of_descriptor(launched.control)?;
        control.forget_what_waits();
        let handover = Handover::new(launched.connections)?;
        let isolate = LocalIsolate::new(
            &self.client,
            id,
            Kind::Process,
            installed,
            control,
            handover,
        );
        isolate.adopted().await
    }
}

impl Launcher for ProcessLauncher {
    fn kind(&self) -> Kind {
        Kind::Process
    }

    fn limited_by(&self) -> Option<LimitedBy> {
        Some(self.attester.limited_by)
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

async fn register(client: &Arc<Client>, image: &Arc<RuntimeImage>) -> Result<Sha256, LaunchError> {
    let image = Arc::clone(image);
    call(client, move |client| client.register(image.file())).await
}

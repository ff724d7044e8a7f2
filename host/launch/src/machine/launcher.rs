//! Has the attester start virtual machines.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use veracruz_attester::{
    Client, ClientError, Hello, IsolateState, LaunchedMachine, Listed, Refusal,
};
use veracruz_machine::Description;
use veracruz_policy::{InstanceId, Sha256};

use super::dial::{CONTROL, Guest};
use super::parts::MachineParts;
use crate::local::{Control, Guard, LocalIsolate, call, explain};
use crate::{BoxFuture, Installed, Isolate, Kind, LaunchError, Launcher, Loss, Resources};

/// How long a machine may take from its start until its policy is installed: a guest whose
/// instructions are translated, on a machine that has much to do.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long a guest may take to speak to a host that comes again.
const ADOPTION: Duration = Duration::from_secs(5);

/// Starts machines of one kind through an attester.
#[derive(Debug)]
pub struct MachineLauncher {
    client: Arc<Client>,
    kind: Kind,
    parts: Arc<MachineParts>,
    description: Description,
    digest: Sha256,
    attester: Hello,
    deadline: Duration,
}

impl MachineLauncher {
    /// Connects to the attester that listens at `socket`, and has it measure the parts. Machines
    /// will be of this description; their kind is noted in it.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Attester`] where it cannot be reached, or does not take the parts.
    pub async fn connect(
        socket: impl AsRef<Path>,
        kind: Kind,
        parts: MachineParts,
        description: Description,
    ) -> Result<Self, LaunchError> {
        let client = Arc::new(Client::new(socket));
        let parts = Arc::new(parts);
        let attester = call(&client, Client::hello).await?;
        let digest = register(&client, &parts).await?;
        let description = Description {
            kind: kind.as_str().into(),
            ..description
        };
        Ok(Self {
            client,
            kind,
            parts,
            description,
            digest,
            attester,
            deadline: DEADLINE,
        })
    }

    /// Sets how long a machine may take from its start until its policy is installed; 60 seconds
    /// unless told otherwise.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The measurement of the parts, as the attester made it: of a plain machine, what policies
    /// name.
    #[must_use]
    pub fn measurement(&self) -> Sha256 {
        self.digest
    }

    /// The attester, as it presented itself. Its key is what policies name where it vouches.
    #[must_use]
    pub fn attester(&self) -> &Hello {
        &self.attester
    }

    async fn start(
        &self,
        policy: &Arc<[u8]>,
        description: &Description,
        resources: &Resources,
    ) -> Result<(LaunchedMachine, Guard), LaunchError> {
        match self.start_once(policy, description, resources).await {
            // The attester was restarted, or has seen many images since.
            Err(LaunchError::Attester(ClientError::Refused(Refusal::UnknownImage { .. }))) => {
                register(&self.client, &self.parts).await?;
                self.start_once(policy, description, resources).await
            }
            other => other,
        }
    }

    async fn start_once(
        &self,
        policy: &Arc<[u8]>,
        description: &Description,
        resources: &Resources,
    ) -> Result<(LaunchedMachine, Guard), LaunchError> {
        let (policy, description) = (Arc::clone(policy), description.clone());
        let resources = resources.clone();
        let (digest, owner) = (self.digest, Arc::clone(&self.client));
        call(&self.client, move |client| {
            let launched = client.launch_machine(&digest, &policy, &description, &resources)?;
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
        let description = self.within(&resources);
        let (launched, guard) = self.start(&policy, &description, &resources).await?;
        let (id, kvm) = (launched.id, launched.kvm);
        tracing::debug!(isolate = %id, kvm, "machine started");
        let guest = Guest::of(&launched.folder);
        let installing = async {
            let mut control = Control::new(guest.reach(CONTROL).await?);
            let installed = control.install(&policy).await?;
            Ok::<_, LaunchError>((control, installed))
        };
        let (control, installed) = match timeout(self.deadline, installing).await {
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
        let isolate = LocalIsolate::new(&self.client, id, self.kind, installed, control, guest);
        guard.release();
        Ok(Arc::new(isolate))
    }

    /// The description of a machine that has no more memory than it may have.
    fn within(&self, resources: &Resources) -> Description {
        const MEBIBYTE: u64 = 1 << 20;
        let most = resources.memory - resources.memory % MEBIBYTE;
        Description {
            memory: self.description.memory.min(most),
            ..self.description.clone()
        }
    }

    async fn adopt_all(&self) -> Result<Vec<Arc<dyn Isolate>>, LaunchError> {
        let mut adopted: Vec<Arc<dyn Isolate>> = Vec::new();
        for listed in call(&self.client, Client::list).await? {
            let runs = matches!(listed.state, IsolateState::Running { .. });
            if !runs || listed.kind != self.kind.as_str() {
                continue;
            }
            match self.adopt_one(&listed).await {
                Ok(isolate) => adopted.push(isolate),
                Err(error) => tracing::warn!(isolate = %listed.id, %error, "not adopted"),
            }
        }
        Ok(adopted)
    }

    async fn adopt_one(&self, listed: &Listed) -> Result<Arc<dyn Isolate>, LaunchError> {
        let id = listed.id;
        let launched = call(&self.client, move |client| client.attach_machine(id)).await?;
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
        let guest = Guest::of(&launched.folder);
        // The guest hears the old host hang up, and takes this call then.
        let control = timeout(ADOPTION, guest.dial(CONTROL)).await;
        let control = Control::new(control.map_err(|_| LaunchError::Silent)??);
        let isolate = LocalIsolate::new(&self.client, id, self.kind, installed, control, guest);
        isolate.adopted().await
    }
}

impl Launcher for MachineLauncher {
    fn kind(&self) -> Kind {
        self.kind
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

async fn register(client: &Arc<Client>, parts: &Arc<MachineParts>) -> Result<Sha256, LaunchError> {
    let parts = Arc::clone(parts);
    call(client, move |client| {
        client.register_machine(&parts.borrow())
    })
    .await
}

//! The attester's blocking client, called from async code.

use std::sync::Arc;

use veracruz_attester::{Client, ClientError, Exit, IsolateId, Refusal};

use crate::{LaunchError, Loss};

/// Runs a blocking call to the attester on a thread that may block.
pub(crate) async fn call<T: Send + 'static>(
    client: &Arc<Client>,
    call: impl FnOnce(&Client) -> Result<T, ClientError> + Send + 'static,
) -> Result<T, LaunchError> {
    let client = Arc::clone(client);
    let called = tokio::task::spawn_blocking(move || call(&client)).await;
    Ok(called.map_err(|_| LaunchError::ShuttingDown)??)
}

/// Ends an isolate, if it has not ended already, and says how it did.
pub(crate) fn end(client: &Client, id: IsolateId) -> Result<Loss, ClientError> {
    match client.stop(id) {
        Ok(Exit::Code(code)) => Ok(Loss::Exited(code)),
        Ok(Exit::Signal(signal)) => Ok(Loss::Signalled(signal)),
        // Somebody else stopped it, or the attester was restarted, which no isolate survives.
        Ok(Exit::Unknown) | Err(ClientError::Refused(Refusal::UnknownIsolate { .. })) => {
            Ok(Loss::Unknown)
        }
        Err(error) => Err(error),
    }
}

/// Ends an isolate that nobody took over, also where the launching future is dropped half-way.
pub(crate) struct Guard {
    client: Arc<Client>,
    id: Option<IsolateId>,
}

impl Guard {
    pub(crate) fn new(client: &Arc<Client>, id: IsolateId) -> Self {
        Self {
            client: Arc::clone(client),
            id: Some(id),
        }
    }

    /// The isolate has an owner now.
    pub(crate) fn release(mut self) {
        self.id = None;
    }

    /// Ends it and waits until it is gone.
    pub(crate) async fn end(mut self) -> Result<Loss, LaunchError> {
        match self.id.take() {
            Some(id) => call(&self.client, move |client| end(client, id)).await,
            None => Ok(Loss::Unknown),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let client = Arc::clone(&self.client);
        // Not a task: the runtime may be gone.
        let ending = std::thread::Builder::new().spawn(move || end(&client, id));
        if ending.is_err() {
            tracing::warn!(isolate = %id, "an isolate without owner could not be stopped");
        }
    }
}

/// Says how an isolate ended that closed its channel instead of answering.
pub(crate) fn explain(error: LaunchError, ended: Result<Loss, LaunchError>) -> LaunchError {
    match (error, ended) {
        (LaunchError::Lost { .. } | LaunchError::Io(_), Ok(loss)) => LaunchError::Lost { loss },
        (error, _) => error,
    }
}

//! A running enclave: how it is dialled, and how it is ended.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};
use vsock::VsockStream;

use super::cli::{Enclave, NitroCli};
use crate::local::{Door, Parent};
use crate::machine::{CONNECTIONS, carry};
use crate::{BoxFuture, LaunchError, Loss};

/// Between two attempts to reach an enclave that is starting.
const PAUSE: Duration = Duration::from_millis(50);
/// How long an enclave that has started may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The way into an enclave: its number on vsock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guest {
    pub(super) cid: u32,
}

impl Guest {
    /// Dials an enclave that may still be starting, without end: until it answers.
    pub(super) async fn reach(self, port: u32) -> UnixStream {
        loop {
            match self.dial(port).await {
                Ok(stream) => return stream,
                Err(error) => tracing::trace!(%error, "not yet"),
            }
            sleep(PAUSE).await;
        }
    }

    /// Dials an enclave that has started.
    pub(super) async fn dial(self, port: u32) -> io::Result<UnixStream> {
        let cid = self.cid;
        // The family has no asynchronous connect here; the kernel gives up after two seconds.
        let dialling =
            tokio::task::spawn_blocking(move || VsockStream::connect_with_cid_port(cid, port));
        let dialled = timeout(ANSWER, dialling).await;
        let stream = dialled
            .map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))?
            .map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))??;
        let socket = stream.as_fd().try_clone_to_owned()?;
        // A stream socket, whatever its family: only its read and write are used.
        let stream = std::os::unix::net::UnixStream::from(socket);
        stream.set_nonblocking(true)?;
        UnixStream::from_std(stream)
    }
}

impl Door for Guest {
    fn pass(&self, accepted: TcpStream) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move { carry(accepted, self.dial(CONNECTIONS).await?) })
    }
}

/// An enclave as its parent instance knows it. Dropped, it lives on: isolates outlive the host.
#[derive(Clone, Debug)]
pub(super) struct Running {
    cli: NitroCli,
    pub(super) enclave: Enclave,
}

impl Running {
    pub(super) fn new(cli: &NitroCli, enclave: Enclave) -> Self {
        let cli = cli.clone();
        Self { cli, enclave }
    }

    /// Ends it, if it has not ended already. Nothing tells how an enclave ended.
    fn end_now(&self) -> Result<Loss, LaunchError> {
        match self.cli.terminate(&self.enclave.id) {
            Ok(()) => Ok(Loss::Stopped),
            Err(error) => {
                let running = self.cli.describe()?;
                if running.iter().any(|other| other.id == self.enclave.id) {
                    return Err(error);
                }
                Ok(Loss::Unknown)
            }
        }
    }
}

impl Parent for Running {
    fn end(&self) -> BoxFuture<'_, Result<Loss, LaunchError>> {
        let running = self.clone();
        Box::pin(async move {
            tokio::task::spawn_blocking(move || running.end_now())
                .await
                .map_err(|_| LaunchError::ShuttingDown)?
        })
    }
}

/// Ends an enclave that nobody took over, also where the launching future is dropped half-way.
pub(super) struct Guard(Option<Arc<Running>>);

impl Guard {
    pub(super) fn new(running: &Arc<Running>) -> Self {
        Self(Some(Arc::clone(running)))
    }

    /// The enclave has an owner now.
    pub(super) fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(running) = self.0.take() else { return };
        // Not a task: the runtime may be gone.
        let ending = std::thread::Builder::new().spawn(move || {
            if let Err(error) = running.end_now() {
                tracing::warn!(enclave = %running.enclave.id, %error, "not stopped");
            }
        });
        if ending.is_err() {
            tracing::warn!("an enclave without owner could not be stopped");
        }
    }
}

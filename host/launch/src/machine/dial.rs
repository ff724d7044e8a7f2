//! Dialling a guest, over the socket of the daemon behind its vsock device.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// Where guests listen for connections of participants.
pub(crate) const CONNECTIONS: u32 = 7470;
/// Where they listen for the control channel.
pub(crate) const CONTROL: u32 = 7471;
/// Between two attempts to reach a guest that is starting.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a call may be without an answer until it is followed by another.
const ATTEMPT: Duration = Duration::from_secs(1);
/// How long a guest that has started may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// The longest answer: `OK`, a number, a line break.
const MAX_ANSWER: usize = 32;

/// The guest of one machine.
#[derive(Clone, Debug)]
pub(super) struct Guest {
    socket: PathBuf,
    /// Is there while the guest starts.
    starting: PathBuf,
}

impl Guest {
    /// The guest of the machine whose folder this is.
    pub(super) fn of(folder: &Path) -> Self {
        Self {
            socket: folder.join(veracruz_machine::SOCKET),
            starting: folder.join(veracruz_machine::STARTING),
        }
    }

    /// Dials a guest that may still be starting, without end: until it answers.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::ConnectionReset`] where the machine is gone.
    pub(super) async fn reach(&self, port: u32) -> io::Result<UnixStream> {
        while self.starting.try_exists()? {
            sleep(PAUSE).await;
        }
        loop {
            match self.try_to_reach(port).await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                other => return other,
            }
            sleep(PAUSE).await;
        }
    }

    /// Dials a guest that has started.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::ConnectionReset`] where the machine is gone or does not take the connection,
    /// [`io::ErrorKind::TimedOut`] where it does not answer.
    pub(super) async fn dial(&self, port: u32) -> io::Result<UnixStream> {
        match timeout(ANSWER, self.try_to_reach(port)).await {
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Ok(dialled) => dialled,
            Err(_elapsed) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Dials until there is an answer: a call without one is followed by another. The daemon
    /// (`vhost-device-vsock` 0.3) ends where nobody is there any more to be told that the guest has
    /// answered, so that none is ever given up: the answer to a forgotten one, should it come, is
    /// taken and dropped.
    async fn try_to_reach(&self, port: u32) -> io::Result<UnixStream> {
        let (answered, mut answers) = mpsc::channel(1);
        loop {
            let (socket, answered) = (self.socket.clone(), answered.clone());
            tokio::spawn(async move {
                let dialled = dial(&socket, port).await;
                // Nobody waits any more where another one was answered, or all were given up.
                let _ = answered.send(dialled).await;
            });
            match timeout(ATTEMPT, answers.recv()).await {
                Ok(Some(answer)) => return answer,
                Ok(None) => return Err(io::ErrorKind::ConnectionReset.into()),
                Err(_elapsed) => {}
            }
        }
    }
}

/// One attempt. `ConnectionRefused`: the guest does not listen (yet); `ConnectionReset`: the machine
/// is gone.
async fn dial(socket: &Path, port: u32) -> io::Result<UnixStream> {
    let gone = |_| io::Error::from(io::ErrorKind::ConnectionReset);
    let refused = |_| io::Error::from(io::ErrorKind::ConnectionRefused);
    let mut stream = UnixStream::connect(socket).await.map_err(gone)?;
    let command = format!("CONNECT {port}\n");
    stream
        .write_all(command.as_bytes())
        .await
        .map_err(refused)?;
    let mut answer = Vec::new();
    // Byte by byte: what follows the line is the guest's.
    while answer.last() != Some(&b'\n') && answer.len() < MAX_ANSWER {
        answer.push(stream.read_u8().await.map_err(refused)?);
    }
    if answer.starts_with(b"OK ") {
        Ok(stream)
    } else {
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    /// A daemon that answers each connection with one of these; an empty one closes it.
    fn daemon(answers: &'static [&'static str]) -> (tempfile::TempDir, Guest) {
        let folder = tempfile::tempdir().unwrap();
        let guest = Guest::of(folder.path());
        let listener = UnixListener::bind(&guest.socket).unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut command = [0; 13];
                stream.read_exact(&mut command).await.unwrap();
                assert_eq!(&command, b"CONNECT 7470\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (folder, guest)
    }

    #[tokio::test]
    async fn a_guest_that_is_starting_is_dialled_until_it_listens() {
        let (_folder, guest) = daemon(&["", "", "OK 7470\nhello"]);
        let mut stream = guest.reach(CONNECTIONS).await.unwrap();
        let mut first = [0; 5];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"hello", "what follows the answer is the guest's");
    }

    #[tokio::test]
    async fn an_enclave_is_not_dialled_before_its_first_sign_of_life() {
        let (_folder, guest) = daemon(&["OK 7470\n"]);
        std::fs::write(&guest.starting, "").unwrap();
        let early = timeout(10 * PAUSE, guest.reach(CONNECTIONS)).await;
        assert!(early.is_err(), "the daemon would have answered");
        std::fs::remove_file(&guest.starting).unwrap();
        guest.reach(CONNECTIONS).await.unwrap();
    }

    #[tokio::test]
    async fn a_machine_that_is_gone_is_not_dialled_for_ever() {
        let (folder, guest) = daemon(&[]);
        drop(folder);
        for outcome in [
            guest.reach(CONNECTIONS).await,
            guest.dial(CONNECTIONS).await,
        ] {
            assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_none_or_never_ends_is_a_refusal() {
        let (_folder, guest) = daemon(&["NO\n", "OKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOK"]);
        for _ in 0..2 {
            let refused = guest.dial(CONNECTIONS).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionReset);
        }
    }

    #[tokio::test]
    async fn a_call_that_is_forgotten_is_followed_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let guest = Guest::of(folder.path());
        let listener = UnixListener::bind(&guest.socket).unwrap();
        let daemon = tokio::spawn(async move {
            let mut command = [0; 13];
            let (mut forgotten, _) = listener.accept().await.unwrap();
            forgotten.read_exact(&mut command).await.unwrap();
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut command).await.unwrap();
            stream.write_all(b"OK 7470\n").await.unwrap();
            // It would end if the one that it forgot were gone.
            forgotten.write_all(b"OK 7470\n").await
        });
        guest.dial(CONNECTIONS).await.unwrap();
        daemon.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_that_hangs_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let guest = Guest::of(folder.path());
        let _listener = UnixListener::bind(&guest.socket).unwrap();
        let late = guest.dial(CONNECTIONS).await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }
}

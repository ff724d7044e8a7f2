//! The parent of a guest, as far as the guest can tell: it waits on vsock port 9000 for the byte 0xB7
//! and sends it back, as `nitro-cli` does for enclaves (AWS Nitro Enclaves CLI, `enclave_proc`).

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use crate::{User, vsock};

/// The byte, and its answer.
const BEAT: u8 = 0xb7;
/// The guest dials and sends in one go.
const PATIENCE: Duration = Duration::from_secs(1);

/// Waits for the first sign of life of a guest.
#[derive(Default)]
pub(super) struct Heartbeat(Option<UnixListener>);

impl Heartbeat {
    /// Listens where the daemon of vsock, which runs as `user`, brings what the guest dials. The
    /// current folder is the machine's.
    pub(super) fn listen(user: Option<User>) -> io::Result<Self> {
        let listener = UnixListener::bind(vsock::STARTING)?;
        listener.set_nonblocking(true)?;
        if let Some(User { uid, gid }) = user {
            chown(vsock::STARTING, Some(uid), Some(gid))?;
        }
        Ok(Self(Some(listener)))
    }

    /// Readable when the guest dials.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(AsFd::as_fd)
    }

    /// Answers a guest that has dialled, once. One that says something else is not answered;
    /// what it is worth is judged by its evidence.
    pub(super) fn answer(&mut self) {
        let Some((mut guest, _)) = self.0.as_ref().and_then(|socket| socket.accept().ok()) else {
            return;
        };
        self.0 = None;
        // Whoever wants to dial waits for this. Where it stays, the host gives up.
        let _ = std::fs::remove_file(vsock::STARTING);
        let mut beat = [0];
        let answered = guest
            .set_nonblocking(false)
            .and_then(|()| guest.set_read_timeout(Some(PATIENCE)))
            .and_then(|()| guest.read_exact(&mut beat));
        if answered.is_ok() && beat == [BEAT] {
            let _ = guest.write_all(&beat);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    /// What an enclave that says `said` hears, and whether somebody still listens afterwards.
    fn heard(said: &[u8]) -> (Vec<u8>, bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut heartbeat = Heartbeat(Some(listener));
        heartbeat.answer();
        assert!(heartbeat.descriptor().is_some(), "nobody has dialled yet");
        let mut guest = UnixStream::connect(&path).unwrap();
        guest.write_all(said).unwrap();
        guest.shutdown(std::net::Shutdown::Write).unwrap();
        heartbeat.answer();
        let mut answer = Vec::new();
        guest.read_to_end(&mut answer).unwrap();
        (answer, heartbeat.descriptor().is_some())
    }

    #[test]
    fn the_first_sign_of_life_is_sent_back_and_no_other() {
        assert_eq!(heard(&[BEAT]), (vec![BEAT], false));
        assert_eq!(heard(&[0]), (vec![], false));
        assert_eq!(heard(&[]), (vec![], false));
    }
}

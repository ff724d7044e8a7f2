//! The attester's socket, one for a state directory.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::process::umask;

use super::{Config, ServeError};

/// How long the janitor of an attester that is gone may hold its lock.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Listener {
    socket: UnixListener,
    /// Keeps other attesters out of the directory as long as this one lives.
    _lock: File,
}

impl Listener {
    /// Takes the directory, removes the socket of an attester that is gone, and listens.
    pub(super) fn open(config: &Config) -> Result<Self, ServeError> {
        let listen = |source| ServeError::Listen {
            socket: config.socket.clone(),
            source,
        };
        let lock = lock(config)?;
        remove_stale(&config.socket)?;
        let before = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
        let socket = UnixListener::bind(&config.socket);
        umask(before);
        let socket = socket.map_err(listen)?;
        socket.set_nonblocking(true).map_err(listen)?;
        Ok(Self {
            socket,
            _lock: lock,
        })
    }

    /// The next client, if there is one and it is this user or the superuser.
    pub(super) fn accept(&self) -> Option<OwnedFd> {
        let (stream, _) = self.socket.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?.uid;
        if !peer.is_root() && peer != rustix::process::geteuid() {
            tracing::warn!(
                user = peer.as_raw(),
                "another user's connection was refused"
            );
            return None;
        }
        Some(stream.into())
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn lock(config: &Config) -> Result<File, ServeError> {
    let listen = |source| ServeError::Listen {
        socket: config.socket.clone(),
        source,
    };
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(lock_file(config));
    let file = opened.map_err(listen)?;
    let end = Instant::now().checked_add(PATIENCE);
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if end.is_some_and(|end| Instant::now() < end) => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(ServeError::AlreadyRunning {
                    state_dir: config.state_dir.clone(),
                });
            }
            Err(error) => return Err(listen(error.into())),
        }
    }
}

/// Removes the socket of an attester that is gone, and the folders of its machines, unless another
/// one has begun meanwhile.
pub(super) fn remove_orphan(config: &Config) {
    let Ok(file) = File::open(lock_file(config)) else {
        return;
    };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
        let _ = remove_stale(&config.socket);
        let _ = veracruz_machine::clear(&config.machines());
    }
}

fn lock_file(config: &Config) -> PathBuf {
    config.state_dir.join("attester.lock")
}

fn remove_stale(socket: &Path) -> Result<(), ServeError> {
    let listen = |source| ServeError::Listen {
        socket: socket.to_path_buf(),
        source,
    };
    match fs::symlink_metadata(socket) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(listen(error)),
        Ok(found) if found.file_type().is_socket() => fs::remove_file(socket).map_err(listen),
        Ok(_) => Err(ServeError::NotASocket {
            socket: socket.to_path_buf(),
        }),
    }
}

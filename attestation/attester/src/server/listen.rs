//! The attester's socket, one for a state directory.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::process::umask;

use super::{Config, ServeError};

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
    let path = config.state_dir.join("attester.lock");
    let listen = |source| ServeError::Listen {
        socket: config.socket.clone(),
        source,
    };
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    let file = opened.map_err(listen)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(ServeError::AlreadyRunning {
            state_dir: config.state_dir.clone(),
        }),
        Err(error) => Err(listen(error.into())),
    }
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

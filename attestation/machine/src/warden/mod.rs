//! The process that is a machine's parent: it starts the daemons and QEMU, and cleans up.
//!
//! It is process 1 of a process namespace: however it ends, the kernel ends everything in it. Its
//! network is empty. It ends the machine when its channel closes, so that no machine outlives who
//! started it, and the folder goes in each of these cases:
//!
//! | what dies | who removes the folder |
//! |---|---|
//! | QEMU, or a daemon | the warden, which ends the others |
//! | who started it, or closed the channel | the warden |
//! | the warden | who started it, by [`remove`](crate::remove) |
//! | both at once | who starts machines there next, by [`clear`](crate::clear) |

mod child;
mod fork;
mod heartbeat;
mod inside;

pub use fork::fork_into;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, socketpair};

use crate::folder;
use crate::{Board, Description, DescriptionError, Parts, Tools};

/// Bytes of what a machine said last that are kept: its console, and QEMU's errors.
const MAX_SAID: usize = 2048;
/// The longest word of a warden, in bytes.
const MAX_WORD: usize = 2 * MAX_SAID;
/// The longest path of a socket: `sun_path` without its zero.
const MAX_SOCKET_PATH: usize = 107;

/// All that a machine is started with.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// What it is.
    pub description: &'a Description,
    /// What it starts from.
    pub parts: &'a Parts<'a>,
    /// The programs of this machine.
    pub tools: &'a Tools,
    /// Its folder, an absolute path at which there is nothing yet, in a folder that is there. The
    /// guest is dialled at [`SOCKET`](crate::SOCKET) in it.
    pub folder: &'a Path,
    /// The folder of the authority that certifies the keys of TPMs, made where there is none yet; a
    /// TPM has no certificate without it.
    pub tpm_authority: Option<&'a Path>,
    /// The other end of the guest's port `veracruz.evidence`: a stream.
    pub evidence: Option<BorrowedFd<'a>>,
    /// Whom QEMU and the daemons run as; this process's own user where there is none.
    pub user: Option<User>,
}

/// A user and a group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// A machine's parent. Dropping it ends the machine.
#[derive(Debug)]
pub struct Warden {
    /// A descriptor of the process: readable when it has ended. It is a child of this process, to
    /// be waited for.
    pub process: OwnedFd,
    /// Its number.
    pub pid: u32,
    /// The machine's folder.
    pub folder: PathBuf,
    /// Its words come from here; closing it ends the machine.
    channel: OwnedFd,
}

/// What a warden says: [`Word::Ready`] or [`Word::Failed`] first, [`Word::Ended`] last.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[non_exhaustive]
pub enum Word {
    /// QEMU runs. Its guest may still be starting.
    #[n(0)]
    Ready {
        /// Whether KVM executes its instructions.
        #[n(0)]
        kvm: bool,
    },
    /// The machine could not be started. The warden ends.
    #[n(1)]
    Failed {
        /// At what.
        #[n(0)]
        stage: Stage,
        /// What the system or the program said; text from outside, at most 2 KiB.
        #[n(1)]
        detail: String,
    },
    /// The machine has ended, and nothing of it is left. The warden ends.
    #[n(2)]
    Ended {
        /// What ended first.
        #[n(0)]
        stage: Stage,
        /// How.
        #[n(1)]
        exit: Exit,
        /// The last that its console and QEMU said; text from outside, at most 2 KiB.
        #[n(2)]
        said: String,
    },
}

/// The pieces of a machine, in the order in which they are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Stage {
    /// Namespaces, folder and descriptors of the warden itself.
    #[n(0)]
    Warden,
    /// The daemon behind vsock.
    #[n(1)]
    Vsock,
    /// The daemon that is the TPM.
    #[n(2)]
    Tpm,
    /// QEMU.
    #[n(3)]
    Emulator,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Warden => "the warden",
            Self::Vsock => "vhost-device-vsock",
            Self::Tpm => "swtpm",
            Self::Emulator => "QEMU",
        })
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Exit {
    /// By itself, with this exit code.
    #[n(0)]
    Code(#[n(0)] i32),
    /// By this signal.
    #[n(1)]
    Signal(#[n(0)] i32),
    /// Nobody knows.
    #[n(2)]
    Unknown,
}

impl Warden {
    /// Starts a machine's parent, and does not wait for what becomes of it: see
    /// [`Warden::word`]. It forks: call it in a process without other threads.
    ///
    /// `bound` is given the number of the new process, which waits meanwhile: what it is put into, all
    /// of the machine will be in.
    ///
    /// # Errors
    ///
    /// A description that does not fit its parts, a program that this machine lacks, or an error of
    /// the system. Nothing is left then.
    pub fn start(
        order: &Order<'_>,
        bound: impl FnOnce(u32) -> io::Result<()>,
    ) -> Result<Self, StartError> {
        order.description.check(order.parts)?;
        look_for_tools(order.tools, order.description)?;
        let found = order.folder.as_os_str().len() + crate::SOCKET.len() + "/_65535".len();
        if found > MAX_SOCKET_PATH {
            return Err(StartError::PathTooLong { found });
        }
        folder::make(order.folder, order.user)?;
        Self::fork(order, bound).inspect_err(|_| {
            // It is empty, or the next start clears it.
            let _ = folder::remove(order.folder);
        })
    }

    fn fork(
        order: &Order<'_>,
        bound: impl FnOnce(u32) -> io::Result<()>,
    ) -> Result<Self, StartError> {
        let kind = SocketType::SEQPACKET;
        let (channel, theirs) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
            .map_err(io::Error::from)?;
        let Some((process, pid)) = fork::into_namespaces()? else {
            inside::be_warden(order, &theirs)
        };
        // Where one of these fails, the closed channel ends it.
        bound(pid)?;
        fork::let_go(&channel, pid)?;
        let folder = order.folder.to_path_buf();
        Ok(Self {
            process,
            pid,
            folder,
            channel,
        })
    }

    /// Its next word, without waiting: `None` where it has said nothing (more) yet, or has ended.
    #[must_use]
    pub fn word(&self) -> Option<Word> {
        let mut bytes = vec![0; MAX_WORD];
        let (_, length) =
            rustix::net::recv(&self.channel, bytes.as_mut_slice(), RecvFlags::DONTWAIT).ok()?;
        minicbor::decode(bytes.get(..length)?).ok()
    }

    /// Ends the machine. Returns at once; the process ends when everything is gone.
    pub fn end(&self) {
        // The other end sees it closed; one that is closed already is what is wanted.
        let _ = rustix::net::shutdown(&self.channel, rustix::net::Shutdown::Write);
    }
}

impl std::os::fd::AsFd for Warden {
    /// Readable when there is a word.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

fn look_for_tools(tools: &Tools, description: &Description) -> Result<(), StartError> {
    let emulator = match description.board {
        Board::Q35 => ("qemu-system-x86_64", "VERACRUZ_QEMU"),
        Board::NitroEnclave => ("a QEMU with the board nitro-enclave", "VERACRUZ_QEMU_NITRO"),
        Board::Virt => ("qemu-system-aarch64", "VERACRUZ_QEMU_AARCH64"),
    };
    let wanted = [
        (emulator, tools.emulator(description.board), true),
        (
            ("vhost-device-vsock", "VERACRUZ_VSOCK"),
            tools.vsock.as_deref(),
            true,
        ),
        (
            ("swtpm", "VERACRUZ_SWTPM"),
            tools.swtpm.as_deref(),
            description.tpm,
        ),
    ];
    for ((name, variable), path, needed) in wanted {
        if needed && !path.is_some_and(Path::is_file) {
            return Err(StartError::NoTool { name, variable });
        }
    }
    Ok(())
}

/// Why no warden was started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The description does not fit. Whoever described the machine is at fault.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// A program is missing. The operator of this machine can mend it.
    #[error("this machine has no {name}: install it, or name it in {variable}")]
    NoTool {
        /// The program.
        name: &'static str,
        /// The variable of the environment that can name it.
        variable: &'static str,
    },
    /// The folder's path is too long for the sockets in it.
    #[error(
        "the paths of the machine's sockets would have {found} bytes, and at most {MAX_SOCKET_PATH} are possible: choose a shorter state folder"
    )]
    PathTooLong {
        /// The length in bytes.
        found: usize,
    },
    /// An error of the system.
    #[error("the machine's parent could not be started: {0}")]
    Io(#[from] io::Error),
}

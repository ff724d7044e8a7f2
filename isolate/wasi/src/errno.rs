//! Errors as programs see them.

use veracruz_vfs::Error;

/// An error code of preview 1 (`errno` in its `typenames.witx`); success is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Errno {
    /// Argument list too long.
    TooBig = 1,
    /// Permission denied.
    Acces = 2,
    /// Address in use.
    Addrinuse = 3,
    /// Address not available.
    Addrnotavail = 4,
    /// Address family not supported.
    Afnosupport = 5,
    /// Try again.
    Again = 6,
    /// Connection already in progress.
    Already = 7,
    /// Bad file descriptor.
    Badf = 8,
    /// Bad message.
    Badmsg = 9,
    /// Resource busy.
    Busy = 10,
    /// Operation cancelled.
    Canceled = 11,
    /// No child processes.
    Child = 12,
    /// Connection aborted.
    Connaborted = 13,
    /// Connection refused.
    Connrefused = 14,
    /// Connection reset.
    Connreset = 15,
    /// Resource deadlock would occur.
    Deadlk = 16,
    /// Destination address required.
    Destaddrreq = 17,
    /// Argument out of domain.
    Dom = 18,
    /// Reserved.
    Dquot = 19,
    /// File exists.
    Exist = 20,
    /// Bad address.
    Fault = 21,
    /// File too large.
    Fbig = 22,
    /// Host is unreachable.
    Hostunreach = 23,
    /// Identifier removed.
    Idrm = 24,
    /// Illegal byte sequence.
    Ilseq = 25,
    /// Operation in progress.
    Inprogress = 26,
    /// Interrupted.
    Intr = 27,
    /// Invalid argument.
    Inval = 28,
    /// Input or output error.
    Io = 29,
    /// Socket is connected.
    Isconn = 30,
    /// Is a folder.
    Isdir = 31,
    /// Too many levels of symbolic links.
    Loop = 32,
    /// Too many descriptors of this program.
    Mfile = 33,
    /// Too many links.
    Mlink = 34,
    /// Message too large.
    Msgsize = 35,
    /// Reserved.
    Multihop = 36,
    /// Name too long.
    Nametoolong = 37,
    /// Network is down.
    Netdown = 38,
    /// Connection aborted by network.
    Netreset = 39,
    /// Network unreachable.
    Netunreach = 40,
    /// Too many files open.
    Nfile = 41,
    /// No buffer space.
    Nobufs = 42,
    /// No such device.
    Nodev = 43,
    /// No such file or folder.
    Noent = 44,
    /// Not executable.
    Noexec = 45,
    /// No locks available.
    Nolck = 46,
    /// Reserved.
    Nolink = 47,
    /// Not enough space for memory.
    Nomem = 48,
    /// No message of the desired type.
    Nomsg = 49,
    /// Protocol not available.
    Noprotoopt = 50,
    /// No space left.
    Nospc = 51,
    /// Function not supported.
    Nosys = 52,
    /// Socket is not connected.
    Notconn = 53,
    /// Not a folder.
    Notdir = 54,
    /// Folder not empty.
    Notempty = 55,
    /// State not recoverable.
    Notrecoverable = 56,
    /// Not a socket.
    Notsock = 57,
    /// Not supported.
    Notsup = 58,
    /// Inappropriate control operation.
    Notty = 59,
    /// No such device or address.
    Nxio = 60,
    /// Value too large for its type.
    Overflow = 61,
    /// Previous owner died.
    Ownerdead = 62,
    /// Operation not permitted.
    Perm = 63,
    /// Broken pipe.
    Pipe = 64,
    /// Protocol error.
    Proto = 65,
    /// Protocol not supported.
    Protonosupport = 66,
    /// Wrong protocol type for socket.
    Prototype = 67,
    /// Result too large.
    Range = 68,
    /// Read-only file system.
    Rofs = 69,
    /// Invalid seek.
    Spipe = 70,
    /// No such process.
    Srch = 71,
    /// Reserved.
    Stale = 72,
    /// Timed out.
    Timedout = 73,
    /// Text file busy.
    Txtbsy = 74,
    /// Link across devices.
    Xdev = 75,
    /// Capabilities insufficient.
    Notcapable = 76,
}

impl Errno {
    /// The number that programs see, 1 to 76.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }
}

impl From<Error> for Errno {
    fn from(error: Error) -> Self {
        match error {
            Error::Exists => Self::Exist,
            Error::NotFound => Self::Noent,
            Error::NotDirectory => Self::Notdir,
            Error::IsDirectory => Self::Isdir,
            Error::NotEmpty => Self::Notempty,
            Error::Denied => Self::Acces,
            Error::Escapes | Error::LinkToDirectory => Self::Perm,
            Error::LinkLoop => Self::Loop,
            Error::NameTooLong => Self::Nametoolong,
            Error::Invalid => Self::Inval,
            Error::Busy => Self::Busy,
            Error::TooLarge => Self::Fbig,
            Error::BytesExceeded { .. } | Error::FilesExceeded { .. } => Self::Nospc,
            _ => Self::Io,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_specification() {
        for (errno, code) in [
            (Errno::TooBig, 1),
            (Errno::Badf, 8),
            (Errno::Exist, 20),
            (Errno::Fault, 21),
            (Errno::Ilseq, 25),
            (Errno::Inval, 28),
            (Errno::Isdir, 31),
            (Errno::Loop, 32),
            (Errno::Noent, 44),
            (Errno::Nospc, 51),
            (Errno::Nosys, 52),
            (Errno::Notdir, 54),
            (Errno::Notempty, 55),
            (Errno::Notsup, 58),
            (Errno::Overflow, 61),
            (Errno::Perm, 63),
            (Errno::Spipe, 70),
            (Errno::Notcapable, 76),
        ] {
            assert_eq!(errno.code(), code, "{errno:?}");
        }
    }
}

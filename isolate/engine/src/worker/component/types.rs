//! The types of the interfaces, as the component model has them: names and order are theirs.
//!
//! The derive macros write `unsafe` implementations, of traits whose methods they write too.
#![allow(unsafe_code)]

use veracruz_vfs::{Kind, Status};
use veracruz_wasi::{Errno, interfaces::NewTime};
use wasmtime::component::{ComponentType, Lift, Lower, Resource, flags};

/// `wasi:io/error.error`
pub(super) struct IoError;
/// `wasi:io/poll.pollable`
pub(super) struct Pollable;
/// `wasi:io/streams.input-stream`
pub(super) struct InputStream;
/// `wasi:io/streams.output-stream`
pub(super) struct OutputStream;
/// `wasi:filesystem/types.descriptor`
pub(super) struct Descriptor;
/// `wasi:filesystem/types.directory-entry-stream`
pub(super) struct DirectoryEntryStream;
/// `wasi:cli/terminal-input.terminal-input`, of which there is none.
pub(super) struct TerminalInput;
/// `wasi:cli/terminal-output.terminal-output`, of which there is none.
pub(super) struct TerminalOutput;

const SECOND: u64 = 1_000_000_000;

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(record)]
pub(super) struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

impl Datetime {
    /// From nanoseconds since 1970.
    pub(super) fn of(nanoseconds: u64) -> Self {
        Self {
            seconds: nanoseconds / SECOND,
            // Below a second, and so within 32 bits.
            nanoseconds: u32::try_from(nanoseconds % SECOND).unwrap_or(0),
        }
    }

    fn nanoseconds(self) -> Result<u64, ErrorCode> {
        let seconds = self.seconds.checked_mul(SECOND);
        seconds
            .and_then(|seconds| seconds.checked_add(u64::from(self.nanoseconds)))
            .ok_or(ErrorCode::Overflow)
    }
}

#[derive(ComponentType, Lower)]
#[component(variant)]
pub(super) enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(
    dead_code,
    reason = "the list is the interface's; not all of it happens here"
)]
pub(super) enum DescriptorType {
    #[component(name = "unknown")]
    Unknown,
    #[component(name = "block-device")]
    BlockDevice,
    #[component(name = "character-device")]
    CharacterDevice,
    #[component(name = "directory")]
    Directory,
    #[component(name = "fifo")]
    Fifo,
    #[component(name = "symbolic-link")]
    SymbolicLink,
    #[component(name = "regular-file")]
    RegularFile,
    #[component(name = "socket")]
    Socket,
}

impl From<Kind> for DescriptorType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::File => Self::RegularFile,
            Kind::Directory => Self::Directory,
            Kind::Link => Self::SymbolicLink,
        }
    }
}

flags! {
    DescriptorFlags {
        #[component(name = "read")]
        const READ;
        #[component(name = "write")]
        const WRITE;
        #[component(name = "file-integrity-sync")]
        const FILE_INTEGRITY_SYNC;
        #[component(name = "data-integrity-sync")]
        const DATA_INTEGRITY_SYNC;
        #[component(name = "requested-write-sync")]
        const REQUESTED_WRITE_SYNC;
        #[component(name = "mutate-directory")]
        const MUTATE_DIRECTORY;
    }
}

flags! {
    PathFlags {
        #[component(name = "symlink-follow")]
        const SYMLINK_FOLLOW;
    }
}

flags! {
    OpenFlags {
        #[component(name = "create")]
        const CREATE;
        #[component(name = "directory")]
        const DIRECTORY;
        #[component(name = "exclusive")]
        const EXCLUSIVE;
        #[component(name = "truncate")]
        const TRUNCATE;
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct DescriptorStat {
    #[component(name = "type")]
    kind: DescriptorType,
    #[component(name = "link-count")]
    link_count: u64,
    size: u64,
    #[component(name = "data-access-timestamp")]
    accessed: Option<Datetime>,
    #[component(name = "data-modification-timestamp")]
    modified: Option<Datetime>,
    #[component(name = "status-change-timestamp")]
    changed: Option<Datetime>,
}

impl From<Status> for DescriptorStat {
    fn from(status: Status) -> Self {
        Self {
            kind: status.kind.into(),
            link_count: status.links,
            size: status.size,
            accessed: Some(Datetime::of(status.accessed)),
            modified: Some(Datetime::of(status.modified)),
            changed: Some(Datetime::of(status.changed)),
        }
    }
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(variant)]
pub(super) enum NewTimestamp {
    #[component(name = "no-change")]
    NoChange,
    #[component(name = "now")]
    Now,
    #[component(name = "timestamp")]
    Timestamp(Datetime),
}

impl TryFrom<NewTimestamp> for NewTime {
    type Error = ErrorCode;

    fn try_from(time: NewTimestamp) -> Result<Self, ErrorCode> {
        Ok(match time {
            NewTimestamp::NoChange => Self::Keep,
            NewTimestamp::Now => Self::Now,
            NewTimestamp::Timestamp(time) => Self::At(time.nanoseconds()?),
        })
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct DirectoryEntry {
    #[component(name = "type")]
    pub(super) kind: DescriptorType,
    pub(super) name: String,
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "all of them are the program's to make")]
pub(super) enum Advice {
    #[component(name = "normal")]
    Normal,
    #[component(name = "sequential")]
    Sequential,
    #[component(name = "random")]
    Random,
    #[component(name = "will-need")]
    WillNeed,
    #[component(name = "dont-need")]
    DontNeed,
    #[component(name = "no-reuse")]
    NoReuse,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct MetadataHashValue {
    lower: u64,
    upper: u64,
}

impl From<Status> for MetadataHashValue {
    /// The same for the same file as long as nobody changes it.
    fn from(status: Status) -> Self {
        Self {
            lower: status.inode,
            upper: status.changed,
        }
    }
}

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(
    dead_code,
    reason = "the list is the interface's; not all of it happens here"
)]
pub(super) enum ErrorCode {
    #[component(name = "access")]
    Access,
    #[component(name = "would-block")]
    WouldBlock,
    #[component(name = "already")]
    Already,
    #[component(name = "bad-descriptor")]
    BadDescriptor,
    #[component(name = "busy")]
    Busy,
    #[component(name = "deadlock")]
    Deadlock,
    #[component(name = "quota")]
    Quota,
    #[component(name = "exist")]
    Exist,
    #[component(name = "file-too-large")]
    FileTooLarge,
    #[component(name = "illegal-byte-sequence")]
    IllegalByteSequence,
    #[component(name = "in-progress")]
    InProgress,
    #[component(name = "interrupted")]
    Interrupted,
    #[component(name = "invalid")]
    Invalid,
    #[component(name = "io")]
    Io,
    #[component(name = "is-directory")]
    IsDirectory,
    #[component(name = "loop")]
    Loop,
    #[component(name = "too-many-links")]
    TooManyLinks,
    #[component(name = "message-size")]
    MessageSize,
    #[component(name = "name-too-long")]
    NameTooLong,
    #[component(name = "no-device")]
    NoDevice,
    #[component(name = "no-entry")]
    NoEntry,
    #[component(name = "no-lock")]
    NoLock,
    #[component(name = "insufficient-memory")]
    InsufficientMemory,
    #[component(name = "insufficient-space")]
    InsufficientSpace,
    #[component(name = "not-directory")]
    NotDirectory,
    #[component(name = "not-empty")]
    NotEmpty,
    #[component(name = "not-recoverable")]
    NotRecoverable,
    #[component(name = "unsupported")]
    Unsupported,
    #[component(name = "no-tty")]
    NoTty,
    #[component(name = "no-such-device")]
    NoSuchDevice,
    #[component(name = "overflow")]
    Overflow,
    #[component(name = "not-permitted")]
    NotPermitted,
    #[component(name = "pipe")]
    Pipe,
    #[component(name = "read-only")]
    ReadOnly,
    #[component(name = "invalid-seek")]
    InvalidSeek,
    #[component(name = "text-file-busy")]
    TextFileBusy,
    #[component(name = "cross-device")]
    CrossDevice,
}

impl From<Errno> for ErrorCode {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::Acces => Self::Access,
            Errno::Badf => Self::BadDescriptor,
            Errno::Busy => Self::Busy,
            Errno::Exist => Self::Exist,
            Errno::Fbig => Self::FileTooLarge,
            Errno::Ilseq => Self::IllegalByteSequence,
            Errno::Inval => Self::Invalid,
            Errno::Isdir => Self::IsDirectory,
            Errno::Loop => Self::Loop,
            // There is no code for too many open files; this one the libraries know.
            Errno::Mfile => Self::InsufficientMemory,
            Errno::Nametoolong => Self::NameTooLong,
            Errno::Noent => Self::NoEntry,
            Errno::Nospc => Self::InsufficientSpace,
            Errno::Notdir => Self::NotDirectory,
            Errno::Notempty => Self::NotEmpty,
            Errno::Notsup => Self::Unsupported,
            Errno::Overflow => Self::Overflow,
            Errno::Perm => Self::NotPermitted,
            Errno::Spipe => Self::InvalidSeek,
            _ => Self::Io,
        }
    }
}

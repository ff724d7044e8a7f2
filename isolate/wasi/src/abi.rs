//! Numbers and record layouts of preview 1 (`typenames.witx`), little-endian, naturally aligned.

use veracruz_vfs::{Kind, Status};

use crate::Errno;

/// Bits of flags as programs pass them, for engines and tests that talk to functions directly.
pub mod flags {
    /// `lookupflags`: follow a symbolic link at the end of the path.
    pub const SYMLINK_FOLLOW: u32 = 1;

    /// `oflags`: make the file if it is not there.
    pub const CREAT: u32 = 1;
    /// `oflags`: fail if it is no folder.
    pub const DIRECTORY: u32 = 2;
    /// `oflags`: fail if it is there.
    pub const EXCL: u32 = 4;
    /// `oflags`: cut it to nothing.
    pub const TRUNC: u32 = 8;

    /// `fdflags`: every write goes to the end.
    pub const APPEND: u32 = 1;
    /// `fdflags`: writes wait for the data to be stored, which it is at once.
    pub const DSYNC: u32 = 2;
    /// `fdflags`: never wait.
    pub const NONBLOCK: u32 = 4;
    /// `fdflags`: reads wait for what is written, which is there at once.
    pub const RSYNC: u32 = 8;
    /// `fdflags`: writes wait for everything to be stored, which it is at once.
    pub const SYNC: u32 = 16;

    /// `fstflags`: set the time of access to the one given.
    pub const ATIM: u32 = 1;
    /// `fstflags`: set the time of access to now.
    pub const ATIM_NOW: u32 = 2;
    /// `fstflags`: set the time of change to the one given.
    pub const MTIM: u32 = 4;
    /// `fstflags`: set the time of change to now.
    pub const MTIM_NOW: u32 = 8;

    /// `rights`: wait for data to be stored.
    pub const FD_DATASYNC: u64 = 1 << 0;
    /// `rights`: read.
    pub const FD_READ: u64 = 1 << 1;
    /// `rights`: move the position.
    pub const FD_SEEK: u64 = 1 << 2;
    /// `rights`: set flags.
    pub const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
    /// `rights`: wait for everything to be stored.
    pub const FD_SYNC: u64 = 1 << 4;
    /// `rights`: ask for the position.
    pub const FD_TELL: u64 = 1 << 5;
    /// `rights`: write.
    pub const FD_WRITE: u64 = 1 << 6;
    /// `rights`: give advice.
    pub const FD_ADVISE: u64 = 1 << 7;
    /// `rights`: make room.
    pub const FD_ALLOCATE: u64 = 1 << 8;
    /// `rights`: make a folder.
    pub const PATH_CREATE_DIRECTORY: u64 = 1 << 9;
    /// `rights`: make a file.
    pub const PATH_CREATE_FILE: u64 = 1 << 10;
    /// `rights`: give another name to what is in a folder.
    pub const PATH_LINK_SOURCE: u64 = 1 << 11;
    /// `rights`: make a hard link in a folder.
    pub const PATH_LINK_TARGET: u64 = 1 << 12;
    /// `rights`: open what is in a folder.
    pub const PATH_OPEN: u64 = 1 << 13;
    /// `rights`: list a folder.
    pub const FD_READDIR: u64 = 1 << 14;
    /// `rights`: read a link.
    pub const PATH_READLINK: u64 = 1 << 15;
    /// `rights`: rename what is in a folder.
    pub const PATH_RENAME_SOURCE: u64 = 1 << 16;
    /// `rights`: rename something into a folder.
    pub const PATH_RENAME_TARGET: u64 = 1 << 17;
    /// `rights`: ask for a status by path.
    pub const PATH_FILESTAT_GET: u64 = 1 << 18;
    /// `rights`: set a size by path. Never had.
    pub const PATH_FILESTAT_SET_SIZE: u64 = 1 << 19;
    /// `rights`: set times by path.
    pub const PATH_FILESTAT_SET_TIMES: u64 = 1 << 20;
    /// `rights`: ask for a status.
    pub const FD_FILESTAT_GET: u64 = 1 << 21;
    /// `rights`: set a size.
    pub const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
    /// `rights`: set times.
    pub const FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
    /// `rights`: make a symbolic link.
    pub const PATH_SYMLINK: u64 = 1 << 24;
    /// `rights`: remove a folder.
    pub const PATH_REMOVE_DIRECTORY: u64 = 1 << 25;
    /// `rights`: remove a file.
    pub const PATH_UNLINK_FILE: u64 = 1 << 26;
    /// `rights`: wait for a file.
    pub const POLL_FD_READWRITE: u64 = 1 << 27;
}

/// What a descriptor of a regular file may be used for, but reading and writing.
pub(crate) const FILE_RIGHTS: u64 = flags::FD_DATASYNC
    | flags::FD_SEEK
    | flags::FD_FDSTAT_SET_FLAGS
    | flags::FD_SYNC
    | flags::FD_TELL
    | flags::FD_ADVISE
    | flags::FD_ALLOCATE
    | flags::FD_FILESTAT_GET
    | flags::FD_FILESTAT_SET_SIZE
    | flags::FD_FILESTAT_SET_TIMES
    | flags::POLL_FD_READWRITE;
/// What a descriptor of a folder may be used for.
pub(crate) const DIRECTORY_RIGHTS: u64 = flags::PATH_CREATE_DIRECTORY
    | flags::PATH_CREATE_FILE
    | flags::PATH_LINK_SOURCE
    | flags::PATH_LINK_TARGET
    | flags::PATH_OPEN
    | flags::FD_READDIR
    | flags::PATH_READLINK
    | flags::PATH_RENAME_SOURCE
    | flags::PATH_RENAME_TARGET
    | flags::PATH_FILESTAT_GET
    | flags::PATH_FILESTAT_SET_TIMES
    | flags::FD_FILESTAT_GET
    | flags::FD_FILESTAT_SET_TIMES
    | flags::PATH_SYMLINK
    | flags::PATH_REMOVE_DIRECTORY
    | flags::PATH_UNLINK_FILE;

/// `filetype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Filetype {
    Unknown = 0,
    Directory = 3,
    RegularFile = 4,
    SymbolicLink = 7,
}

impl From<Kind> for Filetype {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::File => Self::RegularFile,
            Kind::Directory => Self::Directory,
            Kind::Link => Self::SymbolicLink,
        }
    }
}

/// A record being laid out: fields are put at their offsets, the rest is zero.
struct Record<const N: usize>([u8; N]);

impl<const N: usize> Record<N> {
    fn new() -> Self {
        Self([0; N])
    }

    /// Puts a field. The offsets are those of the specification, all inside the record.
    fn with<const F: usize>(mut self, offset: usize, field: [u8; F]) -> Self {
        if let Some(target) = self.0.get_mut(offset..offset + F) {
            target.copy_from_slice(&field);
        }
        self
    }
}

/// `fdstat`.
pub(crate) fn fdstat(filetype: Filetype, flags: u16, base: u64, inheriting: u64) -> [u8; 24] {
    Record::new()
        .with(0, [filetype as u8])
        .with(2, flags.to_le_bytes())
        .with(8, base.to_le_bytes())
        .with(16, inheriting.to_le_bytes())
        .0
}

/// `filestat` of a file; all are on one device.
pub(crate) fn filestat(status: &Status) -> [u8; 64] {
    Record::new()
        .with(0, 1u64.to_le_bytes())
        .with(8, status.inode.to_le_bytes())
        .with(16, [Filetype::from(status.kind) as u8])
        .with(24, status.links.to_le_bytes())
        .with(32, status.size.to_le_bytes())
        .with(40, status.accessed.to_le_bytes())
        .with(48, status.modified.to_le_bytes())
        .with(56, status.changed.to_le_bytes())
        .0
}

/// `prestat` of a folder.
pub(crate) fn prestat(name_len: u32) -> [u8; 8] {
    Record::new().with(4, name_len.to_le_bytes()).0
}

/// `dirent`, which the name follows.
pub(crate) fn dirent(next: u64, inode: u64, name_len: u32, filetype: Filetype) -> [u8; 24] {
    Record::new()
        .with(0, next.to_le_bytes())
        .with(8, inode.to_le_bytes())
        .with(16, name_len.to_le_bytes())
        .with(20, [filetype as u8])
        .0
}

/// Size of a `subscription`.
pub(crate) const SUBSCRIPTION_BYTES: u32 = 48;
/// Size of an `event`.
pub(crate) const EVENT_BYTES: u32 = 32;

/// `event`: how many bytes are available, or why it cannot be waited for.
pub(crate) fn event(userdata: u64, eventtype: u8, available: Result<u64, Errno>) -> [u8; 32] {
    let error = available.map_or_else(Errno::code, |_| 0);
    Record::new()
        .with(0, userdata.to_le_bytes())
        .with(8, error.to_le_bytes())
        .with(10, [eventtype])
        .with(16, available.unwrap_or(0).to_le_bytes())
        .0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_offsets_of_the_specification() {
        let stat = fdstat(Filetype::RegularFile, 0x0201, 3, 4);
        assert_eq!(
            (stat[0], stat[2], stat[3], stat[8], stat[16]),
            (4, 1, 2, 3, 4)
        );
        let entry = dirent(1, 2, 3, Filetype::SymbolicLink);
        assert_eq!((entry[0], entry[8], entry[16], entry[20]), (1, 2, 3, 7));
        let event = event(9, 2, Ok(5));
        assert_eq!((event[0], event[8], event[10], event[16]), (9, 0, 2, 5));
        assert_eq!(prestat(7), [0, 0, 0, 0, 7, 0, 0, 0]);
    }
}

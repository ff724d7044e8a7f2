//! Why an operation on files failed.

/// Why an operation on files failed. At fault is whoever asked for it: a program or, in
/// [`Vfs::provide`](crate::Vfs::provide), the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name is taken.
    #[error("the name is taken")]
    Exists,
    /// There is nothing of that name, or nothing that the program may know of.
    #[error("no such file or folder")]
    NotFound,
    /// A path goes through, or asks for, a folder where something else is.
    #[error("not a folder")]
    NotDirectory,
    /// A folder stands where a file is needed.
    #[error("is a folder")]
    IsDirectory,
    /// The folder still has entries.
    #[error("the folder is not empty")]
    NotEmpty,
    /// The rules do not grant this.
    #[error("the rules do not grant this")]
    Denied,
    /// An absolute path or link, or a `..` above the folder that the walk started in.
    #[error("the path leaves the folder that it starts in")]
    Escapes,
    /// A hard link to a folder was asked for.
    #[error("a folder has one name only")]
    LinkToDirectory,
    /// More than [`MAX_LINKS`](crate::MAX_LINKS) symbolic links in one walk, or a link where
    /// links are not followed.
    #[error("a symbolic link was met that may not be followed")]
    LinkLoop,
    /// A name above [`MAX_NAME_BYTES`](crate::MAX_NAME_BYTES) or a path above
    /// [`MAX_PATH_BYTES`](crate::MAX_PATH_BYTES).
    #[error("the name or path is too long")]
    NameTooLong,
    /// The path is empty where one is needed, has a zero byte, or is not canonical where it must
    /// be; or the arguments contradict each other.
    #[error("the path or argument is not valid")]
    Invalid,
    /// The folder is in use as the place that the walk started in.
    #[error("the folder is in use")]
    Busy,
    /// An offset or size that no file can have.
    #[error("the offset or size is out of range")]
    TooLarge,
    /// More bytes than [`Quotas::bytes`](crate::Quotas) would be in use.
    #[error("more than the {limit} bytes that may be written")]
    BytesExceeded {
        /// The quota, in bytes.
        limit: u64,
    },
    /// More names than [`Quotas::files`](crate::Quotas) would be in use.
    #[error("more than the {limit} files and folders that may be made")]
    FilesExceeded {
        /// The quota, in names.
        limit: u64,
    },
}

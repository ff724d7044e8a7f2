//! By what a file is known again without reading it.

use std::fs::File;
use std::io;
use std::time::SystemTime;

/// Which file it is, how long, and when it was written last. It is a help to notice a change
/// early; what decides is the digest, which the isolate computes too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    place: (u64, u64),
}

impl Stamp {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            length: metadata.len(),
            // Of a device or a pipe it says nothing.
            modified: metadata.modified().ok().filter(|_| metadata.is_file()),
            #[cfg(unix)]
            place: {
                use std::os::unix::fs::MetadataExt;
                (metadata.dev(), metadata.ino())
            },
        })
    }
}

//! What a machine starts from, in memory: handed to the attester, which measures it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};

use veracruz_machine::{Part, PartFile, Parts};

/// The files of a machine and its command line. It stays the same whatever happens to the files
/// that it was read from.
#[derive(Debug)]
pub struct MachineParts {
    command_line: String,
    files: Vec<(Part, OwnedFd)>,
}

impl MachineParts {
    /// A machine that is started with this command line, and no files yet.
    #[must_use]
    pub fn new(command_line: impl Into<String>) -> Self {
        Self {
            command_line: command_line.into(),
            files: Vec::new(),
        }
    }

    /// Adds a file.
    ///
    /// # Errors
    ///
    /// Those of the system, where memory is short.
    pub fn with(mut self, part: Part, content: &[u8]) -> io::Result<Self> {
        let memory = rustix::fs::memfd_create(part.as_str(), rustix::fs::MemfdFlags::CLOEXEC)?;
        let mut file = File::from(memory);
        file.write_all(content)?;
        self.files.push((part, file.into()));
        Ok(self)
    }

    pub(super) fn borrow(&self) -> Parts<'_> {
        let files = self.files.iter().map(|(part, file)| PartFile {
            part: *part,
            file: file.as_fd(),
        });
        Parts {
            command_line: self.command_line.clone(),
            files: files.collect(),
        }
    }
}

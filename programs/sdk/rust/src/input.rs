//! A party's file.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};

use crate::failure::Failure;
use crate::host::place;
use crate::lines::Lines;
use crate::origin::Origin;
#[cfg(feature = "csv")]
use crate::table::Table;

/// How much is read at a time.
const BUFFER: usize = 64 * 1024;

/// A party's file that is about to be read, from a path or, in tests, from memory.
#[derive(Debug)]
pub struct Input<R> {
    origin: Origin,
    reader: R,
}

impl Input<BufReader<File>> {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// Where it is not there, or may not be read.
    pub fn open(path: &str) -> Result<Self, Failure> {
        Self::open_as(Origin::at(path))
    }

    /// Opens a file whose owner is known.
    ///
    /// # Errors
    /// Where it is not there, or may not be read.
    pub fn open_as(origin: Origin) -> Result<Self, Failure> {
        let file = File::open(place(origin.path())).map_err(|error| unreadable(&origin, &error))?;
        Ok(Self {
            origin,
            reader: BufReader::with_capacity(BUFFER, file),
        })
    }

    /// Opens every file of a folder, sorted by path: one a party, so that a program need not know
    /// how many there are.
    ///
    /// # Errors
    /// Where there is no such folder, or nothing in it.
    pub fn all_in(folder: &str) -> Result<Vec<Self>, Failure> {
        let missing = || Failure::usage(format!("{folder}: there are no files to read"));
        let mut paths = Vec::new();
        for entry in fs::read_dir(place(folder)).map_err(|_| missing())? {
            let entry = entry.map_err(|_| missing())?;
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                let name = entry.file_name();
                paths.push(format!("{folder}/{}", name.to_string_lossy()));
            }
        }
        if paths.is_empty() {
            return Err(missing());
        }
        paths.sort_unstable();
        paths.iter().map(|path| Self::open(path)).collect()
    }
}

impl<R: BufRead> Input<R> {
    /// An input that is read from anywhere.
    pub fn new(origin: Origin, reader: R) -> Self {
        Self { origin, reader }
    }

    /// The file, and whose it is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Takes it apart, for libraries that want a reader.
    pub fn into_parts(self) -> (Origin, R) {
        (self.origin, self.reader)
    }

    /// The whole content. What a policy lets a party provide is bounded by its `max_bytes`.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn bytes(mut self) -> Result<(Origin, Vec<u8>), Failure> {
        let mut bytes = Vec::new();
        match self.reader.read_to_end(&mut bytes) {
            Ok(_) => Ok((self.origin, bytes)),
            Err(error) => Err(unreadable(&self.origin, &error)),
        }
    }

    /// The lines, one at a time.
    pub fn lines(self) -> Lines<R> {
        Lines::new(self.origin, self.reader)
    }

    /// The table: comma-separated values below a header.
    ///
    /// # Errors
    /// Where there is no header, or a name stands in it twice.
    #[cfg(feature = "csv")]
    pub fn table(self) -> Result<Table<R>, Failure> {
        Table::open(self.lines())
    }
}

/// The kind alone: the rest of such an error may hold what the system likes.
pub(crate) fn unreadable(origin: &Origin, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => origin.failure("is not there, or may not be read"),
        kind => origin.failure(format!("could not be read: {kind}")),
    }
}

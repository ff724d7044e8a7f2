//! A file that the program writes.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::failure::Failure;
use crate::host::place;

/// A file that the program writes. `write!` and `writeln!` on it give a [`Failure`]. What is not
/// [finished](Output::finish) may be incomplete.
#[derive(Debug)]
pub struct Output {
    path: String,
    writer: BufWriter<File>,
}

impl Output {
    /// Makes the file, or empties it.
    ///
    /// # Errors
    /// Where the policy does not let the program write there.
    pub fn create(path: &str) -> Result<Self, Failure> {
        match File::create(place(path)) {
            Ok(file) => Ok(Self {
                path: path.to_owned(),
                writer: BufWriter::with_capacity(64 * 1024, file),
            }),
            Err(error) => Err(failure(path, &error)),
        }
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// Where there is no room.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.writer.write_all(bytes);
        written.map_err(|error| failure(&self.path, &error))
    }

    /// What `write!` calls.
    ///
    /// # Errors
    /// Where there is no room.
    pub fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> Result<(), Failure> {
        let written = self.writer.write_fmt(arguments);
        written.map_err(|error| failure(&self.path, &error))
    }

    /// Writes what is left in memory.
    ///
    /// # Errors
    /// Where there is no room.
    pub fn finish(mut self) -> Result<(), Failure> {
        let written = self.writer.flush();
        written.map_err(|error| failure(&self.path, &error))
    }

    /// Writes one JSON document, indented, to a file of its own.
    ///
    /// # Errors
    /// Where the policy does not let the program write there, or there is no room.
    #[cfg(feature = "json")]
    pub fn json(path: &str, document: &impl serde::Serialize) -> Result<(), Failure> {
        let mut output = Self::create(path)?;
        serde_json::to_writer_pretty(&mut output.writer, document)
            .map_err(|error| failure(path, &error.into()))?;
        output.write(b"\n")?;
        output.finish()
    }
}

fn failure(path: &str, error: &io::Error) -> Failure {
    Failure::Output {
        path: path.to_owned(),
        reason: format!("could not be written: {}", error.kind()).into(),
    }
}

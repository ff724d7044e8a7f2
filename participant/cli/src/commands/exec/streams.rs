//! The standard streams of this process, for the program, while it runs.

use std::io::{ErrorKind, Read, Write};
use veracruz_engine::local::{Errno, Input, Live, Output};

/// All three.
pub(super) fn live() -> Live {
    Live {
        stdin: Some(Box::new(In)),
        stdout: Some(Box::new(Out(std::io::stdout()))),
        stderr: Some(Box::new(Out(std::io::stderr()))),
    }
}

/// Read when the program reads, so that it can be spoken with.
struct In;

impl Input for In {
    fn read(&mut self, target: &mut [u8]) -> Result<usize, Errno> {
        loop {
            match std::io::stdin().lock().read(target) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read.map_err(|error| errno(&error)),
            }
        }
    }
}

struct Out<W>(W);

impl<W: Write + Send> Output for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        self.0
            .write_all(bytes)
            .and_then(|()| self.0.flush())
            .map_err(|error| errno(&error))
    }
}

fn errno(error: &std::io::Error) -> Errno {
    match error.kind() {
        ErrorKind::BrokenPipe => Errno::Pipe,
        _ => Errno::Io,
    }
}

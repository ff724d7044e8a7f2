//! A process of a test.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Killed and reaped when it is dropped, also by a test that fails.
#[derive(Debug)]
pub struct Child(std::process::Child);

impl Child {
    /// Starts it without input.
    ///
    /// # Errors
    /// Those of the system.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).spawn().map(Self)
    }

    /// The process, for its output and its number.
    pub fn process(&mut self) -> &mut std::process::Child {
        &mut self.0
    }

    /// Whether it has not ended yet.
    ///
    /// # Errors
    /// Those of the system.
    pub fn is_running(&mut self) -> io::Result<bool> {
        Ok(self.0.try_wait()?.is_none())
    }

    /// Waits for its end, at most `limit`.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] where it has not ended by then.
    pub fn wait(&mut self, limit: Duration) -> io::Result<ExitStatus> {
        let end = Instant::now() + limit;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > end {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

//! The way to the host: a stream that is there from the start, or one that the host dials, and may
//! dial again.

use super::MAX_WRITE;
use rustix::io::retry_on_intr;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{SocketFlags, accept_with};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread::sleep;
use std::time::Duration;

/// How long a host that was told of a fault has to hang up, before everything is gone.
const PARTING: Duration = Duration::from_secs(1);
/// After accepting failed, as it does while the kernel is short of something.
const PAUSE: Duration = Duration::from_millis(100);

/// One side of a conversation with the host.
pub(crate) struct Line {
    /// `None` while nobody is there.
    stream: Option<UnixStream>,
    /// Where the host dials, where it can.
    listener: Option<OwnedFd>,
}

impl Line {
    /// A stream whose end is the end of the conversation.
    pub(crate) fn once(stream: UnixStream) -> Self {
        Self {
            stream: Some(stream),
            listener: None,
        }
    }

    /// A socket that listens. A host that hangs up, as one that is restarted does, may come again;
    /// whoever dials meanwhile waits.
    pub(super) fn dialled(listener: OwnedFd) -> Self {
        Self {
            stream: None,
            listener: Some(listener),
        }
    }

    /// Waits until somebody is there: whether it is another one than before. `None` where nobody
    /// can come any more.
    pub(crate) fn pick_up(&mut self) -> Option<bool> {
        if self.stream.is_some() {
            return Some(false);
        }
        let listener = self.listener.as_ref()?;
        loop {
            match retry_on_intr(|| accept_with(listener, SocketFlags::CLOEXEC)) {
                Ok(stream) => {
                    self.stream = Some(UnixStream::from(stream));
                    return Some(true);
                }
                Err(_) => sleep(PAUSE),
            }
        }
    }

    /// Reads what has come, and waits until something has. Zero where the host hung up: it is not
    /// there any more then.
    ///
    /// # Errors
    /// An error of a stream that cannot be had again.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(stream) = &mut self.stream else {
            return Ok(0);
        };
        match stream.read(buffer) {
            Ok(0) => {
                self.stream = None;
                Ok(0)
            }
            // A host that died with words of ours unread resets the connection.
            Err(_) if self.listener.is_some() => {
                self.stream = None;
                Ok(0)
            }
            other => other,
        }
    }

    /// Writes all of it. What nobody is there to hear is lost, where the host can dial again.
    ///
    /// # Errors
    /// As [`Line::read`].
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        let written = bytes
            .chunks(MAX_WRITE)
            .try_for_each(|chunk| stream.write_all(chunk));
        match written {
            Err(_) if self.listener.is_some() => {
                self.stream = None;
                Ok(())
            }
            other => other,
        }
    }

    /// Waits a moment for the host to hang up after the last word. With a machine that is switched
    /// off, what its devices have not delivered is gone.
    pub(crate) fn part(&mut self) {
        let Some(stream) = self.stream.as_mut().filter(|_| self.listener.is_some()) else {
            return;
        };
        if set_socket_timeout(&*stream, Timeout::Recv, Some(PARTING)).is_ok() {
            // Whatever it says is of no interest any more.
            let _ = stream.read(&mut [0; 64]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    #[test]
    fn a_stream_that_was_there_from_the_start_ends_for_good() {
        let (host, isolate) = UnixStream::pair().unwrap();
        let mut line = Line::once(isolate);
        assert_eq!(line.pick_up(), Some(false));
        drop(host);
        assert_eq!(line.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(line.pick_up(), None);
    }

    #[test]
    fn a_host_that_hung_up_may_dial_again() {
        // Any stream socket will do; vsock is not to be had everywhere.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut line = Line::dialled(listener.into());
        for word in [b"one", b"two"] {
            let mut host = TcpStream::connect(address).unwrap();
            assert_eq!(line.pick_up(), Some(true));
            host.write_all(word).unwrap();
            let mut heard = [0; 8];
            assert_eq!(line.read(&mut heard).unwrap(), 3);
            assert_eq!(&heard[..3], word);
            drop(host);
            assert_eq!(line.read(&mut heard).unwrap(), 0);
            // Nobody hears this, and nothing ends by it.
            line.write(b"x").unwrap();
        }
    }
}

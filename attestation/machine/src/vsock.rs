//! The daemon behind a machine's vsock device: `vhost-device-vsock`, one a machine.

use std::io;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Tools;

/// The name, in the machine's folder, of the socket at which the guest is dialled: send
/// `CONNECT 7470\n`, read `OK …\n`, and all that follows is the connection. Whatever the guest dials
/// on port `p` arrives at the socket of this name with `_p` behind it.
pub const SOCKET: &str = "vsock.sock";
/// The name, in a machine's folder, of a file that is there from its start until the guest has shown
/// its first sign of life: it must not be dialled before. (A connection that arrives while the
/// guest's driver is starting ends the thread of the daemon that serves it; seen in one of ten starts
/// and more.)
pub const STARTING: &str = "vsock.sock_9000";
/// Where QEMU finds the device.
const DEVICE: &str = "vhost.sock";
/// Every machine has a daemon of its own, so that all may have the same number.
const GUEST: &str = "3";
/// How long the daemon may take to listen. It takes milliseconds.
const START: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);

/// The daemon's command; its folder is the current one.
pub(crate) fn daemon(tools: &Tools) -> Option<Command> {
    let mut command = Command::new(tools.vsock.as_ref()?);
    command.args([
        "--guest-cid",
        GUEST,
        "--socket",
        DEVICE,
        "--uds-path",
        SOCKET,
    ]);
    Some(command)
}

/// The connection that QEMU is given, as soon as the daemon listens. `alive` says whether it lives.
pub(crate) fn connect(mut alive: impl FnMut() -> bool) -> io::Result<UnixStream> {
    let start = Instant::now();
    loop {
        match UnixStream::connect(DEVICE) {
            Ok(stream) => return Ok(stream),
            Err(error) if start.elapsed() > START || !alive() => return Err(error),
            Err(_) => sleep(PAUSE),
        }
    }
}

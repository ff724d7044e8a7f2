//! Native programs, and the processor time that each took.
#![allow(unsafe_code)]

use std::io::Read as _;
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::Failure;

/// What a native program printed, and its processor time, user and system.
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) cpu_time: Duration,
}

/// Runs it without arguments until it ends.
pub(crate) fn run(program: &Path) -> Result<Ended, Failure> {
    let shown = program.display().to_string();
    let mut child = Command::new(program)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(Failure::during(&shown))?;
    let mut stdout = String::new();
    if let Some(pipe) = &mut child.stdout {
        pipe.read_to_string(&mut stdout)
            .map_err(Failure::during(&shown))?;
    }
    let (status, cpu_time) = wait(child.id()).map_err(Failure::during(&shown))?;
    if status != 0 {
        return Err(Failure::new(format!("{shown}: wait status {status}")));
    }
    Ok(Ended { stdout, cpu_time })
}

/// `wait4(2)`, which the standard library does not have: it tells of this child alone.
fn wait(child: u32) -> std::io::Result<(i32, Duration)> {
    let child = i32::try_from(child).map_err(std::io::Error::other)?;
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are to live variables of the types that the call fills.
        let waited = unsafe { libc::wait4(child, &raw mut status, 0, usage.as_mut_ptr()) };
        if waited == child {
            break;
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: all its fields are integers, for which zeroes are a value; the call filled it.
    let usage = unsafe { usage.assume_init() };
    Ok((
        status,
        duration(usage.ru_utime).saturating_add(duration(usage.ru_stime)),
    ))
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros))
}

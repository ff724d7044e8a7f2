//! What the new process does to itself before it becomes the isolate.
//!
//! It is a copy of the attester, which is single-threaded, so that memory may be allocated here.
//! It must not return into the attester's code, and its only words are on the status channel.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use seccompiler::BpfProgram;

use super::{lock, resources, steps};
use crate::Limits;
use crate::wire::{Landlock, Step};

/// The descriptor of the image, closed by executing it. See the seccomp table.
pub(super) const IMAGE: u64 = 6;
/// Where descriptors are kept while the low numbers are filled.
const ASIDE: RawFd = 64;

/// All that the new process needs to know.
pub(super) struct Plan<'a> {
    pub(super) null: BorrowedFd<'a>,
    pub(super) control: BorrowedFd<'a>,
    pub(super) connections: BorrowedFd<'a>,
    pub(super) evidence: BorrowedFd<'a>,
    pub(super) image: BorrowedFd<'a>,
    pub(super) status: BorrowedFd<'a>,
    pub(super) filter: &'a BpfProgram,
    pub(super) limits: &'a Limits,
    pub(super) may_set_groups: bool,
}

/// What the new process reports before it executes the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// All but the last two steps are done.
    Ready(Landlock),
    /// A step failed.
    Failed(Step, Errno),
}

impl Report {
    /// The longest report, in bytes.
    pub(super) const MAX: usize = 6;

    fn encode(self) -> Vec<u8> {
        minicbor::to_vec(match self {
            Self::Ready(landlock) => (Some(landlock), None),
            Self::Failed(step, errno) => (None, Some((step, errno.raw_os_error()))),
        })
        .unwrap_or_default()
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        match minicbor::decode(bytes).ok()? {
            (Some(landlock), None) => Some(Self::Ready(landlock)),
            (None, Some((step, errno))) => {
                Some(Self::Failed(step, Errno::from_raw_os_error(errno)))
            }
            _ => None,
        }
    }
}

/// Becomes the isolate, or says why not and ends.
pub(super) fn become_isolate(plan: &Plan<'_>) -> ! {
    // Not even a panic leads back into the attester's loop.
    let _end = End;
    let mut status = None;
    let Err((step, errno)) = enter(plan, &mut status);
    let report = Report::Failed(step, errno).encode();
    let status = status
        .as_ref()
        .map_or(plan.status, std::os::fd::AsFd::as_fd);
    let _ = rustix::net::send(status, &report, SendFlags::NOSIGNAL);
    end()
}

fn enter(
    plan: &Plan<'_>,
    moved: &mut Option<OwnedFd>,
) -> Result<std::convert::Infallible, (Step, Errno)> {
    wait_for_the_map(plan.status).map_err(|error| (Step::IdMap, error))?;
    // Only now, in its own control group: that one is the root of what it can see.
    own_control_groups().map_err(|error| (Step::Namespaces, error))?;
    steps::take_identity(plan.may_set_groups).map_err(|error| (Step::Identity, error))?;
    steps::die_with_parent(&plan.status).map_err(|error| (Step::ParentDeath, error))?;
    steps::begin_session().map_err(|error| (Step::Session, error))?;
    reset_signals().map_err(|error| (Step::Session, error))?;
    steps::empty_root().map_err(|error| (Step::Root, error))?;
    let status = place_descriptors(plan).map_err(|error| (Step::Descriptors, error))?;
    let status = &*moved.insert(status);
    resources::limit(plan.limits).map_err(|error| (Step::ResourceLimits, error))?;
    drop_bounding_set().map_err(|error| (Step::Privileges, error))?;
    steps::drop_capabilities().map_err(|error| (Step::Privileges, error))?;
    let landlock = lock::lock().map_err(|_| (Step::Landlock, last_error()))?;
    let report = Report::Ready(landlock).encode();
    rustix::net::send(status, &report, SendFlags::NOSIGNAL)
        .map_err(|error| (Step::Seccomp, error))?;
    seccompiler::apply_filter(plan.filter).map_err(|_| (Step::Seccomp, last_error()))?;
    Err((Step::Execute, execute()))
}

/// The attester writes the maps of users and groups, and says so with one byte.
fn wait_for_the_map(status: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut word = [0];
    match rustix::net::recv(status, &mut word, RecvFlags::empty())? {
        (_, 1) => Ok(()),
        _ => Err(Errno::PIPE),
    }
}

/// A namespace of control groups whose root is the group in which this process is.
fn own_control_groups() -> Result<(), Errno> {
    // SAFETY: this `unshare` takes a number and touches no memory.
    let unshared = unsafe { libc::unshare(libc::CLONE_NEWCGROUP) };
    check(unshared.into())
}

/// Rust programs ignore SIGPIPE, and what is ignored stays ignored in the image that is executed.
fn reset_signals() -> Result<(), Errno> {
    // SAFETY: SIG_DFL installs no handler; no thread and no handler of ours relies on the old one.
    let old = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    if old == libc::SIG_ERR {
        return Err(last_error());
    }
    // SAFETY: all zeros is a valid `sigset_t`, which the next call overwrites anyway.
    let mut none: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `none` is a valid place for a set.
    unsafe { libc::sigemptyset(&raw mut none) };
    // SAFETY: `none` is an initialised set, and the old mask is not asked for.
    let result =
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut()) };
    check(result.into())
}

/// Puts the isolate's descriptors at 0 to 5, the image at 6 and the status channel at 7, the last
/// two close-on-exec, and closes everything else.
fn place_descriptors(plan: &Plan<'_>) -> Result<OwnedFd, Errno> {
    let plain = [
        plan.null,
        plan.null,
        plan.null,
        plan.control,
        plan.connections,
        plan.evidence,
    ];
    let wanted: Vec<_> = plain.into_iter().chain([plan.image, plan.status]).collect();
    let mut aside = Vec::with_capacity(wanted.len());
    for descriptor in wanted {
        aside.push(rustix::io::fcntl_dupfd_cloexec(descriptor, ASIDE)?);
    }
    let mut number: RawFd = 0;
    for descriptor in &aside {
        let flags = if number < 6 { 0 } else { libc::O_CLOEXEC };
        // SAFETY: `dup3` touches no memory. What it closes, this process never uses again: its own
        // copies are all at `ASIDE` and above, and the attester's code does not run any more.
        check(unsafe { libc::dup3(descriptor.as_raw_fd(), number, flags) }.into())?;
        number = number.saturating_add(1);
    }
    // They are closed with everything else, not twice.
    std::mem::forget(aside);
    let first: libc::c_uint = number.unsigned_abs();
    // SAFETY: `close_range` touches no memory; nothing above 7 is used any more, as before.
    let closed = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first,
            libc::c_uint::MAX,
            0 as libc::c_uint,
        )
    };
    check(closed)?;
    // SAFETY: 7 was filled just now, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number.saturating_sub(1)) })
}

/// Drops every capability that this kernel knows, also those that are newer than this program.
fn drop_bounding_set() -> Result<(), Errno> {
    for capability in 0..64 as libc::c_ulong {
        // SAFETY: this `prctl` takes a number and touches no memory.
        let dropped = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        match check(dropped.into()) {
            // Past the last one.
            Err(Errno::INVAL) if capability > 0 => return Ok(()),
            other => other?,
        }
    }
    Ok(())
}

/// Executes the image from the very descriptor that was measured; returns only why not.
fn execute() -> Errno {
    let argv = [
        c"veracruz-runtime".as_ptr(),
        c"process".as_ptr(),
        std::ptr::null(),
    ];
    let environment = [std::ptr::null::<libc::c_char>()];
    // SAFETY: the path is a C string, and both arrays end with a null pointer and outlive the call.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            IMAGE,
            c"".as_ptr(),
            argv.as_ptr(),
            environment.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
    last_error()
}

fn check(result: libc::c_long) -> Result<(), Errno> {
    if result < 0 {
        Err(last_error())
    } else {
        Ok(())
    }
}

fn last_error() -> Errno {
    let error = std::io::Error::last_os_error();
    Errno::from_io_error(&error).unwrap_or(Errno::INVAL)
}

/// Ends this process wherever the scope is left.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        end()
    }
}

/// Ends without running what the attester registered for its own end.
fn end() -> ! {
    // SAFETY: `_exit` never returns and runs no handlers.
    unsafe { libc::_exit(125) }
}

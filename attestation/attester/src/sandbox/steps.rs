//! The steps of the sandbox that need no `unsafe`.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, mount_remount, unmount,
};
use rustix::process::{DumpableBehavior, Signal};
use rustix::thread::{CapabilitySet, CapabilitySets};
use rustix::{process, system, thread};

use super::outer_id::INSIDE;

/// Takes the one user and the one group that this namespace has, and no other groups.
pub(super) fn take_identity(may_set_groups: bool) -> Result<(), Errno> {
    if may_set_groups {
        thread::set_thread_groups(&[])?;
    }
    let gid = process::Gid::from_raw(INSIDE);
    thread::set_thread_res_gid(gid, gid, gid)?;
    let uid = process::Uid::from_raw(INSIDE);
    thread::set_thread_res_uid(uid, uid, uid)?;
    // Until it executes the image, this process has the attester's memory, with its key.
    process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// Asks for the kernel's kill at the attester's death. To be called after the last change of the
/// user: that forgets it. The attester may have died before: then its end of `status` is closed.
pub(super) fn die_with_parent(status: &impl std::os::fd::AsFd) -> Result<(), Errno> {
    process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut status = [PollFd::new(status, PollFlags::empty())];
    poll(
        &mut status,
        Some(&Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        }),
    )?;
    match status {
        [status] if status.revents().is_empty() => Ok(()),
        _ => Err(Errno::PIPE),
    }
}

/// No terminal, no file that others may read, no name of the machine.
pub(super) fn begin_session() -> Result<(), Errno> {
    process::setsid()?;
    process::umask(Mode::RWXG | Mode::RWXO);
    system::sethostname(b"isolate")?;
    system::setdomainname(b"")
}

/// Replaces the root by an empty one that cannot be written.
pub(super) fn empty_root() -> Result<(), Errno> {
    let harmless = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )?;
    // Any folder will do to mount upon; this one exists on every machine that starts isolates.
    let options = c"size=4096,nr_inodes=2,mode=0555";
    mount("isolate", "/proc", "tmpfs", harmless, options)?;
    process::chdir("/proc")?;
    // The old root comes to lie over the new one, and is taken off with all that is mounted in it.
    process::pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    process::chdir("/")?;
    mount_remount("/", MountFlags::BIND | MountFlags::RDONLY | harmless, c"")
}

/// Gives up all capabilities in this user namespace, and the way to new ones.
pub(super) fn drop_capabilities() -> Result<(), Errno> {
    thread::clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets {
        effective: none,
        permitted: none,
        inheritable: none,
    };
    thread::set_capabilities(None, sets)?;
    thread::set_no_new_privs(true)
}

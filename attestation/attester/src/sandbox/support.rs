//! What this machine has of all that the sandbox uses, found out without starting an isolate.
#![allow(unsafe_code)]

use std::fs;
use std::io;

use super::cgroup;
use super::outer_id::OuterId;
use super::start;
use crate::wire::LimitedBy;

/// What the sandbox of an attester that this process would be can rest on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Support {
    /// Whether a process in namespaces of its own, with a user of its own, could be made just now.
    pub namespaces: io::Result<()>,
    /// The version of landlock; none where the kernel has none.
    pub landlock: Option<u32>,
    /// Whether the kernel filters system calls.
    pub seccomp: bool,
    /// Who would keep the limits.
    pub limited_by: LimitedBy,
}

/// Finds out. It forks: call it in a process without other threads.
#[must_use]
pub fn support() -> Support {
    let actions = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail");
    Support {
        namespaces: try_namespaces(),
        landlock: landlock_version(),
        seccomp: actions.is_ok_and(|actions| actions.contains("kill_process")),
        limited_by: cgroup::would_be_limited_by(),
    }
}

fn try_namespaces() -> io::Result<()> {
    let outer = OuterId::choose();
    // Ubuntu lets namespaces be made, and nothing be done in them.
    let restricted = fs::read_to_string("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    if !rustix::process::geteuid().is_root() && restricted.is_ok_and(|word| word.trim() == "1") {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "AppArmor restricts the namespaces of ordinary users",
        ));
    }
    start::try_namespaces(outer)
}

fn landlock_version() -> Option<u32> {
    /// `LANDLOCK_CREATE_RULESET_VERSION`.
    const VERSION: libc::c_uint = 1;
    // SAFETY: with this flag the call takes a null pointer and a length of zero, and returns a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0_usize,
            VERSION,
        )
    };
    u32::try_from(version).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Keeper;

    #[test]
    fn without_control_groups_there_is_no_bound_of_processor_time() {
        let kept = support().limited_by;
        if kept.memory == Keeper::ResourceLimits && kept.processes == Keeper::ResourceLimits {
            assert_eq!(kept.cpu, Keeper::Nobody);
        }
        assert_ne!(kept.memory, Keeper::Nobody);
    }
}

//! What the runtime takes away from itself, whatever kind of isolate it is in.
//!
//! The launcher has already put this process into an empty root with a list of allowed system
//! calls (see `docs/reference/process-isolate.md`). That list is as wide as a compiling worker
//! needs; once the spawner of workers is forked, this process itself needs less.

use super::Connections;
use crate::fault::Fault;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;

/// Hides this process's memory from its neighbours and from core dumps. Inherited by workers.
pub(crate) fn harden() -> Result<(), Fault> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|_| Fault::Confinement)?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(|_| Fault::Confinement)?;
    rustix::thread::set_no_new_privs(true).map_err(|_| Fault::Confinement)
}

/// Gives up what only the spawner needs: new processes, new programs, executable memory; and what
/// nobody here needs: sockets of its own. Call while single-threaded: threads inherit it.
///
/// This is a list of what is refused, within the launcher's list of what is allowed: that one has
/// no calls under other numbers (those of the x32 ABI), and no calls that the kernel learns later.
pub(crate) fn confine(connections: &Connections) -> Result<(), Fault> {
    // `clone3` hides its flags in memory, where a filter cannot look. It is answered as by a kernel
    // that does not have it, so that a C library falls back to `clone`.
    let hidden = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    for (calls, errno) in [
        (refused_calls(connections), libc::EPERM),
        (Some(hidden), libc::ENOSYS),
    ] {
        let program = calls
            .and_then(|calls| filter(calls, errno))
            .ok_or(Fault::Confinement)?;
        seccompiler::apply_filter(&program).map_err(|_| Fault::Confinement)?;
    }
    Ok(())
}

/// Answers `calls` with `errno`, and leaves every other call to the filters that are there already.
fn filter(calls: Calls, errno: libc::c_int) -> Option<BpfProgram> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH).ok()?;
    let refuse = SeccompAction::Errno(u32::try_from(errno).ok()?);
    SeccompFilter::new(calls, SeccompAction::Allow, refuse, architecture)
        .ok()?
        .try_into()
        .ok()
}

/// System calls, each with the rules of which one must match; always where there are none.
type Calls = BTreeMap<libc::c_long, Vec<SeccompRule>>;

/// The calls that are refused from here on.
fn refused_calls(connections: &Connections) -> Option<Calls> {
    let mut calls = BTreeMap::new();
    for always in [
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_getfd,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        // Readable memory would become executable with it, and shared memory can be so from the
        // start.
        libc::SYS_personality,
        libc::SYS_shmat,
    ] {
        calls.insert(always, Vec::new());
    }
    if matches!(connections, Connections::Passed(_)) {
        calls.insert(libc::SYS_accept4, Vec::new());
    }
    let executable = u64::try_from(libc::PROT_EXEC).ok()?;
    for (call, protection) in [
        (libc::SYS_mmap, 2),
        (libc::SYS_mprotect, 2),
        (libc::SYS_pkey_mprotect, 2),
    ] {
        calls.insert(call, vec![when_bits(protection, executable, executable)?]);
    }
    // A thread is a clone with CLONE_THREAD; anything else would be a process with our keys.
    let thread = u64::try_from(libc::CLONE_THREAD).ok()?;
    calls.insert(libc::SYS_clone, vec![when_bits(0, thread, 0)?]);
    #[cfg(target_arch = "x86_64")]
    for process in [libc::SYS_fork, libc::SYS_vfork] {
        calls.insert(process, Vec::new());
    }
    Some(calls)
}

/// Matches where the bits `mask` of argument `index` equal `value`.
fn when_bits(index: u8, mask: u64, value: u64) -> Option<SeccompRule> {
    let condition = SeccompCondition::new(
        index,
        SeccompCmpArgLen::Qword,
        SeccompCmpOp::MaskedEq(mask),
        value,
    );
    SeccompRule::new(vec![condition.ok()?]).ok()
}

#[cfg(test)]
#[allow(
    unsafe_code,
    reason = "tries system calls that must fail, as an intruder would make them"
)]
mod tests {
    use super::*;
    use libc::c_long;
    use std::io;
    use std::os::fd::OwnedFd;

    const REFUSED: Option<i32> = Some(libc::EPERM);
    const NONE: [c_long; 6] = [0; 6];

    /// What a system call fails with; `None` where it succeeds.
    fn attempt(number: c_long, arguments: [c_long; 6]) -> Option<i32> {
        let [a, b, c, d, e, f] = arguments;
        // SAFETY: each test calls what fails before it looks at its arguments, or, where the
        // filter were not there, would fail at these or harm nothing.
        let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
        (result < 0).then(|| io::Error::last_os_error().raw_os_error().unwrap())
    }

    /// A new page of memory.
    fn page(protection: i32) -> Option<i32> {
        let flags = c_long::from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        attempt(libc::SYS_mmap, [0, 4096, protection.into(), flags, -1, 0])
    }

    /// A filter holds for the thread that puts it on and those that it starts, so the rest of the
    /// tests' process stays as it is.
    fn confined(attempts: impl FnOnce() + Send) {
        confined_with(Connections::Passed, attempts);
    }

    fn confined_with(kind: fn(OwnedFd) -> Connections, attempts: impl FnOnce() + Send) {
        let connections = kind(std::io::pipe().unwrap().0.into());
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                confine(&connections).unwrap();
                attempts();
            });
            thread.join().unwrap();
        });
    }

    #[test]
    fn no_other_program_is_executed() {
        confined(|| {
            for call in [libc::SYS_execve, libc::SYS_execveat] {
                assert_eq!(attempt(call, NONE), REFUSED);
            }
        });
    }

    #[test]
    fn there_are_threads_but_no_processes() {
        confined(|| {
            // Without any of the flags of a thread, and with all but the one that makes it one.
            let almost = libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_FILES;
            for flags in [libc::SIGCHLD, libc::CLONE_VM | libc::CLONE_VFORK, almost] {
                let call = [flags.into(), 0, 0, 0, 0, 0];
                assert_eq!(attempt(libc::SYS_clone, call), REFUSED);
            }
            #[cfg(target_arch = "x86_64")]
            for call in [libc::SYS_fork, libc::SYS_vfork] {
                assert_eq!(attempt(call, NONE), REFUSED);
            }
            assert_eq!(attempt(libc::SYS_clone3, NONE), Some(libc::ENOSYS));
            let thread = std::thread::Builder::new().spawn(|| page(libc::PROT_EXEC));
            assert_eq!(thread.unwrap().join().unwrap(), REFUSED);
        });
    }

    #[test]
    fn no_memory_becomes_executable() {
        confined(|| {
            assert_eq!(page(libc::PROT_READ | libc::PROT_WRITE), None);
            for protection in [libc::PROT_EXEC, libc::PROT_READ | libc::PROT_EXEC] {
                assert_eq!(page(protection), REFUSED);
                let change = [0, 4096, protection.into(), 0, 0, 0];
                for call in [libc::SYS_mprotect, libc::SYS_pkey_mprotect] {
                    assert_eq!(attempt(call, change), REFUSED);
                }
            }
            // READ_IMPLIES_EXEC.
            let personality = [0x0040_0000, 0, 0, 0, 0, 0];
            assert_eq!(attempt(libc::SYS_personality, personality), REFUSED);
        });
    }

    #[test]
    fn no_socket_is_made_and_nobody_is_watched() {
        confined(|| {
            for family in [
                libc::AF_INET,
                libc::AF_INET6,
                libc::AF_UNIX,
                libc::AF_NETLINK,
            ] {
                let stream = [family.into(), libc::SOCK_STREAM.into(), 0, 0, 0, 0];
                assert_eq!(attempt(libc::SYS_socket, stream), REFUSED);
            }
            for call in [
                libc::SYS_connect,
                libc::SYS_bind,
                libc::SYS_listen,
                libc::SYS_accept4,
                libc::SYS_process_vm_readv,
                libc::SYS_pidfd_getfd,
                libc::SYS_unshare,
                libc::SYS_io_uring_setup,
            ] {
                assert_eq!(attempt(call, [-1; 6]), REFUSED, "{call}");
            }
            // Of a process that is not there.
            let traced = [libc::PTRACE_ATTACH.into(), -1, 0, 0, 0, 0];
            assert_eq!(attempt(libc::SYS_ptrace, traced), REFUSED);
        });
    }

    #[test]
    fn only_where_connections_are_accepted_can_it_accept_some() {
        let accept = || attempt(libc::SYS_accept4, [-1; 6]);
        confined_with(Connections::Passed, || assert_eq!(accept(), REFUSED));
        confined_with(Connections::Accepted, || {
            assert_eq!(accept(), Some(libc::EBADF));
        });
    }
}

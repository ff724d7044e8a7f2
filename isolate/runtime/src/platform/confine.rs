//! What the runtime takes away from itself, whatever kind of isolate it is in.
//!
//! The launcher has already put this process into an empty root with a list of allowed system
//! calls (see `docs/reference/process-isolate.md`). That list is as wide as a compiling worker
//! needs; once the spawner of workers is forked, this process itself needs less.

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
pub(crate) fn confine() -> Result<(), Fault> {
    // `clone3` hides its flags in memory, where a filter cannot look. It is answered as by a kernel
    // that does not have it, so that a C library falls back to `clone`.
    let hidden = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    for (calls, errno) in [(refused_calls(), libc::EPERM), (Some(hidden), libc::ENOSYS)] {
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
fn refused_calls() -> Option<Calls> {
    let mut calls = BTreeMap::new();
    for always in [
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
    ] {
        calls.insert(always, Vec::new());
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

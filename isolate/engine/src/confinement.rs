//! What a worker may ask of the kernel. Public so that a test, or an auditor, can put a process
//! of its own under exactly these restrictions and try what it likes.
//!
//! Each level adds to the one before, and there is no way back:
//!
//! 1. [`Level::Compiling`]: no files, no sockets, no signals to processes outside, no privileges
//!    to gain. Threads and executable memory are still possible.
//! 2. [`Level::Locked`]: no new executable memory, no threads. Forking is still possible. This
//!    is where a program's process stands before it receives anybody's data.
//! 3. [`Level::Stage`]: no processes, no descriptors, bounded memory and processor time. This is
//!    where a program runs.
//!
//! A call outside of the table below fails with `EPERM`; one of [`HOSTILE`], which no honest
//! worker could ever make, kills.
#![allow(unsafe_code)]

use std::{collections::BTreeMap, io, time::Duration};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// How far a worker is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// For the compiler.
    Compiling,
    /// When compilation is over.
    Locked,
    /// For one run.
    Stage,
}

/// How much memory and processor time the kernel lets a worker have. They are an outer bound
/// for one that got out of the engine's hands, and wider than the limits that the engine keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Writable private memory, in bytes.
    pub data: u64,
    /// Address space, in bytes.
    pub address_space: u64,
    /// Processor time, rounded up to seconds.
    pub cpu_time: Option<Duration>,
}

/// Confines the calling process. It must have no threads but the calling one.
///
/// # Errors
/// The kernel's. The process must end then, since it may be confined in part.
pub fn confine(level: Level, bounds: &Bounds) -> io::Result<()> {
    lower(Resource::Data, bounds.data)?;
    lower(Resource::As, bounds.address_space)?;
    match level {
        Level::Compiling => {
            lower(Resource::Core, 0)?;
            rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
            rustix::thread::set_no_new_privs(true)?;
            leave_the_file_system()?;
            install(&hostile()?)?;
            install(&permitted(Level::Compiling)?)?;
            // Installed after the other, so that its answer counts.
            install(&no_clone3()?)?;
        }
        Level::Locked => {
            refuse_gains();
            install(&permitted(Level::Locked)?)?;
        }
        Level::Stage => {
            if let Some(time) = bounds.cpu_time {
                lower(Resource::Cpu, time.as_secs().saturating_add(2))?;
            }
            lower(Resource::Nproc, 0)?;
            lower(Resource::Nofile, 0)?;
            install(&permitted(Level::Stage)?)?;
        }
    }
    Ok(())
}

/// When a call is permitted.
enum When {
    Always,
    /// Memory that is private and not executable (`mmap`).
    PrivateData,
    /// Memory that is not executable (`mprotect`).
    Data,
    /// A new process that shares nothing (`clone`).
    Fork,
    /// A thread or process in the same namespaces (`clone`).
    SameNamespaces,
    /// This argument has one of these values.
    Is(u8, &'static [(u64, &'static str)]),
}

use When::{Always, Data, Fork, Is, PrivateData, SameNamespaces};

const PR_SET_VMA: u64 = 0x5356_4d41;

/// A system call: its number here, and its name.
type Call = (libc::c_long, &'static str);

macro_rules! call {
    ($number:ident) => {
        (libc::$number, stringify!($number))
    };
}

macro_rules! constant {
    ($name:ident) => {
        (libc::$name as u64, stringify!($name))
    };
}

/// The one table: a call, the last level at which it is permitted, when, and (in the comment)
/// what for.
const PERMITTED: &[(Call, Level, When)] = &[
    // Memory for programs, files and the allocator.
    (call!(SYS_mmap), Level::Stage, PrivateData),
    (call!(SYS_mprotect), Level::Stage, Data),
    (call!(SYS_munmap), Level::Stage, Always),
    (call!(SYS_mremap), Level::Stage, Always),
    (call!(SYS_madvise), Level::Stage, Always),
    (call!(SYS_brk), Level::Stage, Always),
    // Allocators name their memory.
    (
        call!(SYS_prctl),
        Level::Stage,
        Is(0, &[(PR_SET_VMA, "PR_SET_VMA")]),
    ),
    // Inputs are checked, outputs are written, and all are closed. Messages of a panic go to
    // the empty file that stands for standard error.
    (call!(SYS_fstat), Level::Stage, Always),
    (
        call!(SYS_fcntl),
        Level::Stage,
        Is(1, &[constant!(F_GETFD), constant!(F_GET_SEALS)]),
    ),
    (call!(SYS_pwrite64), Level::Stage, Always),
    (call!(SYS_write), Level::Stage, Always),
    (call!(SYS_writev), Level::Stage, Always),
    (call!(SYS_close), Level::Stage, Always),
    // Traps are signals: their handler was installed before, returns, and has a stack.
    (call!(SYS_rt_sigreturn), Level::Stage, Always),
    (call!(SYS_rt_sigprocmask), Level::Stage, Always),
    (call!(SYS_sigaltstack), Level::Stage, Always),
    // Its way to let a fault that is none of a program's end the process.
    (
        call!(SYS_rt_sigaction),
        Level::Stage,
        Is(
            0,
            &[
                constant!(SIGSEGV),
                constant!(SIGBUS),
                constant!(SIGILL),
                constant!(SIGFPE),
            ],
        ),
    ),
    // What the standard library and allocators do at any time.
    (call!(SYS_futex), Level::Stage, Always),
    (call!(SYS_clock_gettime), Level::Stage, Always),
    (call!(SYS_getrandom), Level::Stage, Always),
    (call!(SYS_getpid), Level::Stage, Always),
    (call!(SYS_gettid), Level::Stage, Always),
    (call!(SYS_getcpu), Level::Stage, Always),
    (call!(SYS_sched_yield), Level::Stage, Always),
    (call!(SYS_restart_syscall), Level::Stage, Always),
    (call!(SYS_exit), Level::Stage, Always),
    (call!(SYS_exit_group), Level::Stage, Always),
    // Orders from the runtime, and the answers.
    (call!(SYS_recvmsg), Level::Locked, Always),
    (call!(SYS_sendmsg), Level::Locked, Always),
    (call!(SYS_ppoll), Level::Locked, Always),
    #[cfg(target_arch = "x86_64")]
    (call!(SYS_poll), Level::Locked, Always),
    // A fork a stage, watched, killed (which Landlock confines to its own children) and reaped.
    (call!(SYS_clone), Level::Locked, Fork),
    #[cfg(target_arch = "x86_64")]
    (call!(SYS_fork), Level::Locked, Always),
    (call!(SYS_set_robust_list), Level::Locked, Always),
    (call!(SYS_set_tid_address), Level::Locked, Always),
    (call!(SYS_pidfd_open), Level::Locked, Always),
    (call!(SYS_pidfd_send_signal), Level::Locked, Always),
    (call!(SYS_wait4), Level::Locked, Always),
    // The stage ties itself to its parent, and confines itself.
    (call!(SYS_getppid), Level::Locked, Always),
    (
        call!(SYS_prctl),
        Level::Locked,
        Is(
            0,
            &[
                constant!(PR_SET_PDEATHSIG),
                constant!(PR_SET_DUMPABLE),
                constant!(PR_SET_NO_NEW_PRIVS),
            ],
        ),
    ),
    (
        call!(SYS_prlimit64),
        Level::Locked,
        Is(0, &[(0, "this process")]),
    ),
    (call!(SYS_seccomp), Level::Locked, Always),
    // Compiling takes threads, executable memory, and files in memory for initial data.
    (call!(SYS_mmap), Level::Compiling, Always),
    (call!(SYS_mprotect), Level::Compiling, Always),
    (call!(SYS_clone), Level::Compiling, SameNamespaces),
    (call!(SYS_rseq), Level::Compiling, Always),
    (call!(SYS_sched_getaffinity), Level::Compiling, Always),
    (call!(SYS_rt_sigaction), Level::Compiling, Always),
    (call!(SYS_membarrier), Level::Compiling, Always),
    (call!(SYS_memfd_create), Level::Compiling, Always),
    (call!(SYS_ftruncate), Level::Compiling, Always),
    (call!(SYS_fcntl), Level::Compiling, Always),
    // What it complains about has a place while it compiles, and none afterwards.
    (
        call!(SYS_dup3),
        Level::Compiling,
        Is(1, &[(libc::STDERR_FILENO as u64, "standard error")]),
    ),
    // Names of threads; no executable memory from now on.
    (
        call!(SYS_prctl),
        Level::Compiling,
        Is(0, &[constant!(PR_SET_NAME), constant!(PR_SET_MDWE)]),
    ),
];

/// Calls that kill at every level.
pub const HOSTILE: &[libc::c_long] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    libc::SYS_open_by_handle_at,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_personality,
];

impl When {
    fn words(&self) -> String {
        match self {
            Always => "yes".into(),
            PrivateData => "private, not executable".into(),
            Data => "not executable".into(),
            Fork => "a process that shares nothing".into(),
            SameNamespaces => "no namespaces".into(),
            Is(argument, values) => {
                let names: Vec<_> = values.iter().map(|(_, name)| *name).collect();
                format!("argument {argument} is {}", names.join(" or "))
            }
        }
    }

    /// As alternatives; none means always.
    fn rules(&self) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
        use SeccompCmpOp::{Eq, MaskedEq};
        let argument =
            |index, op, value| SeccompCondition::new(index, SeccompCmpArgLen::Qword, op, value);
        let executable = libc::PROT_EXEC as u64;
        // MAP_TYPE of the kernel: the bits that tell shared and private apart.
        let kind = 0xf;
        let namespaces = [
            libc::CLONE_NEWCGROUP,
            libc::CLONE_NEWIPC,
            libc::CLONE_NEWNET,
            libc::CLONE_NEWNS,
            libc::CLONE_NEWPID,
            libc::CLONE_NEWUSER,
            libc::CLONE_NEWUTS,
        ]
        .into_iter()
        .fold(0, |all, flag| all | u64::from(flag.cast_unsigned()));
        let of_fork = 0xff
            | libc::CLONE_CHILD_SETTID as u64
            | libc::CLONE_CHILD_CLEARTID as u64
            | libc::CLONE_PARENT_SETTID as u64;
        Ok(match self {
            Always => Vec::new(),
            Data => vec![SeccompRule::new(vec![argument(
                2,
                MaskedEq(executable),
                0,
            )?])?],
            PrivateData => vec![SeccompRule::new(vec![
                argument(2, MaskedEq(executable), 0)?,
                argument(3, MaskedEq(kind), libc::MAP_PRIVATE as u64)?,
            ])?],
            Fork => vec![SeccompRule::new(vec![argument(0, MaskedEq(!of_fork), 0)?])?],
            SameNamespaces => vec![SeccompRule::new(vec![argument(
                0,
                MaskedEq(namespaces),
                0,
            )?])?],
            Is(index, values) => values
                .iter()
                .map(|(value, _)| SeccompRule::new(vec![argument(*index, Eq, *value)?]))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// The table as the reference page shows it: which uses of which call are permitted to the compiler,
/// to a compiled program's process, and to a stage.
#[must_use]
pub fn markdown() -> String {
    let levels = [Level::Compiling, Level::Locked, Level::Stage];
    let mut calls: BTreeMap<&str, [Vec<String>; 3]> = BTreeMap::new();
    for ((_, name), last, when) in PERMITTED {
        let cells = calls.entry(name.trim_start_matches("SYS_")).or_default();
        for (level, uses) in levels.into_iter().zip(cells) {
            if level <= *last {
                uses.push(when.words());
            }
        }
    }
    let mut page =
        String::from("| system call | compiling | locked | stage |\n|---|---|---|---|\n");
    for (name, cells) in calls {
        let cells = cells.map(|uses| {
            // A use without a condition is all of them.
            if uses.iter().any(|condition| condition == "yes") {
                "yes".to_owned()
            } else {
                uses.join("; ")
            }
        });
        page.push_str(&format!("| `{name}` | {} |\n", cells.join(" | ")));
    }
    page
}

fn permitted(level: Level) -> io::Result<BpfProgram> {
    let mut calls: BTreeMap<i64, Option<Vec<SeccompRule>>> = BTreeMap::new();
    for ((call, _), _, when) in PERMITTED.iter().filter(|(_, last, _)| *last >= level) {
        let rules = when.rules().map_err(io::Error::other)?;
        let all = calls.entry(*call).or_insert_with(|| Some(Vec::new()));
        if rules.is_empty() {
            *all = None;
        } else if let Some(all) = all {
            all.extend(rules);
        }
    }
    let calls = calls
        .into_iter()
        .map(|(call, rules)| (call, rules.unwrap_or_default()))
        .collect();
    filter(
        calls,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
    )
}

fn hostile() -> io::Result<BpfProgram> {
    let calls = HOSTILE.iter().map(|call| (*call, Vec::new())).collect();
    filter(calls, SeccompAction::Allow, SeccompAction::KillProcess)
}

/// The flags of `clone3` stand in memory, where no filter can look. The C library uses `clone`
/// when it hears that there is none.
fn no_clone3() -> io::Result<BpfProgram> {
    let calls = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    filter(
        calls,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
    )
}

fn filter(
    calls: BTreeMap<i64, Vec<SeccompRule>>,
    others: SeccompAction,
    these: SeccompAction,
) -> io::Result<BpfProgram> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    SeccompFilter::new(calls, others, these, arch)
        .and_then(BpfProgram::try_from)
        .map_err(io::Error::other)
}

fn install(filter: &BpfProgram) -> io::Result<()> {
    seccompiler::apply_filter(filter).map_err(io::Error::other)
}

/// No file can be opened, no port bound or dialled, no process outside signalled, as far as this
/// kernel's Landlock goes. The filter alone keeps all but the last.
fn leave_the_file_system() -> io::Result<()> {
    const NEWEST: ABI = ABI::V9;
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(NEWEST)))
        .and_then(|rules| rules.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self)
        .map(drop)
        .map_err(io::Error::other)
}

/// No memory can become executable any more, at any level. For a process that interprets, from
/// its start: it can then not even compile to machine code.
///
/// # Errors
/// The kernel's. The process must end then.
pub fn refuse_executable_memory() -> io::Result<()> {
    let executable = SeccompCondition::new(
        2,
        SeccompCmpArgLen::Qword,
        SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64),
        libc::PROT_EXEC as u64,
    )
    .and_then(|condition| SeccompRule::new(vec![condition]))
    .map_err(io::Error::other)?;
    let calls = [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_pkey_mprotect]
        .into_iter()
        .map(|call| (call, vec![executable.clone()]))
        .collect();
    refuse_gains();
    install(&filter(
        calls,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
    )?)
}

/// Kernels from 6.3 also refuse at the mapping itself; the filter refuses on all of them.
fn refuse_gains() {
    // SAFETY: `prctl` with this option takes numbers alone.
    let _ = unsafe { libc::prctl(libc::PR_SET_MDWE, libc::PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) };
}

/// Sets a limit, where it is not lower already. The greatest that it can be raised to is lowered
/// along only where nothing later needs more.
fn lower(resource: Resource, value: u64) -> io::Result<()> {
    let now = rustix::process::getrlimit(resource);
    let value = now.maximum.map_or(value, |greatest| value.min(greatest));
    let keep = matches!(resource, Resource::Data | Resource::As);
    let maximum = if keep { now.maximum } else { Some(value) };
    let limit = Rlimit {
        current: Some(value),
        maximum,
    };
    Ok(rustix::process::setrlimit(resource, limit)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_page_has_this_very_table() {
        let page = include_str!("../../../docs/reference/process-isolate.md");
        let (_, rest) = page.split_once("<!-- worker table -->\n").unwrap();
        let (found, _) = rest.split_once("<!-- end of the worker table -->").unwrap();
        let table = markdown();
        assert_eq!(found.trim(), table.trim(), "paste this:\n{table}");
    }
}

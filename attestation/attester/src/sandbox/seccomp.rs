//! The filter of system calls: one table, which is also the documentation.

use std::collections::BTreeMap;
use std::fmt::Write;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// One system call that an isolate may make.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Its number on this architecture.
    number: c_long,
    /// Which uses of it.
    pub only: Only,
    /// What it is there for.
    pub purpose: &'static str,
}

/// Which uses of a system call are allowed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Only {
    /// All of them.
    Any,
    /// Those whose argument (counted from 0) is one of these.
    OneOf(u8, &'static [(u64, &'static str)]),
    /// Those whose argument has none of these bits.
    Without(u8, u64, &'static str),
}

macro_rules! rules {
    ($($purpose:literal: $($number:ident $(($only:expr))?),+;)+) => {
        &[$($(Rule {
            name: name(stringify!($number)),
            number: libc::$number,
            only: rules!(@only $($only)?),
            purpose: $purpose,
        },)+)+]
    };
    (@only) => { Only::Any };
    (@only $only:expr) => { $only };
}

/// What every isolate may call. All else answers `ENOSYS`, as if this kernel did not have it, so
/// that libraries take the path that they have for older kernels.
///
/// The runtime needs room to make itself smaller: it forks a spawner and workers, compiles, and
/// then puts tighter filters on itself and on them.
pub const TABLE: &[Rule] = rules! {
    "read and write what is open": SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64,
        SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_lseek, SYS_close, SYS_close_range, SYS_dup,
        SYS_dup3, SYS_fstat, SYS_newfstatat (Only::OneOf(3, EMPTY_PATH)),
        SYS_statx (Only::OneOf(2, EMPTY_PATH)), SYS_fcntl, SYS_ioctl (Only::OneOf(1, IOCTLS));
    "files in memory": SYS_memfd_create, SYS_memfd_secret, SYS_ftruncate, SYS_fallocate,
        SYS_fchmod, SYS_fsync, SYS_fdatasync, SYS_copy_file_range, SYS_sendfile, SYS_splice;
    "memory, executable memory too: programs are compiled": SYS_mmap, SYS_munmap, SYS_mremap,
        SYS_mprotect, SYS_madvise, SYS_brk, SYS_mlock, SYS_mlock2, SYS_munlock, SYS_msync,
        SYS_mincore, SYS_membarrier;
    "connections that were handed in": SYS_recvmsg, SYS_sendmsg, SYS_recvfrom, SYS_sendto,
        SYS_recvmmsg, SYS_sendmmsg, SYS_shutdown, SYS_getsockopt, SYS_setsockopt, SYS_getsockname,
        SYS_getpeername, SYS_socketpair (Only::OneOf(0, &[(1, "AF_UNIX")]));
    "waiting": SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait,
        SYS_epoll_pwait2, SYS_eventfd2, SYS_timerfd_create, SYS_timerfd_settime,
        SYS_timerfd_gettime, SYS_signalfd4, SYS_pipe2;
    "time": SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep,
        SYS_gettimeofday;
    "randomness": SYS_getrandom;
    "threads, and processes in the same namespaces": SYS_clone (Only::Without(0, NAMESPACES,
        "CLONE_NEW*")), SYS_exit, SYS_exit_group, SYS_wait4, SYS_waitid, SYS_set_tid_address,
        SYS_set_robust_list, SYS_rseq, SYS_futex, SYS_sched_yield, SYS_sched_getaffinity,
        SYS_sched_setaffinity, SYS_getpid, SYS_gettid, SYS_getppid, SYS_getpriority,
        SYS_setpriority, SYS_setsid, SYS_setpgid, SYS_getpgid, SYS_getrusage, SYS_times,
        SYS_getcpu, SYS_pidfd_open, SYS_pidfd_send_signal;
    "signals, within the isolate": SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
        SYS_rt_sigtimedwait, SYS_rt_sigpending, SYS_rt_sigsuspend, SYS_sigaltstack, SYS_kill,
        SYS_tkill, SYS_tgkill, SYS_restart_syscall, SYS_setitimer, SYS_getitimer;
    "looking at itself": SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getgroups,
        SYS_getresuid, SYS_getresgid, SYS_capget, SYS_uname, SYS_sysinfo, SYS_umask, SYS_getcwd;
    "making itself smaller": SYS_prctl (Only::OneOf(0, PRCTLS)), SYS_seccomp, SYS_prlimit64,
        SYS_getrlimit, SYS_setrlimit, SYS_capset, SYS_landlock_create_ruleset,
        SYS_landlock_restrict_self;
    "being started: the measured image, at the descriptor where the attester leaves it":
        SYS_execveat (Only::OneOf(0, &[(super::inside::IMAGE, "6")]));
};

/// What only this architecture has: older forms of calls above.
#[cfg(target_arch = "x86_64")]
const OLDER: &[Rule] = rules! {
    "older forms of the calls above": SYS_fork, SYS_poll, SYS_select, SYS_epoll_wait,
        SYS_epoll_create, SYS_eventfd, SYS_pipe, SYS_dup2, SYS_getpgrp, SYS_time, SYS_arch_prctl,
        SYS_alarm, SYS_pause;
};
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[Rule] = &[];

const EMPTY_PATH: &[(u64, &str)] = &[
    (libc::AT_EMPTY_PATH as u64, "AT_EMPTY_PATH"),
    (
        (libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC) as u64,
        "AT_EMPTY_PATH with AT_STATX_DONT_SYNC",
    ),
];

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    reason = "each C library has another type for these"
)]
const IOCTLS: &[(u64, &str)] = &[
    (libc::FIONBIO as u64, "FIONBIO"),
    (libc::FIOCLEX as u64, "FIOCLEX"),
    (libc::FIONREAD as u64, "FIONREAD"),
];

const PRCTLS: &[(u64, &str)] = &[
    (libc::PR_SET_PDEATHSIG as u64, "PR_SET_PDEATHSIG"),
    (libc::PR_GET_DUMPABLE as u64, "PR_GET_DUMPABLE"),
    (libc::PR_SET_DUMPABLE as u64, "PR_SET_DUMPABLE"),
    (libc::PR_SET_NAME as u64, "PR_SET_NAME"),
    (libc::PR_GET_NAME as u64, "PR_GET_NAME"),
    (libc::PR_GET_SECCOMP as u64, "PR_GET_SECCOMP"),
    (libc::PR_SET_SECCOMP as u64, "PR_SET_SECCOMP"),
    (libc::PR_CAPBSET_READ as u64, "PR_CAPBSET_READ"),
    (libc::PR_CAPBSET_DROP as u64, "PR_CAPBSET_DROP"),
    (libc::PR_SET_TIMERSLACK as u64, "PR_SET_TIMERSLACK"),
    (
        libc::PR_SET_CHILD_SUBREAPER as u64,
        "PR_SET_CHILD_SUBREAPER",
    ),
    (libc::PR_SET_NO_NEW_PRIVS as u64, "PR_SET_NO_NEW_PRIVS"),
    (libc::PR_GET_NO_NEW_PRIVS as u64, "PR_GET_NO_NEW_PRIVS"),
    (libc::PR_SET_THP_DISABLE as u64, "PR_SET_THP_DISABLE"),
    (libc::PR_CAP_AMBIENT as u64, "PR_CAP_AMBIENT"),
    (PR_SET_MDWE, "PR_SET_MDWE"),
    (libc::PR_SET_VMA as u64, "PR_SET_VMA"),
];

/// Memory-deny-write-execute, from `linux/prctl.h`.
const PR_SET_MDWE: u64 = 65;

/// Every flag of `clone` that makes a namespace.
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWTIME) as u64;

/// Compiles the table. Done once, by the attester; the child only installs it.
pub(crate) fn compile() -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for rule in TABLE.iter().chain(OLDER) {
        rules.insert(rule.number, rule.only.conditions()?);
    }
    let otherwise = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, otherwise, SeccompAction::Allow, arch)?.try_into()
}

impl Only {
    /// Any one of the rules must hold; no rule means that the call is allowed.
    fn conditions(self) -> Result<Vec<SeccompRule>, BackendError> {
        let rule = |argument, operator, value| {
            // The kernel looks at the lower half of these arguments only, and so does this.
            let length = SeccompCmpArgLen::Dword;
            SeccompRule::new(vec![SeccompCondition::new(
                argument, length, operator, value,
            )?])
        };
        match self {
            Self::Any => Ok(Vec::new()),
            Self::OneOf(argument, values) => values
                .iter()
                .map(|(value, _)| rule(argument, SeccompCmpOp::Eq, *value))
                .collect(),
            Self::Without(argument, bits, _) => {
                Ok(vec![rule(argument, SeccompCmpOp::MaskedEq(bits), 0)?])
            }
        }
    }

    fn words(self) -> String {
        match self {
            Self::Any => String::new(),
            Self::OneOf(argument, values) => {
                let names: Vec<_> = values.iter().map(|(_, name)| *name).collect();
                format!("argument {argument} is one of: {}", names.join(", "))
            }
            Self::Without(argument, _, name) => format!("argument {argument} has no {name}"),
        }
    }
}

/// The table as the reference page shows it.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from("| system call | only where | purpose |\n|---|---|---|\n");
    for rule in TABLE.iter().chain(OLDER) {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} |",
            rule.name,
            rule.only.words(),
            rule.purpose
        );
    }
    page
}

/// Cuts `SYS_` off.
const fn name(constant: &'static str) -> &'static str {
    match constant.as_bytes() {
        [b'S', b'Y', b'S', b'_', ..] => constant.split_at(4).1,
        _ => constant,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn compiles_to_a_filter_that_the_kernel_takes() {
        // The kernel takes at most 4096 instructions.
        assert!(compile().unwrap().len() < 4096);
    }

    #[test]
    fn names_every_call_once() {
        let all: Vec<_> = TABLE.iter().chain(OLDER).map(|rule| rule.number).collect();
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), distinct.len());
    }

    #[test]
    fn has_no_call_that_reaches_out() {
        let names: BTreeSet<_> = TABLE.iter().chain(OLDER).map(|rule| rule.name).collect();
        for name in [
            "socket",
            "connect",
            "bind",
            "listen",
            "accept",
            "accept4",
            "open",
            "openat",
            "openat2",
            "creat",
            "ptrace",
            "process_vm_readv",
            "process_vm_writev",
            "mount",
            "umount2",
            "pivot_root",
            "chroot",
            "unshare",
            "setns",
            "execve",
            "clone3",
            "bpf",
            "io_uring_setup",
            "userfaultfd",
            "perf_event_open",
            "keyctl",
            "add_key",
            "reboot",
            "init_module",
            "finit_module",
            "kexec_load",
            "pidfd_getfd",
            "open_by_handle_at",
            "setuid",
            "setresuid",
            "shmget",
            "msgget",
            "semget",
            "name_to_handle_at",
        ] {
            assert!(!names.contains(name), "{name}");
        }
    }

    #[test]
    fn the_reference_page_has_this_very_table() {
        let page = include_str!("../../../../docs/reference/process-isolate.md");
        let (_, rest) = page
            .split_once("<!-- seccomp table -->\n")
            .expect("a mark before it");
        let (found, _) = rest
            .split_once("<!-- end of the seccomp table -->")
            .expect("and after");
        assert_eq!(
            found.trim(),
            markdown().trim(),
            "paste this:\n{}",
            markdown()
        );
    }
}

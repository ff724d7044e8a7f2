//! Whether KVM is what it says. A machine that is itself virtual may offer `/dev/kvm` and interpret
//! what runs on it, a hundred times slower than QEMU would.
#![allow(
    unsafe_code,
    reason = "gives memory to a virtual machine, and forks to be able to give up"
)]

use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use kvm_bindings::{kvm_segment, kvm_userspace_memory_region};
use kvm_ioctls::{Kvm, VcpuExit};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};

/// Rounds of the loop that is timed: two instructions each.
const ROUNDS: u32 = 200_000;
/// How long they may take on a processor. It takes 0.1 ms; an interpreter takes seconds.
const FAST: Duration = Duration::from_millis(50);
/// How long to wait for an answer. Some such KVMs never come back.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long a process that was killed may take to be gone.
const PARTING: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// What [`probe`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KvmSpeed {
    /// The processor itself executes what runs on it.
    Fast,
    /// It is there, and slower than translating.
    Slow,
    /// There is none, or this user may not use it.
    Absent,
}

/// Times a short loop in a virtual machine of one processor, in a process of its own that is killed
/// where it does not answer in time: at most about 0.3 s.
///
/// It forks: call it in a process without other threads.
#[must_use]
pub fn probe() -> KvmSpeed {
    if Kvm::new().is_err() {
        return KvmSpeed::Absent;
    }
    let Some(process) = fork(|| match time_the_loop() {
        Some(taken) if taken <= FAST => 0,
        _ => 1,
    }) else {
        return KvmSpeed::Slow;
    };
    let mut ended = [PollFd::new(&process, PollFlags::IN)];
    let patience = PATIENCE.try_into().ok();
    if !matches!(poll(&mut ended, patience.as_ref()), Ok(1..)) {
        let _ = pidfd_send_signal(&process, Signal::KILL);
        // Not waited for without end: it may hang where no signal arrives.
        let _ = poll(&mut ended, Some(&PARTING));
        let reap = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let _ = waitid(WaitId::PidFd(borrow(&process)), reap);
        return KvmSpeed::Slow;
    }
    match waitid(WaitId::PidFd(borrow(&process)), WaitIdOptions::EXITED) {
        Ok(Some(status)) if status.exit_status() == Some(0) => KvmSpeed::Fast,
        _ => KvmSpeed::Slow,
    }
}

fn borrow(process: &OwnedFd) -> std::os::fd::BorrowedFd<'_> {
    std::os::fd::AsFd::as_fd(process)
}

/// Page-aligned memory of the tiny machine: a page of nothing, and a page of instructions.
#[repr(align(4096))]
struct Memory([u8; 8192]);

/// Where the instructions are.
const ENTRY: u16 = 4096;

/// How long the loop takes; `None` where the machine cannot be made or does something else.
fn time_the_loop() -> Option<Duration> {
    let mut memory = Box::new(Memory([0; 8192]));
    // mov ecx, ROUNDS; again: dec ecx; jnz again; hlt
    let rounds = ROUNDS.to_le_bytes();
    let code = [&[0xb9], rounds.as_slice(), &[0xff, 0xc9, 0x75, 0xfc, 0xf4]].concat();
    let place = memory.0.get_mut(ENTRY.into()..)?.get_mut(..code.len())?;
    place.copy_from_slice(&code);

    let vm = Kvm::new().ok()?.create_vm().ok()?;
    let region = kvm_userspace_memory_region {
        slot: 0,
        flags: 0,
        guest_phys_addr: 0,
        memory_size: u64::try_from(size_of::<Memory>()).ok()?,
        userspace_addr: u64::try_from((&raw mut *memory).expose_provenance()).ok()?,
    };
    // SAFETY: the region is this very allocation, page-aligned and of that size, which is not used
    // otherwise and lives until the virtual machine is gone: both are dropped with this function,
    // the machine (declared later) first.
    unsafe { vm.set_user_memory_region(region) }.ok()?;
    let mut processor = vm.create_vcpu(0).ok()?;
    let flat = |selector, kind| kvm_segment {
        limit: u32::MAX,
        selector,
        type_: kind,
        present: 1,
        db: 1,
        s: 1,
        g: 1,
        ..kvm_segment::default()
    };
    let mut special = processor.get_sregs().ok()?;
    special.cs = flat(8, 11);
    let data = flat(16, 3);
    (special.ds, special.es, special.ss) = (data, data, data);
    (special.fs, special.gs) = (data, data);
    // Protected mode, without paging.
    special.cr0 |= 1;
    processor.set_sregs(&special).ok()?;
    let mut registers = processor.get_regs().ok()?;
    registers.rip = ENTRY.into();
    registers.rflags = 2;
    processor.set_regs(&registers).ok()?;
    let start = Instant::now();
    match processor.run().ok()? {
        VcpuExit::Hlt => Some(start.elapsed()),
        _ => None,
    }
}

/// Runs `work` in a copy of this process, which exits with what it returns. A descriptor of that
/// process.
fn fork(work: impl FnOnce() -> i32) -> Option<OwnedFd> {
    let mut process: RawFd = -1;
    // SAFETY: all zeros is a valid `clone_args`.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = u64::from(libc::CLONE_PIDFD.unsigned_abs());
    arguments.pidfd = u64::try_from((&raw mut process).expose_provenance()).ok()?;
    arguments.exit_signal = u64::from(libc::SIGCHLD.unsigned_abs());
    // SAFETY: without CLONE_VM this is a fork: the child goes on on a copy of all memory. The caller
    // has no other threads, whose locks could stay locked there. Both places outlive the call.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw mut arguments,
            size_of::<libc::clone_args>(),
        )
    };
    if pid == 0 {
        let code = work();
        // SAFETY: `_exit` never returns, and runs nothing that the parent registered for its end.
        unsafe { libc::_exit(code) }
    }
    // SAFETY: the kernel wrote a fresh descriptor, which nothing else owns.
    (pid > 0).then(|| unsafe { OwnedFd::from_raw_fd(process) })
}

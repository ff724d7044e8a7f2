//! A stage: forked from the program's process, watched by it, and gone before it answers.

use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags},
    io::Errno,
    process::{Pid, PidfdFlags, Signal},
};

use super::{
    RESERVED,
    compile::Compiled,
    guest::{self, Descriptors},
};
use crate::{
    channel::{Channel, timespec},
    confinement::{Bounds, Level, confine},
    memfd::write_all_at,
    message::{Ending, Order, Outcome, ProgramReply, REPORT_BYTES, Report, encode, nanoseconds},
    process,
};

/// Runs the program once. When this returns, its process is dead and reaped, and this process
/// has no descriptor of its files any more.
pub(super) fn run(
    compiled: &Compiled,
    channel: &Channel,
    order: &Order,
    descriptors: Vec<OwnedFd>,
) -> io::Result<ProgramReply> {
    let (report, files) = sort(order, descriptors).ok_or(Errno::BADMSG)?;
    let start = Instant::now();
    let parent = rustix::process::getpid();
    // This process has one thread: those of the compiler ended with it.
    let child = process::fork(|| {
        let report_of_run = match confine_stage(compiled, channel, order, parent) {
            Ok(()) => guest::run(compiled, order, files),
            Err(error) => Report::of(Outcome::Failed(error.raw_os_error().unwrap_or(libc::EIO))),
        };
        write_report(&report, &report_of_run).map_or(1, |()| 0)
    })?;
    // Where it cannot be watched, this process says so, and is killed for it with its child.
    let ending = watch(child, order, start)?;
    let (death, cpu) = process::reap(child)?;
    let ending = match ending {
        Some(ending) => ending,
        // The kernel's own limit on processor time kills, too.
        None if cpu > order.settings.cpu_time => Ending::OutOfCpuTime,
        None => Ending::Died(death),
    };
    Ok(ProgramReply::Ended {
        ending,
        wall_ns: nanoseconds::count(start.elapsed()),
        cpu_ns: nanoseconds::count(cpu),
    })
}

/// Puts descriptors into the order in which they were sent, if all came.
fn sort(order: &Order, descriptors: Vec<OwnedFd>) -> Option<(OwnedFd, Descriptors)> {
    let mut descriptors = descriptors.into_iter();
    let report = descriptors.next()?;
    let files = Descriptors {
        stdout: descriptors.next()?,
        stderr: descriptors.next()?,
        inputs: descriptors.by_ref().take(order.inputs.len()).collect(),
        outputs: descriptors.by_ref().take(order.outputs.len()).collect(),
    };
    let complete = files.inputs.len() == order.inputs.len()
        && files.outputs.len() == order.outputs.len()
        && descriptors.next().is_none();
    complete.then_some((report, files))
}

/// In the child: leaves behind all that a program must not reach.
fn confine_stage(
    compiled: &Compiled,
    channel: &Channel,
    order: &Order,
    parent: Pid,
) -> io::Result<()> {
    process::die_with(parent)?;
    process::close_in_child(channel.as_fd());
    let settings = &order.settings;
    let data = compiled
        .compile_memory
        .saturating_add(settings.memory)
        // Written files are in memory, and their allocator may keep as much in reserve.
        .saturating_add(settings.written_bytes.saturating_mul(2))
        // What is printed is kept in a vector, which may be half empty, and has its former place
        // beside it while it grows.
        .saturating_add(settings.stdout_bytes.unwrap_or(0).saturating_mul(3))
        .saturating_add(settings.stderr_bytes.unwrap_or(0).saturating_mul(3));
    let mapped = order
        .inputs
        .iter()
        .fold(0u64, |sum, input| sum.saturating_add(input.bytes));
    confine(
        Level::Stage,
        &Bounds {
            data,
            address_space: data.saturating_add(mapped).saturating_add(RESERVED),
            cpu_time: Some(settings.cpu_time),
        },
    )
}

/// Waits until the child has ended, or kills it when its time is over.
///
/// Processor time cannot run faster than wall time in a process with one thread, so the wait
/// need not end before the rest of either has passed.
fn watch(child: Pid, order: &Order, start: Instant) -> io::Result<Option<Ending>> {
    let watched = rustix::process::pidfd_open(child, PidfdFlags::empty())?;
    let ending = loop {
        let wall = order.settings.wall_time.checked_sub(start.elapsed());
        let cpu = process::cpu_time(child).map(|used| order.settings.cpu_time.checked_sub(used));
        let left = match (wall, cpu) {
            (None, _) => break Ok(Some(Ending::OutOfTime)),
            (_, Ok(None)) => break Ok(Some(Ending::OutOfCpuTime)),
            (_, Err(error)) => break Err(error),
            (Some(wall), Ok(Some(cpu))) => wall.min(cpu).saturating_add(Duration::from_millis(1)),
        };
        let mut polled = [PollFd::new(&watched, PollFlags::IN)];
        match rustix::event::poll(&mut polled, Some(&timespec(left))) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => break Ok(None),
            Err(error) => break Err(error.into()),
        }
    };
    if !matches!(ending, Ok(None)) {
        // It cannot be gone for someone else: nobody has reaped it yet.
        rustix::process::pidfd_send_signal(&watched, Signal::KILL)?;
    }
    ending
}

/// The length, then the report.
fn write_report(file: &OwnedFd, report: &Report) -> Option<()> {
    let bytes = encode(report);
    let length = u32::try_from(bytes.len()).ok()?;
    if bytes.len().saturating_add(4) > REPORT_BYTES {
        return None;
    }
    write_all_at(file.as_fd(), &bytes, 4).ok()?;
    write_all_at(file.as_fd(), &length.to_be_bytes(), 0).ok()
}

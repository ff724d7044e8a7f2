//! What a greedy program would take, and how much it got.

use std::ffi::{c_int, c_long};

use super::{_exit, fcntl, fork, kill, pause, syscall, waitpid};

/// More than any test allows, to spare the machine where a limit fails.
const MOST_BYTES: usize = 1 << 30;
const MIB: usize = 1 << 20;

/// One line a resource: its name, `=`, the amount, and how it ended.
pub fn probe() -> String {
    format!(
        "forks={} processes\nmemory={}\nmemory of several processes={}\nfiles in memory={}\n\
         descriptors={} descriptors\nprocessor={} ms in a second\n",
        forks(),
        eaten(1, memory),
        eaten(4, memory),
        eaten(1, files),
        descriptors(),
        processor(),
    )
}

/// Forks until the kernel refuses, and ends them all. At most 10,000, to spare the machine.
fn forks() -> usize {
    let mut children = Vec::new();
    while children.len() < 10_000 {
        match unsafe { fork() } {
            0 => loop {
                unsafe { pause() };
            },
            pid if pid > 0 => children.push(pid),
            _ => break,
        }
    }
    end(&children);
    children.len()
}

fn end(children: &[c_int]) {
    for child in children {
        unsafe { kill(*child, 9) };
    }
    for child in children {
        unsafe { waitpid(*child, std::ptr::null_mut(), 0) };
    }
}

/// How many MiB so many children together got before the kernel refused them or ended one.
fn eaten(children: usize, eat: fn(&mut usize)) -> String {
    // Shared, so that what a child got is known after its end.
    let counters = unsafe { syscall(9, 0, 4096, 3, 0x21, -1, 0) } as *mut usize;
    let mut started = Vec::new();
    for number in 0..children {
        let child = unsafe { fork() };
        if child == 0 {
            eat(unsafe { &mut *counters.add(number) });
            // Keeps what it has until all have tried.
            loop {
                unsafe { pause() };
            }
        }
        started.push(child);
    }
    let (mut killed, mut quiet, mut last) = (0, 0, 0);
    let total = || {
        (0..children)
            .map(|n| unsafe { counters.add(n).read_volatile() })
            .sum::<usize>()
    };
    while quiet < 30 && killed == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
        for child in &started {
            let mut status = 0;
            if unsafe { waitpid(*child, &mut status, 1) } == *child {
                killed = status & 0x7f;
            }
        }
        quiet = if total() == last { quiet + 1 } else { 0 };
        last = total();
    }
    let total = total() / MIB;
    end(&started);
    unsafe { syscall(11, counters, 4096) };
    match killed {
        0 => format!("{total} MiB, then refused"),
        signal => format!("{total} MiB, then signal {signal}"),
    }
}

fn memory(got: &mut usize) {
    while *got < MOST_BYTES {
        let page = unsafe { syscall(9, 0, MIB, 3, 0x22, -1, 0) };
        if page < 0 {
            return;
        }
        for offset in (0..MIB).step_by(4096) {
            unsafe { (page as *mut u8).add(offset).write_volatile(1) };
        }
        *got += MIB;
    }
}

fn files(got: &mut usize) {
    let content = vec![1u8; MIB];
    loop {
        let file = unsafe { syscall(319, c"greedy".as_ptr(), 0) };
        if file < 0 {
            return;
        }
        for _ in 0..32 {
            let written = unsafe { syscall(1, file, content.as_ptr(), MIB) };
            if written <= 0 || *got >= MOST_BYTES {
                return;
            }
            *got += MIB;
        }
    }
}

fn descriptors() -> usize {
    let mut got: Vec<c_int> = Vec::new();
    while got.len() < 100_000 {
        match unsafe { fcntl(0, 0, 0) } {
            descriptor if descriptor >= 0 => got.push(descriptor),
            _ => break,
        }
    }
    for descriptor in &got {
        unsafe { syscall(3, c_long::from(*descriptor)) };
    }
    got.len()
}

/// Milliseconds of processor time that two busy children get in a second.
fn processor() -> u64 {
    let before = children_time();
    let children: Vec<_> = (0..2)
        .map(|_| {
            let child = unsafe { fork() };
            if child == 0 {
                loop {
                    std::hint::spin_loop();
                }
            }
            child
        })
        .collect();
    if children.iter().any(|child| *child < 0) {
        unsafe { _exit(1) }
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
    end(&children);
    children_time() - before
}

/// `getrusage(RUSAGE_CHILDREN)`: user and system time come first, each in seconds and microseconds.
fn children_time() -> u64 {
    let mut usage = [0i64; 18];
    unsafe { syscall(98, -1, usage.as_mut_ptr()) };
    let micros = (usage[0] + usage[2]) * 1_000_000 + usage[1] + usage[3];
    u64::try_from(micros / 1000).unwrap()
}

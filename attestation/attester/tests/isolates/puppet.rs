//! An isolate for tests: does what one byte on its control channel (descriptor 3) tells it to.
//!
//! It is compiled by the tests with plain `rustc`, hence without any crate: libc's functions are
//! declared by hand.

use std::ffi::{c_int, c_long};
use std::fs::File;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;

#[path = "greedy.rs"]
mod greedy;
#[path = "hostile.rs"]
mod hostile;

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn fork() -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn pause() -> c_int;
    fn fcntl(descriptor: c_int, command: c_int, ...) -> c_int;
    fn prctl(option: c_int, ...) -> c_int;
    fn getpid() -> c_int;
    fn getppid() -> c_int;
    fn getuid() -> c_int;
    fn getgroups(size: c_int, list: *mut u32) -> c_int;
    fn _exit(code: c_int) -> !;
}

fn main() {
    let mut control = descriptor(3);
    loop {
        let mut command = [0];
        if control.read_exact(&mut command).is_err() {
            return;
        }
        match &command {
            b"p" => {
                let other = String::from_utf8(unframed(&mut control)).unwrap();
                let report = hostile::probe(other.parse().unwrap());
                control.write_all(&framed(report.as_bytes())).unwrap();
            }
            b"g" => {
                let report = greedy::probe();
                control.write_all(&framed(report.as_bytes())).unwrap();
            }
            b"e" => {
                let reply = ask_for_evidence(&unframed(&mut control));
                control.write_all(&framed(&reply)).unwrap();
            }
            b"i" => control.write_all(&framed(itself().as_bytes())).unwrap(),
            b"w" => control.write_all(&framed(work().as_bytes())).unwrap(),
            b"l" => {
                // Asks for evidence and never reads an answer.
                for _ in 0..400 {
                    descriptor(5).write_all(&[1; 64]).unwrap();
                }
                control.write_all(&framed(b"asked")).unwrap();
            }
            b"k" => {
                // Closes the evidence channel.
                drop(ManuallyDrop::into_inner(descriptor(5)));
                control.write_all(&framed(b"closed")).unwrap();
            }
            b"s" => unsafe { std::ptr::null_mut::<u8>().write_volatile(1) },
            b"x" => std::process::exit(7),
            _ => std::process::exit(99),
        }
    }
}

fn descriptor(number: c_int) -> ManuallyDrop<File> {
    ManuallyDrop::new(unsafe { File::from_raw_fd(number) })
}

fn framed(content: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(content);
    frame
}

fn unframed(stream: &mut File) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut content = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut content).unwrap();
    content
}

fn ask_for_evidence(request: &[u8]) -> Vec<u8> {
    let mut channel = descriptor(5);
    channel.write_all(request).unwrap();
    let mut reply = vec![0; 100_000];
    let length = channel.read(&mut reply).unwrap();
    reply.truncate(length);
    reply
}

/// What the isolate finds about itself.
fn itself() -> String {
    let open: Vec<_> = (0..1024)
        .filter(|number| unsafe { fcntl(*number, 1) } >= 0)
        .collect();
    let arguments: Vec<_> = std::env::args().collect();
    let environment = std::env::vars_os().count();
    let capabilities = (0..41)
        .filter(|capability| unsafe { prctl(23, *capability) } == 1)
        .count();
    unsafe {
        format!(
            "open={open:?}\narguments={arguments:?}\nenvironment={environment}\npid={}\nppid={}\n\
             uid={}\ngroups={}\ndumpable={}\nno_new_privs={}\ncapabilities={capabilities}\n",
            getpid(),
            getppid(),
            getuid(),
            getgroups(0, std::ptr::null_mut()),
            prctl(3, 0),
            prctl(39, 0, 0, 0, 0),
        )
    }
}

/// What the runtime, its spawner and its workers do, and what came of it: all of it must work.
fn work() -> String {
    let mut report = String::new();
    let mut line = |name: &str, result: String| {
        report.push_str(&format!("{name}={result}\n"));
    };
    let thread = std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_millis(1)));
    line(
        "thread",
        if thread.join().is_ok() {
            "ok".into()
        } else {
            "panicked".into()
        },
    );
    line(
        "time",
        io(std::time::SystemTime::now()
            .elapsed()
            .map_err(std::io::Error::other)),
    );
    line("two ends", io(std::os::unix::net::UnixStream::pair()));
    line("pipe", io(std::io::pipe()));
    let memory = unsafe { syscall(319, c"file".as_ptr(), 3) };
    line("memfd_create", number(memory));
    line("ftruncate", number(unsafe { syscall(77, memory, 8192) }));
    let read_write_execute = unsafe { syscall(9, 0, 4096, 7, 0x22, -1, 0) };
    line("executable memory", number(read_write_execute));
    line(
        "private file mapping",
        number(unsafe { syscall(9, 0, 8192, 3, 2, memory, 0) }),
    );
    line(
        "reservation",
        number(unsafe { syscall(9, 0, 8i64 << 30, 0, 0x4022, -1, 0) }),
    );
    line(
        "seal",
        number(unsafe { fcntl(memory as c_int, 1033, 0xf) }.into()),
    );
    line(
        "seals",
        number(unsafe { fcntl(memory as c_int, 1034) }.into()),
    );
    line("epoll", number(unsafe { syscall(291, 0x80000) }));
    line("eventfd", number(unsafe { syscall(290, 0, 0x80800) }));
    line("timerfd", number(unsafe { syscall(283, 1, 0x80800) }));
    let no_signals = 0u64;
    line(
        "signalfd",
        number(unsafe { syscall(289, -1, &no_signals, 8, 0x80800) }),
    );
    let mut random = [0u8; 32];
    line(
        "getrandom",
        number(unsafe { syscall(318, random.as_mut_ptr(), 32, 0) }),
    );
    line(
        "name",
        number(unsafe { prctl(15, c"worker".as_ptr()) }.into()),
    );
    line("death signal", number(unsafe { prctl(1, 9) }.into()));
    line("landlock version", number(unsafe { syscall(444, 0, 0, 1) }));
    let child = unsafe { fork() };
    if child == 0 {
        unsafe { pause() };
    }
    line("fork", number(child.into()));
    let process = unsafe { syscall(434, child, 0) };
    line("pidfd_open", number(process));
    line(
        "pidfd_send_signal",
        number(unsafe { syscall(424, process, 9, 0, 0) }),
    );
    line("waitid", number(unsafe { syscall(247, 1, child, 0, 4, 0) }));
    // In a child, for it cannot be undone: a filter of its own that allows everything, after which
    // no executable memory can be made any more.
    let child = unsafe { fork() };
    if child == 0 {
        let allow_all = [6u64 | 0x7fff_0000 << 32];
        let program = [1u64, allow_all.as_ptr() as u64];
        let filtered = unsafe { syscall(317, 1, 0, program.as_ptr()) } == 0;
        let denied = unsafe { prctl(65, 1, 0, 0, 0) } == 0;
        let mapped = unsafe { syscall(9, 0, 4096, 7, 0x22, -1, 0) } >= 0;
        unsafe { _exit(if filtered && denied && !mapped { 0 } else { 1 }) }
    }
    let mut status = 1;
    unsafe { waitpid(child, &mut status, 0) };
    line(
        "a tighter filter",
        if status == 0 {
            "ok".into()
        } else {
            format!("status {status}")
        },
    );
    report
}

fn io<T>(result: std::io::Result<T>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(error) => format!("refused: {error}"),
    }
}

fn number(result: c_long) -> String {
    if result >= 0 {
        "ok".into()
    } else {
        format!("refused: {}", std::io::Error::last_os_error())
    }
}

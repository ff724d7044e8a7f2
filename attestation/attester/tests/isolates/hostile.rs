//! What a hostile program would try, and what came of it.

use std::ffi::{c_int, c_long};
use std::fs::File;

use super::{_exit, fcntl, fork, io, kill, number, prctl, syscall, waitpid};

/// One line an attempt: its name, `=`, and `ok` (a hole) or how it was refused. `other` is the
/// process of another isolate, as the machine numbers it.
pub fn probe(other: c_int) -> String {
    let mut report = Report(String::new());
    files(&mut report, other);
    connections(&mut report);
    others(&mut report, other);
    namespaces(&mut report);
    limits(&mut report, other);
    kernel(&mut report);
    descriptors(&mut report);
    report.0
}

struct Report(String);

impl Report {
    fn line(&mut self, name: &str, result: String) {
        self.0.push_str(&format!("{name}={result}\n"));
    }

    /// A system call by its number on x86-64.
    fn call(&mut self, name: &str, call: c_long, arguments: [c_long; 6]) {
        let [a, b, c, d, e, f] = arguments;
        let result = unsafe { syscall(call, a, b, c, d, e, f) };
        self.line(name, number(result));
    }
}

fn text(text: &'static std::ffi::CStr) -> c_long {
    text.as_ptr() as c_long
}

fn files(report: &mut Report, other: c_int) {
    for path in [
        "/etc/passwd",
        "/proc/self/status",
        "/proc/1/maps",
        "/dev/null",
        "/dev/mem",
        "/dev/tty",
        "/dev/kvm",
        "/sys/fs/cgroup",
        "/",
        "/new",
    ] {
        report.line(&format!("open {path}"), io(File::open(path)));
    }
    let memory = format!("/proc/{other}/mem");
    report.line("open another isolate's memory", io(File::open(memory)));
    report.line("create /file", io(File::create("/file")));
    report.line("list /", io(std::fs::read_dir("/")));
    report.line("mkdir /folder", io(std::fs::create_dir("/folder")));
    report.line(
        "start a program",
        io(std::process::Command::new("/bin/sh").spawn()),
    );
    let (path, here) = (text(c"/etc/passwd"), -100);
    report.call("openat2", 437, [here, path, 0, 24, 0, 0]);
    report.call("creat", 85, [text(c"/file"), 0o600, 0, 0, 0, 0]);
    report.call("name_to_handle_at", 303, [here, path, 0, 0, 0, 0]);
    report.call("open_by_handle_at", 304, [here, 0, 0, 0, 0, 0]);
    report.call("chmod of /dev/null", 91, [0, 0o777, 0, 0, 0, 0]);
    report.call("fanotify", 300, [0; 6]);
    report.call("inotify", 294, [0; 6]);
    report.call("execve", 59, [text(c"/bin/sh"), 0, 0, 0, 0, 0]);
}

fn connections(report: &mut Report) {
    for (name, domain) in [
        ("unix", 1),
        ("inet", 2),
        ("inet6", 10),
        ("netlink", 16),
        ("packet", 17),
        ("alg", 38),
        ("vsock", 40),
        ("xdp", 44),
    ] {
        report.call(&format!("socket {name}"), 41, [domain, 1, 0, 0, 0, 0]);
    }
    let inet = [2u8, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let inet = inet.as_ptr() as c_long;
    report.call("connect", 42, [3, inet, 16, 0, 0, 0]);
    report.call("bind", 49, [3, inet, 16, 0, 0, 0]);
    report.call("listen", 50, [3, 1, 0, 0, 0, 0]);
    report.call("accept", 43, [3, 0, 0, 0, 0, 0]);
    report.call("accept4", 288, [3, 0, 0, 0, 0, 0]);
    // A datagram to whom it likes is what remains to one who can make pairs alone.
    let mut pair = [0 as c_int; 2];
    let made = unsafe { syscall(53, 1, 2, 0, pair.as_mut_ptr()) };
    if made == 0 {
        for (name, path) in [
            ("datagram to an abstract socket", "\0/tmp/.X11-unix/X0"),
            ("datagram to a socket of the machine", "/run/systemd/notify"),
        ] {
            // The family, two bytes, comes first; a name that begins with zero is an abstract one.
            let address = [b"\x01\0", path.as_bytes()].concat();
            let (to, length) = (address.as_ptr() as c_long, address.len() as c_long);
            report.call(name, 44, [pair[0].into(), inet, 1, 0, to, length]);
        }
    }
    let mut tun = [0u8; 40];
    report.call(
        "tunnel device",
        16,
        [0, 0x4004_54ca, tun.as_mut_ptr() as c_long, 0, 0, 0],
    );
}

fn others(report: &mut Report, other: c_int) {
    let other = c_long::from(other);
    let mut memory = [0u8; 64];
    let local = [memory.as_mut_ptr() as u64, 64];
    let remote = [0x40_0000u64, 64];
    let (local, remote) = (local.as_ptr() as c_long, remote.as_ptr() as c_long);
    for (name, pid) in [("its own first process", 1), ("another isolate", other)] {
        report.call(
            &format!("process_vm_readv of {name}"),
            310,
            [pid, local, 1, remote, 1, 0],
        );
        report.call(
            &format!("process_vm_writev of {name}"),
            311,
            [pid, local, 1, remote, 1, 0],
        );
        // PTRACE_ATTACH and PTRACE_SEIZE.
        report.call(&format!("ptrace of {name}"), 101, [16, pid, 0, 0, 0, 0]);
        report.call(
            &format!("ptrace (seize) of {name}"),
            101,
            [0x4206, pid, 0, 0, 0, 0],
        );
        report.call(&format!("kcmp with {name}"), 312, [pid, pid, 0, 0, 0, 0]);
    }
    report.call("ptrace of itself", 101, [0; 6]);
    report.call("pidfd_open of another isolate", 434, [other, 0, 0, 0, 0, 0]);
    let own = unsafe { syscall(434, 1, 0) };
    report.call("pidfd_getfd", 438, [own, 3, 0, 0, 0, 0]);
    report.call("process_madvise", 440, [own, remote, 1, 21, 0, 0]);
    report.call("signal to another isolate", 62, [other, 9, 0, 0, 0, 0]);
    report.call("signal to a thread of it", 234, [other, other, 9, 0, 0, 0]);
    report.call("signal with a value", 129, [other, 9, 0, 0, 0, 0]);
    report.call("signal to process 2", 62, [2, 9, 0, 0, 0, 0]);
    // All but this one: there is no other, and none outside can be named.
    report.line("signal to all", number(unsafe { kill(-1, 9) }.into()));
    // F_SETOWN: the kernel signals that process when something arrives.
    let owned = unsafe { fcntl(3, 8, other as c_int) };
    report.line("signal by a descriptor's owner", number(owned.into()));
    // SO_PEERPIDFD: who made the other end of the control channel is the attester.
    for (name, descriptor) in [("control", 3), ("evidence", 5)] {
        let (mut peer, mut length) = (-1 as c_int, 4u32);
        let asked = unsafe { syscall(55, descriptor, 1, 77, &mut peer, &mut length) };
        let name = format!("signal to whoever is at the other end of {name}");
        if asked < 0 {
            report.line(&name, number(asked));
        } else {
            // The null signal, which only asks whether it may: another would harm the test.
            report.call(&name, 424, [peer.into(), 0, 0, 0, 0, 0]);
            report.call(
                &format!("{name}, by namespace"),
                308,
                [peer.into(), 0x2000_0000, 0, 0, 0, 0],
            );
        }
    }
}

fn namespaces(report: &mut Report) {
    let (none, root, tmpfs) = (text(c"none"), text(c"/"), text(c"tmpfs"));
    report.call("mount", 165, [none, root, tmpfs, 0, 0, 0]);
    report.call("mount of proc", 165, [none, root, text(c"proc"), 0, 0, 0]);
    report.call("umount", 166, [root, 2, 0, 0, 0, 0]);
    report.call("pivot_root", 155, [root, root, 0, 0, 0, 0]);
    report.call("chroot", 161, [root, 0, 0, 0, 0, 0]);
    report.call("open_tree", 428, [-100, root, 1, 0, 0, 0]);
    report.call("move_mount", 429, [-100, root, -100, root, 0, 0]);
    report.call("fsopen", 430, [tmpfs, 0, 0, 0, 0, 0]);
    report.call("fsmount", 432, [0; 6]);
    report.call("mount_setattr", 442, [-100, root, 0, 0, 0, 0]);
    report.call("unshare", 272, [0x1000_0000, 0, 0, 0, 0, 0]);
    report.call("setns", 308, [3, 0, 0, 0, 0, 0]);
    // CLONE_NEWUSER, and SIGCHLD.
    let cloned = unsafe { syscall(56, 0x1000_0000 | 17, 0, 0, 0, 0) };
    if cloned == 0 {
        unsafe { _exit(0) }
    }
    report.line("clone into a namespace", number(cloned));
    report.call("clone3", 435, [0; 6]);
    report.call("sethostname", 170, [text(c"x"), 1, 0, 0, 0, 0]);
}

fn limits(report: &mut Report, other: c_int) {
    let unlimited = [u64::MAX, u64::MAX];
    let unlimited = unlimited.as_ptr() as c_long;
    for (name, resource) in [
        ("memory", 2),
        ("processes", 6),
        ("descriptors", 7),
        ("locked", 8),
        ("core", 4),
    ] {
        report.call(
            &format!("raise the limit of {name}"),
            302,
            [0, resource, unlimited, 0, 0, 0],
        );
    }
    report.call("setrlimit", 160, [7, unlimited, 0, 0, 0, 0]);
    report.call(
        "limits of another isolate",
        302,
        [other.into(), 7, unlimited, 0, 0, 0],
    );
    report.call("priority", 141, [0, 0, -20, 0, 0, 0]);
    let fifo = [1 as c_int];
    report.call("real time", 144, [0, 1, fifo.as_ptr() as c_long, 0, 0, 0]);
    report.call("input and output first", 251, [1, 0, 1 << 13, 0, 0, 0]);
    report.call("lock all memory", 151, [3, 0, 0, 0, 0, 0]);
    report.call("become the superuser", 105, [0; 6]);
    report.call("become another user", 117, [1, 1, 1, 0, 0, 0]);
    report.call(
        "take groups",
        116,
        [1, [0u32].as_ptr() as c_long, 0, 0, 0, 0],
    );
    // PR_SET_DUMPABLE for others to read it is its own affair; new privileges are not.
    let privileges = unsafe { prctl(38, 0, 0, 0, 0) };
    report.line("allow new privileges", number(privileges.into()));
    let header = [0x2008_0522u32, 0];
    let sets = [u32::MAX; 6];
    report.call(
        "take capabilities",
        126,
        [
            header.as_ptr() as c_long,
            sets.as_ptr() as c_long,
            0,
            0,
            0,
            0,
        ],
    );
}

fn kernel(report: &mut Report) {
    for (name, call) in [
        ("bpf", 321),
        ("perf_event_open", 298),
        ("io_uring_setup", 425),
        ("io_uring_register", 427),
        ("userfaultfd", 323),
        ("keyctl", 250),
        ("add_key", 248),
        ("request_key", 249),
        ("kexec_load", 246),
        ("kexec_file_load", 320),
        ("init_module", 175),
        ("finit_module", 313),
        ("delete_module", 176),
        ("reboot", 169),
        ("swapon", 167),
        ("acct", 163),
        ("syslog", 103),
        ("quotactl", 179),
        ("settimeofday", 164),
        ("clock_settime", 227),
        ("adjtimex", 159),
        ("iopl", 172),
        ("ioperm", 173),
        ("modify_ldt", 154),
        ("vhangup", 153),
        ("shmget", 29),
        ("msgget", 68),
        ("semget", 64),
        ("mq_open", 240),
        ("move_pages", 279),
        ("migrate_pages", 256),
        ("mbind", 237),
        ("memfd of huge pages by remap_file_pages", 216),
        ("landlock_add_rule", 445),
        ("lsm_set_self_attr", 460),
        ("map_shadow_stack", 453),
    ] {
        report.call(name, call, [0; 6]);
    }
    // READ_IMPLIES_EXEC.
    report.call("personality", 135, [0x0040_0000, 0, 0, 0, 0, 0]);
    // The x32 table: the same architecture to a filter, other numbers.
    for (name, call) in [("getpid", 39), ("openat", 257), ("ptrace", 521)] {
        report.call(&format!("x32 {name}"), 0x4000_0000 | call, [0; 6]);
    }
    report.line("getpid of i386", in_a_child(i386));
}

/// `getpid` by the gate of 32-bit programs.
fn i386() {
    unsafe {
        std::arch::asm!("int 0x80", inout("rax") 20u64 => _, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
}

/// Does it in a child, for it may be the end of it.
fn in_a_child(attempt: fn()) -> String {
    let child = unsafe { fork() };
    if child == 0 {
        attempt();
        unsafe { _exit(0) }
    }
    let mut status = 0;
    unsafe { waitpid(child, &mut status, 0) };
    match status & 0x7f {
        0 => "ok".into(),
        signal => format!("refused: killed by signal {signal}"),
    }
}

/// From what was left open for it, on to what was not.
fn descriptors(report: &mut Report) {
    let open: Vec<c_int> = (0..1024)
        .filter(|number| unsafe { fcntl(*number, 1) } >= 0)
        .collect();
    let mut byte = *b"x";
    let byte = byte.as_mut_ptr() as c_long;
    for descriptor in open
        .into_iter()
        .filter(|number| *number < 7)
        .map(c_long::from)
    {
        for (name, call, arguments) in [
            ("openat from", 257, [descriptor, text(c".."), 0, 0, 0, 0]),
            ("fchdir to", 81, [descriptor, 0, 0, 0, 0, 0]),
            (
                "linkat of",
                265,
                [descriptor, text(c""), -100, text(c"/x"), 0x1000, 0],
            ),
            ("fchown of", 93, [descriptor, 0, 0, 0, 0, 0]),
            ("TIOCSTI to", 16, [descriptor, 0x5412, byte, 0, 0, 0]),
            ("TIOCLINUX to", 16, [descriptor, 0x541c, byte, 0, 0, 0]),
            ("execveat of", 322, [descriptor, text(c""), 0, 0, 0x1000, 0]),
        ] {
            report.call(&format!("{name} descriptor {descriptor}"), call, arguments);
        }
    }
}

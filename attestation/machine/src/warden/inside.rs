//! What the new process does, until the machine is over.
//!
//! It is a copy of who started it, which is single-threaded, so that memory may be allocated here.
//! It must not return into that code.
#![allow(
    unsafe_code,
    reason = "closes what it inherited, and ends without its parent's handlers"
)]

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::process::Command;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::DumpableBehavior;

use super::child::Child;
use super::heartbeat::Heartbeat;
use super::{Exit, MAX_SAID, Order, Stage, Word};
use crate::{Acceleration, KvmSpeed, Part, User, Wiring, folder, kvm, qemu, tpm, vsock};

/// Where descriptors begin that programs inherit.
const ASIDE: RawFd = 10;

/// Is the warden, and ends this process.
pub(super) fn be_warden(order: &Order<'_>, channel: &OwnedFd) -> ! {
    // Not even a panic leads back into the code of who started this.
    let _end = End;
    let mut machine = Machine {
        order,
        channel,
        children: Vec::new(),
        heartbeat: Heartbeat::default(),
    };
    let last = match machine.start() {
        Ok(kvm) => {
            say(channel, &Word::Ready { kvm });
            machine.wait()
        }
        Err(Failure { stage, error }) => {
            let detail = machine.explain(stage, &error);
            Word::Failed { stage, detail }
        }
    };
    machine.end();
    // Where this fails, whoever started the machine removes it.
    let _ = folder::remove(order.folder);
    say(channel, &last);
    end()
}

/// A step that failed.
struct Failure {
    stage: Stage,
    error: io::Error,
}

fn at(stage: Stage) -> impl Fn(io::Error) -> Failure {
    move |error| Failure { stage, error }
}

struct Machine<'a> {
    order: &'a Order<'a>,
    channel: &'a OwnedFd,
    /// In the order in which they were started.
    children: Vec<Child>,
    heartbeat: Heartbeat,
}

impl Machine<'_> {
    /// Starts everything; whether KVM executes the instructions.
    fn start(&mut self) -> Result<bool, Failure> {
        let order = self.order;
        self.settle().map_err(at(Stage::Warden))?;
        self.heartbeat = Heartbeat::listen(order.user).map_err(at(Stage::Warden))?;
        let vsock = self.start_vsock().map_err(at(Stage::Vsock))?;
        let tpm = self.start_tpm().map_err(at(Stage::Tpm))?;
        let kvm = self.has_kvm();
        let mut wiring = Wiring {
            kvm,
            ..Wiring::default()
        };
        let mut inherited = Vec::new();
        let mut pass = |descriptor: BorrowedFd<'_>| -> Result<RawFd, Failure> {
            let copy = rustix::io::fcntl_dupfd_cloexec(descriptor, ASIDE)
                .map_err(|error| at(Stage::Emulator)(error.into()))?;
            let number = copy.as_raw_fd();
            inherited.push(copy);
            Ok(number)
        };
        wiring.vsock = pass(vsock.as_fd())?;
        wiring.evidence = order.evidence.map(&mut pass).transpose()?;
        wiring.tpm = tpm.as_ref().map(|tpm| pass(tpm.as_fd())).transpose()?;
        for file in &order.parts.files {
            wiring.parts.push((file.part, pass(file.file)?));
        }
        let variables = self.copy_variables().map_err(at(Stage::Emulator))?;
        wiring.variables = variables
            .as_ref()
            .map(|file| pass(file.as_fd()))
            .transpose()?;
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let program = order.tools.emulator(order.description.board);
        let program = program.ok_or_else(missing).map_err(at(Stage::Emulator))?;
        let mut command = Command::new(program);
        command.args(qemu(order.description, &order.parts.command_line, &wiring));
        let inherited: Vec<_> = inherited.iter().map(AsFd::as_fd).collect();
        let user = self.user_of_emulator(kvm);
        let child = Child::start(Stage::Emulator, command, &inherited, user);
        self.children.push(child.map_err(at(Stage::Emulator))?);
        Ok(kvm)
    }

    /// Waits to be let go, and gives up what it inherited by being a copy.
    fn settle(&self) -> io::Result<()> {
        let mut word = [0];
        if rustix::net::recv(self.channel, &mut word, RecvFlags::empty())?.1 != 1 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // This copy has what its parent knew in its memory.
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        rustix::process::setsid()?;
        let files = self.order.parts.files.iter().map(|file| file.file);
        let kept = files
            .chain(self.order.evidence)
            .chain([self.channel.as_fd()]);
        close_all_but(
            kept.map(|descriptor| descriptor.as_raw_fd())
                .chain([2])
                .collect(),
        );
        // Standard input and output, so that nothing else gets these numbers.
        for _ in 0..2 {
            let flags = OFlags::RDWR | OFlags::CLOEXEC;
            std::mem::forget(rustix::fs::open("/dev/null", flags, Mode::empty())?);
        }
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
        // Programs that run as others cannot get there by its path.
        rustix::process::chdir(self.order.folder)?;
        Ok(())
    }

    fn start_vsock(&mut self) -> io::Result<UnixStream> {
        let command = vsock::daemon(self.order.tools).ok_or(io::ErrorKind::NotFound)?;
        let child = Child::start(Stage::Vsock, command, &[], self.order.user)?;
        self.children.push(child);
        let children = &mut self.children;
        vsock::connect(|| children.iter_mut().all(|child| child.ended().is_none()))
    }

    fn start_tpm(&mut self) -> io::Result<Option<OwnedFd>> {
        if !self.order.description.tpm {
            return Ok(None);
        }
        let order = self.order;
        let tpm::Tpm {
            command,
            theirs,
            ours,
        } = tpm::prepare(order.tools, order.tpm_authority, order.user)?;
        let child = Child::start(Stage::Tpm, command, &[theirs.as_fd()], self.order.user)?;
        self.children.push(child);
        Ok(Some(ours))
    }

    fn has_kvm(&self) -> bool {
        let description = self.order.description;
        match description.acceleration {
            Acceleration::Kvm => true,
            Acceleration::Tcg => false,
            Acceleration::Auto => description.board.is_native() && kvm::probe() == KvmSpeed::Fast,
        }
    }

    /// QEMU opens `/dev/kvm` itself, for which its group is enough.
    fn user_of_emulator(&self, kvm: bool) -> Option<User> {
        let user = self.order.user?;
        let group = fs::metadata("/dev/kvm").map(|device| device.gid());
        match group {
            Ok(gid) if kvm => Some(User { gid, ..user }),
            _ => Some(user),
        }
    }

    /// Firmware writes its variables, each machine its own.
    fn copy_variables(&self) -> io::Result<Option<fs::File>> {
        let Some(variables) = self.order.parts.find(Part::Variables) else {
            return Ok(None);
        };
        let memory = rustix::fs::memfd_create("variables", rustix::fs::MemfdFlags::CLOEXEC)?;
        let mut copy = fs::File::from(memory);
        let mut source = fs::File::from(variables.try_clone_to_owned()?);
        io::Seek::rewind(&mut source)?;
        io::copy(&mut source, &mut copy)?;
        Ok(Some(copy))
    }

    /// Waits until a child ends or nobody wants the machine any more.
    fn wait(&mut self) -> Word {
        loop {
            let descriptors = std::iter::once(self.channel.as_fd());
            let all = descriptors
                .chain(self.children.iter().flat_map(Child::descriptors))
                .chain(self.heartbeat.descriptor());
            let mut waiting: Vec<_> = all
                .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN))
                .collect();
            let polled = poll(&mut waiting, None);
            let wanted = waiting
                .first()
                .is_some_and(|channel| channel.revents().is_empty());
            self.children.iter_mut().for_each(Child::listen);
            self.heartbeat.answer();
            // QEMU takes its daemons with it, and is the one to tell of.
            for child in self.children.iter_mut().rev() {
                if let Some(exit) = child.ended() {
                    return Word::Ended {
                        stage: child.stage,
                        exit,
                        said: child.said(),
                    };
                }
            }
            let failed = matches!(polled, Err(error) if error != rustix::io::Errno::INTR);
            if !wanted || failed {
                let stage = Stage::Emulator;
                let emulator = self.children.iter_mut().find(|child| child.stage == stage);
                let exit = emulator.map_or(Exit::Unknown, Child::end);
                return Word::Ended {
                    stage,
                    exit,
                    said: String::new(),
                };
            }
        }
    }

    fn end(&mut self) {
        // The guest before the devices that it uses.
        for child in self.children.iter_mut().rev() {
            child.end();
        }
    }

    /// What is known of why a stage failed.
    fn explain(&mut self, stage: Stage, error: &io::Error) -> String {
        let child = self.children.iter_mut().find(|child| child.stage == stage);
        let said = child.map(|child| {
            child.end();
            child.said()
        });
        let mut text = error.to_string();
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            text = format!("{text}; it said: {said}");
        }
        text.truncate(text.floor_char_boundary(MAX_SAID));
        text
    }
}

/// Says a word to who started the machine, if it still listens. A word is short, and few are said.
fn say(channel: &OwnedFd, word: &Word) {
    if let Ok(bytes) = minicbor::to_vec(word) {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let _ = rustix::net::send(channel, &bytes, flags);
    }
}

/// Closes every descriptor but these.
fn close_all_but(mut kept: Vec<RawFd>) {
    kept.sort_unstable();
    let mut first: RawFd = 0;
    for number in kept.into_iter().chain([RawFd::MAX]) {
        if first < number {
            let range = first.unsigned_abs()..=number.unsigned_abs().saturating_sub(1);
            // SAFETY: `close_range` touches no memory. What it closes, this process never uses
            // again: the code that owns it runs in the process that this one is a copy of.
            unsafe {
                libc::syscall(
                    libc::SYS_close_range,
                    libc::c_uint::from(*range.start()),
                    libc::c_uint::from(*range.end()),
                    0 as libc::c_uint,
                )
            };
        }
        first = number.saturating_add(1);
    }
}

/// Ends this process wherever the scope is left.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        end()
    }
}

fn end() -> ! {
    // SAFETY: `_exit` never returns and runs no handlers.
    unsafe { libc::_exit(0) }
}

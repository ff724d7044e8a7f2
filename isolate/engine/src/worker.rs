//! What happens in a program's process: compile, lock, and then run stages, each in a fork.

pub(crate) mod compile;
mod component;
mod ending;
pub(crate) mod guest;
mod stage;

use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
};

use rustix::process::Pid;
use veracruz_vfs::Storage as _;

use self::compile::Compiled;
use crate::{
    channel::{Channel, Message},
    confinement::{self, Bounds, Level, confine},
    memfd::Sealed,
    message::{PROGRAM_REQUEST, ProgramReply, ProgramRequest, Refusal, decode, encode},
    process,
    settings::{MOST_MEMORIES, ProgramSettings, Strategy},
};

/// The most bytes that one call may make the host allocate for what the program passes.
pub(crate) const CALL_BYTES: usize = 16 << 20;

/// Address space beyond what can be written: the reservation of linear memories with their guards
/// (4 GiB and 64 MiB each), compiled code, stacks, libraries.
const RESERVED: u64 = (MOST_MEMORIES as u64) * ((4 << 30) + (64 << 20)) + (4 << 30);

/// The process's own `main`. It ends when its channel closes.
pub(crate) fn main(channel: Channel, parent: Pid) -> i32 {
    let setup = || -> io::Result<Channel> {
        process::die_with(parent)?;
        // A group of its own, so that it can be killed together with its stage.
        rustix::process::setpgid(None, None)?;
        process::keep_only(channel)
    };
    match setup() {
        Ok(channel) => serve(&channel).map_or(1, |()| 0),
        Err(_) => 1,
    }
}

/// Answers requests; returns when there is nobody left to answer.
fn serve(channel: &Channel) -> Option<()> {
    let message = channel.receive(PROGRAM_REQUEST, None).ok()?;
    let Some(ProgramRequest::Compile { len, settings }) = decode(&message.bytes) else {
        return None;
    };
    let mut descriptors = message.descriptors.into_iter();
    let (module, complaints) = (descriptors.next()?, descriptors.next()?);
    process::complain_to(complaints.as_fd()).ok()?;
    drop(complaints);
    let compiled = match prepare(module, len, &settings) {
        Ok(Ok(compiled)) => {
            send(channel, &ProgramReply::Compiled)?;
            compiled
        }
        Ok(Err(refusal)) => return send(channel, &ProgramReply::Refused(refusal)),
        Err(error) => return send(channel, &failed(&error)),
    };
    loop {
        let Message { bytes, descriptors } = channel.receive(PROGRAM_REQUEST, None).ok()?;
        let Some(ProgramRequest::Run(order)) = decode(&bytes) else {
            return None;
        };
        // It has the seed in it, which the next stage of this program shall not find.
        drop(bytes);
        let reply = stage::run(&compiled, channel, &order, descriptors)
            .unwrap_or_else(|error| failed(&error));
        send(channel, &reply)?;
    }
}

/// Validates, compiles, and locks this process: only then may anybody's data come in.
fn prepare(
    module: OwnedFd,
    len: u64,
    settings: &ProgramSettings,
) -> io::Result<Result<Compiled, Refusal>> {
    let bounds = Bounds {
        data: settings.compile_memory,
        address_space: settings.compile_memory.saturating_add(RESERVED),
        cpu_time: None,
    };
    confine(Level::Compiling, &bounds)?;
    if settings.strategy == Strategy::Interpreted {
        confinement::refuse_executable_memory()?;
    }
    if len > settings.max_module_bytes {
        return Ok(Err(Refusal::TooLarge));
    }
    let module = Sealed::adopt(module, len)?.map()?;
    let compiled = compile::compile(module.as_slice(), settings)?;
    process::complain_no_more()?;
    confine(Level::Locked, &bounds)?;
    Ok(compiled)
}

fn send(channel: &Channel, reply: &ProgramReply) -> Option<()> {
    channel.send(&encode(reply), &[], None).ok()
}

fn failed(error: &io::Error) -> ProgramReply {
    ProgramReply::Failed(error.raw_os_error().unwrap_or(libc::EIO))
}

//! The attester's side of starting an isolate.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, socketpair};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use seccompiler::BpfProgram;
use veracruz_machine::User;

use super::cgroup::{ControlGroups, Group};
use super::inside::{Plan, Report, become_isolate};
use super::outer_id::OuterId;
use super::seccomp;
use crate::image::Image;
use crate::wire::{IsolateId, Landlock, LimitedBy, Refusal, Step};
use crate::{Limits, ServeError};

/// How long the steps may take until the image is executed. They take about a millisecond.
const DEADLINE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

/// What all launches share.
#[derive(Debug)]
pub(crate) struct Sandbox {
    filter: BpfProgram,
    null: OwnedFd,
    outer: OuterId,
    groups: ControlGroups,
}

/// A process that executes the image, and the attester's ends of its channels.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) process: OwnedFd,
    pub(crate) pid: u32,
    pub(crate) landlock: Landlock,
    /// To be given back by [`Sandbox::leave`] when the process is gone.
    pub(crate) group: Group,
    pub(crate) control: OwnedFd,
    pub(crate) connections: OwnedFd,
    pub(crate) evidence: OwnedFd,
}

impl Sandbox {
    /// Compiles the filter and looks at what this process may do.
    pub(crate) fn prepare() -> Result<Self, ServeError> {
        let filter = seccomp::compile().map_err(|error| ServeError::Filter(error.to_string()))?;
        let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
        let null = null.map_err(|source| ServeError::Null(source.into()))?;
        Ok(Self {
            filter,
            null,
            outer: OuterId::choose(),
            groups: ControlGroups::prepare(),
        })
    }

    /// Who keeps which of an isolate's limits.
    pub(crate) fn limited_by(&self) -> LimitedBy {
        self.groups.limited_by()
    }

    /// The control groups, for who cleans up after this process.
    pub(crate) fn groups(&self) -> &ControlGroups {
        &self.groups
    }

    /// Gives up the control group of an isolate that is gone.
    pub(crate) fn leave(&mut self, group: Group) {
        self.groups.leave(group);
    }

    /// Tries again what could not be given up; whether nothing is left to do.
    pub(crate) fn sweep(&mut self) -> bool {
        self.groups.sweep()
    }

    /// Starts an isolate and waits until it executes the image. The low half of `id` tells its user
    /// from other isolates'. Call it in a process without other threads.
    pub(crate) fn start(
        &mut self,
        image: &Image,
        limits: &Limits,
        id: IsolateId,
    ) -> Result<Started, Refusal> {
        let (group, mut started) = self.in_group(id, limits, |sandbox, group| {
            sandbox.start_in(group, image, limits, id)
        })?;
        started.group = group;
        Ok(started)
    }

    /// Makes a control group with these limits for what `start` starts in it. Where that fails, the
    /// group is given up again.
    pub(crate) fn in_group<T>(
        &mut self,
        id: IsolateId,
        limits: &Limits,
        start: impl FnOnce(&Self, &Group) -> Result<T, Refusal>,
    ) -> Result<(Group, T), Refusal> {
        let group = self.groups.make(id, limits).map_err(no_group)?;
        match start(self, &group) {
            Ok(started) => Ok((group, started)),
            Err(refusal) => {
                self.groups.leave(group);
                Err(refusal)
            }
        }
    }

    fn start_in(
        &self,
        group: &Group,
        image: &Image,
        limits: &Limits,
        id: IsolateId,
    ) -> Result<Started, Refusal> {
        let [control, theirs_control] = pair(SocketType::STREAM)?;
        let [connections, theirs_connections] = pair(SocketType::SEQPACKET)?;
        let [evidence, theirs_evidence] = pair(SocketType::SEQPACKET)?;
        let [status, theirs_status] = pair(SocketType::SEQPACKET)?;
        let plan = Plan {
            null: self.null.as_fd(),
            control: theirs_control.as_fd(),
            connections: theirs_connections.as_fd(),
            evidence: theirs_evidence.as_fd(),
            image: image.as_fd(),
            status: theirs_status.as_fd(),
            filter: &self.filter,
            limits,
            may_set_groups: self.outer.may_set_groups(),
        };
        let failed = |errno: Errno| Refusal::Sandbox {
            step: Step::Namespaces,
            errno: errno.raw_os_error(),
        };
        let Some((process, pid)) = fork_into_namespaces().map_err(failed)? else {
            become_isolate(&plan)
        };
        // Its ends must be closed here, or their closing there would go unnoticed.
        drop((
            theirs_control,
            theirs_connections,
            theirs_evidence,
            theirs_status,
        ));
        let led = group
            .enter(pid)
            .map_err(no_group)
            .and_then(|()| self.write_maps(pid, slot(id)))
            .and_then(|()| wait_for_execution(&status));
        match led {
            Ok(landlock) => Ok(Started {
                process,
                pid,
                landlock,
                group: Group::default(),
                control,
                connections,
                evidence,
            }),
            Err(refusal) => {
                end(&process);
                Err(refusal)
            }
        }
    }

    /// Whom the emulator of a machine runs as; the attester's own user where there is none.
    pub(crate) fn machine_user(&self, id: IsolateId) -> Option<User> {
        let [.., high, low] = id.0.to_be_bytes();
        self.outer.machine_user(u16::from_be_bytes([high, low]))
    }

    fn write_maps(&self, pid: u32, slot: u16) -> Result<(), Refusal> {
        write_maps(self.outer, pid, slot).map_err(|error| Refusal::Sandbox {
            step: Step::IdMap,
            errno: error.raw_os_error().unwrap_or_default(),
        })
    }
}

/// Whether the first two steps succeed here. Call it in a process without other threads.
pub(super) fn try_namespaces(outer: OuterId) -> io::Result<()> {
    let Some((process, pid)) = fork_into_namespaces()? else {
        loop {
            // SAFETY: waits for the signal that ends this process, and touches no memory.
            unsafe { libc::pause() };
        }
    };
    let written = write_maps(outer, pid, 0);
    end(&process);
    written
}

fn write_maps(outer: OuterId, pid: u32, slot: u16) -> io::Result<()> {
    let file = |name: &str| format!("/proc/{pid}/{name}");
    let [users, groups] = outer.maps(slot);
    if !outer.may_set_groups() {
        fs::write(file("setgroups"), "deny")?;
    }
    fs::write(file("gid_map"), groups)?;
    fs::write(file("uid_map"), users)
}

/// Tells the users of isolates apart.
fn slot(id: IsolateId) -> u16 {
    let [.., high, low] = id.0.to_be_bytes();
    u16::from_be_bytes([high, low])
}

fn no_group(errno: Errno) -> Refusal {
    Refusal::Sandbox {
        step: Step::ControlGroup,
        errno: errno.raw_os_error(),
    }
}

/// Lets the new process go on, and reads its status channel until it closes: by executing the
/// image, or by failing.
fn wait_for_execution(status: &OwnedFd) -> Result<Landlock, Refusal> {
    rustix::net::send(status, &[1], SendFlags::NOSIGNAL).map_err(Refusal::internal)?;
    let mut landlock = None;
    loop {
        let mut ready = [PollFd::new(status, PollFlags::IN)];
        if poll(&mut ready, Some(&DEADLINE)).map_err(Refusal::internal)? == 0 {
            return Err(Refusal::internal(Errno::TIMEDOUT));
        }
        let mut report = [0; Report::MAX * 4];
        let (_, length) = rustix::net::recv(status, &mut report, RecvFlags::empty())
            .map_err(Refusal::internal)?;
        match (
            Report::parse(report.get(..length).unwrap_or_default()),
            landlock,
        ) {
            (Some(Report::Ready(found)), _) => landlock = Some(found),
            (Some(Report::Failed(step, errno)), _) => {
                return Err(Refusal::Sandbox {
                    step,
                    errno: errno.raw_os_error(),
                });
            }
            (None, Some(landlock)) if length == 0 => return Ok(landlock),
            // It was killed on its way.
            (None, _) => return Err(Refusal::internal(Errno::CHILD)),
        }
    }
}

/// Kills and reaps a process that did not become an isolate.
fn end(process: &OwnedFd) {
    let _ = pidfd_send_signal(process, Signal::KILL);
    let _ = waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED);
}

fn pair(kind: SocketType) -> Result<[OwnedFd; 2], Refusal> {
    let pair = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None);
    pair.map(|(ours, theirs)| [ours, theirs])
        .map_err(Refusal::internal)
}

/// Like fork, into new namespaces of every kind but control groups, into whose namespace it goes when
/// it is in its group. In the new process, which is process 1 there,
/// it returns `None`; here, a descriptor of the process and its number.
fn fork_into_namespaces() -> Result<Option<(OwnedFd, u32)>, Errno> {
    let namespaces = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS;
    veracruz_machine::fork_into(namespaces)
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))
}

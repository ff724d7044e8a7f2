//! Waiting: `poll_oneoff`.

use alloc::vec::Vec;

use crate::abi::{self, EVENT_BYTES, SUBSCRIPTION_BYTES, flags};
use crate::descriptor::Descriptor;
use crate::memory::element;
use crate::time::ClockId;
use crate::{Errno, GuestMemory, Wasi};

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;
/// `subclockflags`: the timeout is a point in time, not a duration.
const ABSTIME: u16 = 1;

impl Wasi {
    /// Writes the events that have come about. Files and streams are always ready, so it never
    /// waits for them; where only clocks are waited for, both clocks move on to the earliest.
    ///
    /// A subscription that cannot be waited for is an event at once, with the reason in it:
    /// [`Errno::Badf`] for a descriptor that is not open, or not for that; [`Errno::Notcapable`]
    /// where the right was given up; [`Errno::Notsup`] for a clock of the processor.
    ///
    /// # Errors
    /// [`Errno::Inval`] for no subscriptions, too many, or ones that are none; [`Errno::Fault`].
    pub fn poll_oneoff<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        subscriptions: u32,
        events: u32,
        count: u32,
        size: u32,
    ) -> Result<(), Errno> {
        if count == 0 || count > self.limits.subscriptions {
            return Err(Errno::Inval);
        }
        // All are read before any is written: the two lists may overlap. Bounded by the limit.
        let mut ready = Vec::new();
        let mut clocks = Vec::new();
        for index in 0..count {
            let record = memory.array(element(subscriptions, index, SUBSCRIPTION_BYTES)?)?;
            let Subscription { userdata, wanted } = Subscription::parse(&record)?;
            match wanted {
                Wanted::Clock {
                    clock,
                    timeout,
                    absolute,
                } => match self.time.peek(clock) {
                    Ok(now) if absolute => clocks.push((timeout.saturating_sub(now), userdata)),
                    Ok(_) => clocks.push((timeout, userdata)),
                    Err(errno) => ready.push(abi::event(userdata, CLOCK, Err(errno))),
                },
                Wanted::Read(fd) => {
                    ready.push(abi::event(userdata, FD_READ, self.readable_bytes(fd)));
                }
                Wanted::Write(fd) => {
                    ready.push(abi::event(userdata, FD_WRITE, self.writable_bytes(fd)));
                }
            }
        }
        let earliest = clocks.iter().map(|(delay, _)| *delay).min();
        if let (true, Some(earliest)) = (ready.is_empty(), earliest) {
            self.sleep(earliest);
            let due = clocks.iter().filter(|(delay, _)| *delay == earliest);
            ready.extend(due.map(|(_, userdata)| abi::event(*userdata, CLOCK, Ok(0))));
        }
        for (index, event) in (0u32..).zip(&ready) {
            memory.put(element(events, index, EVENT_BYTES)?, event)?;
        }
        memory.put_u32(
            size,
            u32::try_from(ready.len()).map_err(|_| Errno::Overflow)?,
        )
    }

    pub(crate) fn sleep(&mut self, nanoseconds: u64) {
        self.time.sleep(nanoseconds);
        self.vfs.set_time(self.time.realtime());
    }

    fn readable_bytes(&self, fd: u32) -> Result<u64, Errno> {
        self.descriptors.check(fd, flags::POLL_FD_READWRITE)?;
        match self.descriptors.get(fd)? {
            Descriptor::File(open) => Ok(self.vfs.size(&open.file)?.saturating_sub(open.position)),
            // There is no telling how much will come.
            Descriptor::Stdin { .. } if self.live_stdin.is_some() => Ok(1),
            Descriptor::Stdin { position } => {
                let len = self
                    .stdin
                    .as_ref()
                    .map_or(0, |stdin| stdin.as_slice().len() as u64);
                Ok(len.saturating_sub(*position))
            }
            _ => Err(Errno::Badf),
        }
    }

    /// There is no telling how much a quota has room for: at least one.
    fn writable_bytes(&self, fd: u32) -> Result<u64, Errno> {
        self.descriptors.check(fd, flags::POLL_FD_READWRITE)?;
        match self.descriptors.get(fd)? {
            Descriptor::File(_) | Descriptor::Stdout | Descriptor::Stderr => Ok(1),
            _ => Err(Errno::Badf),
        }
    }
}

struct Subscription {
    userdata: u64,
    wanted: Wanted,
}

enum Wanted {
    Clock {
        clock: ClockId,
        timeout: u64,
        absolute: bool,
    },
    Read(u32),
    Write(u32),
}

impl Subscription {
    /// Takes a `subscription` apart: userdata at 0, tag at 8, and from 16 on either a descriptor,
    /// or clock, timeout (24), precision (32) and flags (40).
    fn parse(record: &[u8; 48]) -> Result<Self, Errno> {
        let fd = u32::from_le_bytes(field(record, 16)?);
        let [tag] = field(record, 8)?;
        let wanted = match tag {
            CLOCK => Wanted::Clock {
                clock: ClockId::parse(fd)?,
                timeout: u64::from_le_bytes(field(record, 24)?),
                absolute: match u16::from_le_bytes(field(record, 40)?) {
                    0 => false,
                    ABSTIME => true,
                    _ => return Err(Errno::Inval),
                },
            },
            FD_READ => Wanted::Read(fd),
            FD_WRITE => Wanted::Write(fd),
            _ => return Err(Errno::Inval),
        };
        Ok(Self {
            userdata: u64::from_le_bytes(field(record, 0)?),
            wanted,
        })
    }
}

fn field<const N: usize>(record: &[u8; 48], offset: usize) -> Result<[u8; N], Errno> {
    record
        .get(offset..)
        .and_then(|rest| rest.first_chunk().copied())
        .ok_or(Errno::Inval)
}

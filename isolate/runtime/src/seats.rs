//! How many may be here at once.
//!
//! Every connection costs a descriptor, memory and, while it proves itself, processor time.
//! Strangers and participants who take more than their share find the door closed, and the
//! others do not notice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use veracruz_policy::ParticipantName;

/// The most connections: each takes up to 180 KiB, all together a tenth of what a small isolate
/// has, and a quarter of the 4096 descriptors that the attester gives. The others are for files
/// (a policy has at most 1024), programs and a run's outputs.
const MOST: usize = 1024;
/// The fraction of this process's descriptors that connections may take.
const SHARE_OF_DESCRIPTORS: u64 = 4;
/// The most connections of one participant.
const MOST_OF_ONE: usize = 64;
/// The most streams of status events of one participant: each may hold back a few statuses of
/// megabytes for a reader that does not read.
const MOST_STREAMS_OF_ONE: usize = 8;

/// All connections.
pub(crate) struct Seats {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    /// Of those, peers that have not proved who they are.
    strangers: usize,
    participants: HashMap<ParticipantName, Share>,
}

#[derive(Default, PartialEq, Eq)]
struct Share {
    connections: usize,
    streams: usize,
}

impl Seats {
    /// As many as this process has descriptors for.
    pub(crate) fn new() -> Arc<Self> {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let descriptors = limit.map_or(u64::MAX, |limit| limit / SHARE_OF_DESCRIPTORS);
        Self::at_most(usize::try_from(descriptors).map_or(MOST, |share| share.min(MOST)))
    }

    fn at_most(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: Mutex::default(),
        })
    }

    /// How many connections there are.
    pub(crate) fn taken(&self) -> u32 {
        u32::try_from(self.lock().all).unwrap_or(u32::MAX)
    }

    /// A seat for somebody who has just come; `None` where there is none left. Those who have not
    /// proved who they are get half of them at most.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Seat> {
        let mut taken = self.lock();
        if taken.all >= self.most || taken.strangers >= self.most.div_ceil(2) {
            return None;
        }
        taken.all = taken.all.saturating_add(1);
        taken.strangers = taken.strangers.saturating_add(1);
        Some(Seat {
            seats: Arc::clone(self),
            participant: None,
        })
    }

    /// Nothing here can be half done: a panic elsewhere does not make the numbers wrong.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's seat, free again when this is dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    participant: Option<ParticipantName>,
}

impl Seat {
    /// The peer is this participant. Says whether it may stay.
    pub(crate) fn belongs_to(&mut self, participant: &ParticipantName) -> bool {
        if self.participant.is_some() {
            return false;
        }
        let mut taken = self.seats.lock();
        let share = taken.participants.entry(participant.clone()).or_default();
        if share.connections >= MOST_OF_ONE {
            return false;
        }
        share.connections = share.connections.saturating_add(1);
        taken.strangers = taken.strangers.saturating_sub(1);
        drop(taken);
        self.participant = Some(participant.clone());
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.all = taken.all.saturating_sub(1);
        match &self.participant {
            None => taken.strangers = taken.strangers.saturating_sub(1),
            Some(participant) => taken.less(participant, |share| &mut share.connections),
        }
    }
}

/// A stream of status events, which counts until this is dropped.
pub(crate) struct Stream {
    seats: Arc<Seats>,
    participant: ParticipantName,
}

impl Stream {
    /// One more stream for a participant; `None` where it has enough.
    pub(crate) fn open(seats: &Arc<Seats>, participant: &ParticipantName) -> Option<Self> {
        let mut taken = seats.lock();
        let share = taken.participants.entry(participant.clone()).or_default();
        if share.streams >= MOST_STREAMS_OF_ONE {
            return None;
        }
        share.streams = share.streams.saturating_add(1);
        drop(taken);
        Some(Self {
            seats: Arc::clone(seats),
            participant: participant.clone(),
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.seats
            .lock()
            .less(&self.participant, |share| &mut share.streams);
    }
}

impl Taken {
    /// One less of something that a participant has.
    fn less(&mut self, participant: &ParticipantName, what: impl FnOnce(&mut Share) -> &mut usize) {
        if let Some(share) = self.participants.get_mut(participant) {
            let count = what(share);
            *count = count.saturating_sub(1);
            if *share == Share::default() {
                self.participants.remove(participant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ParticipantName {
        ParticipantName::parse(text).unwrap()
    }

    #[test]
    fn there_are_no_more_connections_than_seats() {
        let seats = Seats::at_most(2);
        let mut first = seats.take().unwrap();
        assert!(first.belongs_to(&name("acme")));
        let second = seats.take().unwrap();
        assert!(seats.take().is_none());
        assert_eq!(seats.taken(), 2);
        drop(second);
        assert!(seats.take().is_some());
        drop(first);
        assert_eq!(seats.taken(), 0);
    }

    #[test]
    fn strangers_leave_room_for_participants_that_are_here() {
        let seats = Seats::at_most(4);
        let mut strangers = [seats.take().unwrap(), seats.take().unwrap()];
        assert!(seats.take().is_none());
        assert!(strangers[0].belongs_to(&name("acme")));
        assert!(seats.take().is_some());
    }

    #[test]
    fn one_participant_does_not_take_all_seats() {
        let seats = Seats::at_most(1000);
        let sit = |who: &str| {
            let mut seat = seats.take().unwrap();
            seat.belongs_to(&name(who)).then_some(seat)
        };
        let held: Vec<_> = (0..MOST_OF_ONE).map(|_| sit("acme").unwrap()).collect();
        assert!(sit("acme").is_none());
        assert!(sit("globex").is_some());
        drop(held);
        assert!(sit("acme").is_some());
        assert!(seats.lock().participants.is_empty());
    }

    #[test]
    fn one_participant_has_a_few_streams() {
        let seats = Seats::at_most(10);
        let open = |who: &str| Stream::open(&seats, &name(who));
        let held: Vec<_> = (0..MOST_STREAMS_OF_ONE)
            .map(|_| open("acme").unwrap())
            .collect();
        assert!(open("acme").is_none() && open("globex").is_some());
        drop(held);
        assert!(open("acme").is_some());
    }
}

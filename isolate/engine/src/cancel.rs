//! Ends a compilation that nobody wants any more.

use std::{
    os::fd::{AsFd as _, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustix::net::Shutdown;

use crate::{channel::Channel, error::EngineError};

/// A way to end one compilation from another thread. Clones are the same.
///
/// To be given to [`Spawner::compile_unless`](crate::Spawner::compile_unless); it may be used
/// before that has begun, and does nothing after that has ended.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    /// A second descriptor of the channel to the process that compiles.
    Working(OwnedFd),
    Cancelled,
}

impl Cancel {
    /// One that was not used yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the compilation: its process is killed by whoever waits for it. Returns at once.
    pub fn cancel(&self) {
        let before = std::mem::replace(&mut *self.state(), State::Cancelled);
        if let State::Working(channel) = before {
            // Whoever waits for an answer sees the channel closed. It cannot fail in another way
            // than that nobody waits.
            let _ = rustix::net::shutdown(channel, Shutdown::Both);
        }
    }

    /// Whether it was.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(*self.state(), State::Cancelled)
    }

    /// From now on, and until what is returned is dropped, cancelling closes this channel.
    pub(crate) fn watch(&self, channel: &Channel) -> Result<Watch<'_>, EngineError> {
        let mut state = self.state();
        if matches!(*state, State::Cancelled) {
            return Err(EngineError::Cancelled);
        }
        let again = channel.as_fd().try_clone_to_owned();
        *state = State::Working(again.map_err(|source| EngineError::System {
            during: "watching a compilation",
            source,
        })?);
        Ok(Watch(self))
    }

    /// Nothing here can be half done: a panic elsewhere does not make the state wrong.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A compilation that can be cancelled.
pub(crate) struct Watch<'a>(&'a Cancel);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if matches!(*state, State::Working(_)) {
            *state = State::Idle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Bounds, ChannelError};

    const ANY: Bounds = Bounds {
        bytes: 10,
        descriptors: 0,
    };

    #[test]
    fn whoever_waits_finds_the_channel_closed() {
        let (ours, _theirs) = Channel::pair().unwrap();
        let cancel = Cancel::new();
        let watch = cancel.watch(&ours).unwrap();
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| ours.receive(ANY, None));
            cancel.cancel();
            assert!(matches!(waits.join().unwrap(), Err(ChannelError::Closed)));
        });
        drop(watch);
        assert!(cancel.is_cancelled());
        assert!(matches!(cancel.watch(&ours), Err(EngineError::Cancelled)));
    }

    #[test]
    fn what_has_ended_is_not_touched_any_more() {
        let (ours, theirs) = Channel::pair().unwrap();
        let cancel = Cancel::new();
        drop(cancel.watch(&ours).unwrap());
        cancel.cancel();
        theirs.send(b"x", &[], None).unwrap();
        assert_eq!(&*ours.receive(ANY, None).unwrap().bytes, b"x");
    }
}

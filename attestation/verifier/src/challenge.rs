//! Challenges: drawn here, used once, soon gone.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use veracruz_evidence::{Nonce, ReportData};

/// How long a challenge can be answered, in seconds.
pub const CHALLENGE_SECONDS: u64 = 60;

/// The sizes of a nonce in bytes: what every format of evidence has room for.
pub(crate) const NONCE_BYTES: std::ops::RangeInclusive<usize> = 32..=64;

const ID_BYTES: usize = 16;

/// A challenge that was taken out to be answered. It cannot be copied, and a verdict uses it up.
#[derive(Debug)]
pub(crate) struct Challenge {
    nonce: Vec<u8>,
}

impl Challenge {
    /// Report data of evidence that carries nothing but the nonce: the nonce, then zeros.
    pub(crate) fn as_report_data(&self) -> ReportData {
        let mut padded = [0; 64];
        for (to, from) in padded.iter_mut().zip(&self.nonce) {
            *to = *from;
        }
        ReportData::from_bytes(padded)
    }

    /// The nonce for report data that hashes it; `None` unless it has 32 bytes.
    pub(crate) fn nonce(&self) -> Option<Nonce> {
        let bytes = <[u8; 32]>::try_from(self.nonce.as_slice()).ok()?;
        Some(Nonce::from_bytes(bytes))
    }
}

/// The challenges that wait for their answer. In memory alone: a restart forgets them all.
pub(crate) struct Challenges {
    capacity: usize,
    lifetime: Duration,
    waiting: Mutex<HashMap<String, (Challenge, Instant)>>,
}

/// A challenge as its peer gets to know it.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) id: String,
    pub(crate) nonce: Vec<u8>,
}

/// Why there is no challenge.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoChallenge {
    /// As many wait as may.
    Full,
    /// The system gave no randomness.
    NoRandomness,
}

impl Challenges {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            lifetime: Duration::from_secs(CHALLENGE_SECONDS),
            waiting: Mutex::default(),
        }
    }

    /// Draws a challenge with a nonce of `size` bytes, which the caller has seen to.
    pub(crate) fn issue(&self, size: usize, now: Instant) -> Result<Issued, NoChallenge> {
        let mut nonce = vec![0; size];
        let mut id = [0; ID_BYTES];
        getrandom::fill(&mut nonce)
            .and_then(|()| getrandom::fill(&mut id))
            .map_err(|_| NoChallenge::NoRandomness)?;
        let id = HEXLOWER.encode(&id);
        let challenge = Challenge {
            nonce: nonce.clone(),
        };
        let mut waiting = self.waiting();
        if waiting.len() >= self.capacity {
            waiting.retain(|_, (_, until)| *until > now);
        }
        if waiting.len() >= self.capacity {
            return Err(NoChallenge::Full);
        }
        waiting.insert(id.clone(), (challenge, now + self.lifetime));
        Ok(Issued { id, nonce })
    }

    /// Takes a challenge out: whatever comes of it, nobody can answer it again.
    pub(crate) fn take(&self, id: &str, now: Instant) -> Option<Challenge> {
        let (challenge, until) = self.waiting().remove(id)?;
        (until > now).then_some(challenge)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, (Challenge, Instant)>> {
        // Nothing that holds it can leave it half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_answered_once() {
        let challenges = Challenges::new(8);
        let now = Instant::now();
        let issued = challenges.issue(32, now).unwrap();
        let taken = challenges.take(&issued.id, now).unwrap();
        assert_eq!(taken.nonce().unwrap().as_bytes().as_slice(), issued.nonce);
        assert!(challenges.take(&issued.id, now).is_none());
    }

    #[test]
    fn a_challenge_is_gone_after_a_minute() {
        let challenges = Challenges::new(8);
        let now = Instant::now();
        let first = challenges.issue(32, now).unwrap();
        let second = challenges.issue(32, now).unwrap();
        let almost = now + Duration::from_millis(CHALLENGE_SECONDS * 1000 - 1);
        assert!(challenges.take(&first.id, almost).is_some());
        let late = now + Duration::from_secs(CHALLENGE_SECONDS);
        assert!(challenges.take(&second.id, late).is_none());
    }

    #[test]
    fn no_more_wait_than_may_and_the_dead_make_room() {
        let challenges = Challenges::new(2);
        let now = Instant::now();
        challenges.issue(32, now).unwrap();
        challenges.issue(32, now).unwrap();
        assert_eq!(challenges.issue(32, now).unwrap_err(), NoChallenge::Full);
        let later = now + Duration::from_secs(CHALLENGE_SECONDS);
        assert!(challenges.issue(32, later).is_ok());
    }

    #[test]
    fn a_nonce_is_padded_on_its_right() {
        for size in NONCE_BYTES {
            let challenge = Challenge {
                nonce: vec![7; size],
            };
            let padded = challenge.as_report_data();
            assert!(padded.as_bytes()[..size].iter().all(|byte| *byte == 7));
            assert!(padded.as_bytes()[size..].iter().all(|byte| *byte == 0));
            assert_eq!(challenge.nonce().is_some(), size == 32);
        }
    }
}

//! How often a peer may ask.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most peers that are remembered.
const PEERS: usize = 1 << 16;

/// A bucket of tokens for each peer: it fills with time, and a request takes one.
pub(crate) struct Rates {
    /// A bucket is full with so many.
    burst: f64,
    /// What a second adds.
    a_second: f64,
    peers: Mutex<HashMap<IpAddr, Bucket>>,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Rates {
    pub(crate) fn new(requests_a_minute: u32) -> Self {
        let a_minute = f64::from(requests_a_minute.max(1));
        Self {
            burst: (a_minute / 10.0).max(1.0),
            a_second: a_minute / 60.0,
            peers: Mutex::default(),
        }
    }

    /// Takes a token of the peer's.
    ///
    /// # Errors
    /// How long to wait for the next.
    pub(crate) fn take(&self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = network_of(peer);
        if peers.len() >= PEERS && !peers.contains_key(&peer) {
            // A peer whose bucket is full is as good as forgotten.
            peers.retain(|_, bucket| self.filled(bucket, now) < self.burst);
        }
        if peers.len() >= PEERS && !peers.contains_key(&peer) {
            return Err(Duration::from_secs(60));
        }
        let bucket = peers.entry(peer).or_insert(Bucket {
            tokens: self.burst,
            at: now,
        });
        bucket.tokens = self.filled(bucket, now);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            let missing = (1.0 - bucket.tokens) / self.a_second;
            return Err(Duration::from_secs_f64(missing));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        since.mul_add(self.a_second, bucket.tokens).min(self.burst)
    }
}

/// One peer of IPv6 has a whole network of addresses: its first 64 bits are one peer.
fn network_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_peer_asks_a_few_times_at_once_and_then_as_often_as_it_may() {
        let rates = Rates::new(60);
        let start = Instant::now();
        let (one, other) = (peer("192.0.2.1"), peer("192.0.2.2"));
        for _ in 0..6 {
            assert_eq!(rates.take(one, start), Ok(()));
        }
        assert_eq!(rates.take(one, start), Err(Duration::from_secs(1)));
        assert_eq!(rates.take(other, start), Ok(()));
        assert_eq!(rates.take(one, start + Duration::from_secs(1)), Ok(()));
        assert!(rates.take(one, start + Duration::from_secs(1)).is_err());
    }

    #[test]
    fn a_quiet_hour_is_not_saved_up() {
        let rates = Rates::new(60);
        let start = Instant::now();
        assert_eq!(rates.take(peer("192.0.2.1"), start), Ok(()));
        let later = start + 60 * MINUTE;
        let taken = (0..100)
            .filter(|_| rates.take(peer("192.0.2.1"), later).is_ok())
            .count();
        assert_eq!(taken, 6);
    }

    #[test]
    fn addresses_of_one_network_are_one_peer() {
        let rates = Rates::new(10);
        let now = Instant::now();
        assert_eq!(rates.take(peer("2001:db8::1"), now), Ok(()));
        assert!(rates.take(peer("2001:db8::2"), now).is_err());
        assert_eq!(rates.take(peer("2001:db8:0:1::1"), now), Ok(()));
        assert_eq!(rates.take(peer("192.0.2.1"), now), Ok(()));
        assert!(rates.take(peer("::ffff:192.0.2.1"), now).is_err());
    }
}

//! How fast bytes may pass: a token bucket that all connections of one command share.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;
use veracruz_protocol::header;

/// A limit in bytes a second, or none.
///
/// Clones share it: what one of them lets through the others have to wait for.
#[derive(Clone, Debug, Default)]
pub struct RateLimit(Option<Arc<Bucket>>);

#[derive(Debug)]
struct Bucket {
    per_second: u64,
    /// When everything that was let through so far has passed at the permitted rate.
    paid_until: Mutex<Instant>,
}

/// A text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected bytes a second, as 10MiB/s or 500KiB/s")]
pub struct RateError;

impl FromStr for RateLimit {
    type Err = RateError;

    /// Reads `10MiB/s`: a size as policies have it (`B`, `KiB`, `MiB`, `GiB`, `TiB`, or a bare
    /// number of bytes), with `/s` or without; not 0.
    fn from_str(text: &str) -> Result<Self, RateError> {
        let size = text.strip_suffix("/s").unwrap_or(text);
        let end = size.find(|c: char| !c.is_ascii_digit());
        let (digits, unit) = size
            .split_at_checked(end.unwrap_or(size.len()))
            .ok_or(RateError)?;
        let shift = match unit {
            "" | "B" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            "TiB" => 40,
            _ => return Err(RateError),
        };
        let number = header::decimal(digits).ok_or(RateError)?;
        match number.checked_mul(1_u64 << shift) {
            Some(per_second) if per_second > 0 => Ok(Self::new(per_second)),
            _ => Err(RateError),
        }
    }
}

/// How much may pass at once after a pause, as a part of a second's worth.
const BURST: Duration = Duration::from_millis(250);

impl RateLimit {
    /// At most `per_second` bytes a second; 0 is as 1.
    pub fn new(per_second: u64) -> Self {
        Self(Some(Arc::new(Bucket {
            per_second: per_second.max(1),
            paid_until: Mutex::new(Instant::now()),
        })))
    }

    /// No limit.
    pub fn none() -> Self {
        Self::default()
    }

    /// Counts `bytes`, and says how long to wait before they pass.
    pub(crate) fn charge(&self, bytes: usize) -> Duration {
        self.charge_at(bytes, Instant::now())
    }

    fn charge_at(&self, bytes: usize, now: Instant) -> Duration {
        let Some(bucket) = &self.0 else {
            return Duration::ZERO;
        };
        let price = u128::from(u64::try_from(bytes).unwrap_or(u64::MAX))
            .saturating_mul(1_000_000_000)
            .checked_div(u128::from(bucket.per_second))
            .unwrap_or(0);
        let price = Duration::from_nanos(u64::try_from(price).unwrap_or(u64::MAX));
        let mut paid_until = bucket
            .paid_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // What was not used is kept for a moment only.
        let start = now
            .checked_sub(BURST)
            .map_or(*paid_until, |earliest| (*paid_until).max(earliest));
        // Decades from now is as good as never.
        *paid_until = start.checked_add(price).unwrap_or(start);
        paid_until.saturating_duration_since(now)
    }

    /// How many bytes to move at once: fewer where they pass slowly, at most `most`.
    pub(crate) fn piece(&self, most: usize) -> usize {
        let Some(bucket) = &self.0 else { return most };
        let eighth = usize::try_from(bucket.per_second >> 3).unwrap_or(usize::MAX);
        eighth.clamp(1, most.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_through_what_is_permitted_and_no_more() {
        let limit = RateLimit::new(1000);
        let start = Instant::now();
        let mut now = start;
        let mut passed: u32 = 0;
        for _ in 0..100 {
            now += limit.charge_at(100, now);
            passed += 100;
        }
        let seconds = now.duration_since(start).as_secs_f64();
        let burst = 250.0;
        assert!(
            f64::from(passed) <= 1000.0 * seconds + burst + 1.0,
            "{seconds}"
        );
        assert!(f64::from(passed) >= 1000.0 * seconds, "{seconds}");
    }

    #[test]
    fn rates_are_sizes_a_second() {
        let rate = |text: &str| {
            let limit = text.parse::<RateLimit>().ok()?;
            limit.0.map(|bucket| bucket.per_second)
        };
        assert_eq!(rate("10MiB/s"), Some(10 << 20));
        assert_eq!(rate("10MiB"), Some(10 << 20));
        assert_eq!(rate("1500"), Some(1500));
        assert_eq!(rate("7B/s"), Some(7));
        for text in [
            "",
            "0",
            "0MiB",
            "/s",
            "MiB",
            "10MB",
            "10 MiB",
            "1.5MiB",
            "-1",
            "01",
            "10mib/s",
            "10MiB/min",
            "99999999TiB",
        ] {
            assert_eq!(rate(text), None, "{text}");
        }
    }

    #[test]
    fn a_pause_does_not_save_up() {
        let limit = RateLimit::new(1000);
        let later = Instant::now() + Duration::from_secs(3600);
        assert_eq!(limit.charge_at(250, later), Duration::ZERO);
        assert!(limit.charge_at(1000, later) >= Duration::from_millis(999));
    }

    #[test]
    fn clones_share_one_limit_and_no_limit_waits_for_nothing() {
        let limit = RateLimit::new(10);
        let now = Instant::now();
        limit.clone().charge_at(100, now);
        assert!(limit.charge_at(1, now) > Duration::from_secs(9));
        assert_eq!(RateLimit::none().charge(usize::MAX), Duration::ZERO);
        assert_eq!(RateLimit::none().piece(77), 77);
        assert_eq!(RateLimit::new(800).piece(77), 77);
        assert_eq!(RateLimit::new(80).piece(77), 10);
        assert_eq!(RateLimit::new(0).piece(77), 1);
    }
}

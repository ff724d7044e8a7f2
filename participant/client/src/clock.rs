//! The time. Everything that judges by it takes it as an argument.

use jiff::Timestamp as Instant;
use veracruz_policy::Timestamp;

/// The time by this machine's clock.
pub fn now() -> Timestamp {
    Timestamp::from_seconds(Instant::now().as_second())
}

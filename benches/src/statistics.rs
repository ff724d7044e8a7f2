//! Medians, spreads, and an order that nobody chose.

use std::time::{Duration, SystemTime};

/// What several runs took, or how they compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
}

impl Sample {
    /// Of at least one value; of none, all are NaN.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self {
            median: f64::midpoint(at(last / 2), at(last.div_ceil(2))),
            least: at(0),
            greatest: at(last),
        }
    }

    /// Of durations, in milliseconds.
    pub(crate) fn of_milliseconds(times: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(times.into_iter().map(|time| time.as_secs_f64() * 1e3))
    }

    /// How far the values lie apart, in parts of the median.
    pub(crate) fn spread(&self) -> f64 {
        (self.greatest - self.least) / self.median
    }
}

/// The mean of ratios: twice as fast and twice as slow cancel out.
pub(crate) fn geometric_mean(ratios: impl IntoIterator<Item = f64>) -> f64 {
    let logarithms: Vec<f64> = ratios.into_iter().map(f64::ln).collect();
    let count = u32::try_from(logarithms.len()).map_or(f64::NAN, f64::from);
    (logarithms.iter().sum::<f64>() / count).exp()
}

/// A source of orders: not secret, only other ones each time.
pub(crate) struct Shuffle(u64);

impl Shuffle {
    /// Starts from the time.
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self(since.map_or(1, |since| u64::from(since.subsec_nanos())) | 1)
    }

    pub(crate) fn shuffle<Value>(&mut self, values: &mut [Value]) {
        for end in (1..values.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let other = self.0 % (end as u64 + 1);
            values.swap(end, usize::try_from(other).unwrap_or(end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_run_does_not_move_the_median() {
        let sample = Sample::of([3.0, 1.0, 2.0, 90.0, 2.5]);
        assert_eq!(
            sample,
            Sample {
                median: 2.5,
                least: 1.0,
                greatest: 90.0
            }
        );
        assert!((Sample::of([1.0, 2.0]).median - 1.5).abs() < 1e-12);
    }

    #[test]
    fn twice_as_fast_and_twice_as_slow_cancel_out() {
        assert!((geometric_mean([0.5, 2.0]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_shuffle_loses_nothing() {
        let mut values: Vec<u32> = (0..50).collect();
        let mut shuffle = Shuffle::new();
        shuffle.shuffle(&mut values);
        values.sort_unstable();
        assert_eq!(values, (0..50).collect::<Vec<u32>>());
    }
}

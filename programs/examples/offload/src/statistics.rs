//! What is known of the readings so far.

use std::collections::VecDeque;

use serde::{Serialize, Serializer};
use veracruz_guest::Failure;

use crate::readings::Reading;

/// What is known of the readings so far. Mean and variance are kept without keeping readings
/// (Welford), windows in a queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// How many readings there were.
    pub rows: u64,
    /// How many had a value.
    pub present: u64,
    /// How many had none.
    pub missing: u64,
    /// How often values were missing, one or several in a row.
    pub gaps: u64,
    /// The most in a row that were missing.
    pub longest_gap: u64,
    /// The time of the first reading.
    pub first: Option<String>,
    /// The time of the last one.
    pub last: Option<String>,
    /// Of all values.
    pub sum: f64,
    /// Of all values; 0 where there are none.
    pub mean: f64,
    /// Of the population of all values.
    #[serde(rename = "standard_deviation", serialize_with = "deviation")]
    squares: Spread,
    /// The least value.
    pub minimum: Option<f64>,
    /// When that was first.
    pub minimum_at: Option<String>,
    /// The greatest value.
    pub maximum: Option<f64>,
    /// When that was first.
    pub maximum_at: Option<String>,
    /// How many windows had no gap.
    pub windows: u64,
    #[serde(skip)]
    length: usize,
    #[serde(skip)]
    window: VecDeque<f64>,
    #[serde(skip)]
    gap: u64,
}

/// Squared distances from the mean, added up, and how many.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Spread {
    squares: f64,
    count: f64,
}

impl Statistics {
    /// Nothing yet; windows will have `length` readings.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self {
            rows: 0,
            present: 0,
            missing: 0,
            gaps: 0,
            longest_gap: 0,
            first: None,
            last: None,
            sum: 0.0,
            mean: 0.0,
            squares: Spread::default(),
            minimum: None,
            minimum_at: None,
            maximum: None,
            maximum_at: None,
            windows: 0,
            length,
            window: VecDeque::new(),
            gap: 0,
        }
    }

    /// Takes a reading, and gives the mean of the window that ends with it, if there is one without a
    /// gap.
    ///
    /// # Errors
    /// Where windows have no length.
    pub fn take(&mut self, reading: &Reading) -> Result<Option<f64>, Failure> {
        if self.length == 0 {
            return Err(Failure::usage("--window: expected at least 1"));
        }
        self.rows += 1;
        self.first.get_or_insert_with(|| reading.time.clone());
        self.last = Some(reading.time.clone());
        let Some(value) = reading.value else {
            self.missing += 1;
            self.gaps += u64::from(self.gap == 0);
            self.gap += 1;
            self.longest_gap = self.longest_gap.max(self.gap);
            self.window.clear();
            return Ok(None);
        };
        self.gap = 0;
        self.add(value, &reading.time);
        self.window.push_back(value);
        if self.window.len() > self.length {
            self.window.pop_front();
        }
        let full = self.window.len() == self.length;
        self.windows += u64::from(full);
        #[expect(clippy::cast_precision_loss, reason = "the length of a queue")]
        let length = self.length as f64;
        Ok(full.then(|| self.window.iter().sum::<f64>() / length))
    }

    fn add(&mut self, value: f64, time: &str) {
        self.present += 1;
        self.sum += value;
        self.squares.count += 1.0;
        let distance = value - self.mean;
        self.mean += distance / self.squares.count;
        self.squares.squares += distance * (value - self.mean);
        if self.minimum.is_none_or(|least| value < least) {
            (self.minimum, self.minimum_at) = (Some(value), Some(time.to_owned()));
        }
        if self.maximum.is_none_or(|most| value > most) {
            (self.maximum, self.maximum_at) = (Some(value), Some(time.to_owned()));
        }
    }
}

fn deviation<S: Serializer>(spread: &Spread, serializer: S) -> Result<S::Ok, S::Error> {
    let deviation = (spread.squares / spread.count.max(1.0)).sqrt();
    serializer.serialize_f64(deviation)
}

//! Statistics over a stream of readings, some of which are missing, in memory for one window of them.
//!
//! ```
//! use offload::{Readings, Statistics};
//! use veracruz_guest::{Failure, Input, Origin};
//!
//! let text = "at,level\n1,4\n2,\n3,8\n4,6\n";
//! let input = Input::new(Origin::at("/input/buoy.csv"), text.as_bytes());
//! let mut readings = Readings::open(input, "at", "level")?;
//! let mut statistics = Statistics::new(2);
//! let mut means = Vec::new();
//! while let Some(reading) = readings.next_reading()? {
//!     means.extend(statistics.take(&reading)?);
//! }
//! assert_eq!(means, [7.0]);
//! assert_eq!((statistics.present, statistics.missing), (3, 1));
//! # Ok::<(), Failure>(())
//! ```

mod readings;
mod statistics;

pub use readings::{Reading, Readings};
pub use statistics::Statistics;

//! The steps of a command, each announced and timed.

use std::time::{Duration, Instant};

use crate::process::Failure;

/// What was done so far, and how long each took.
#[derive(Default)]
pub(crate) struct Steps {
    times: Vec<(String, Duration)>,
}

impl Steps {
    /// Announces `name`, does it, and keeps its time whether or not it went well.
    pub(crate) fn step<Value>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        println!("\n==> {name}");
        let start = Instant::now();
        let result = work();
        self.times.push((name.to_owned(), start.elapsed()));
        result.map_err(|failure| Failure::new(format!("{name}: {failure}")))
    }

    /// Prints one line a step, and the sum.
    pub(crate) fn print_times(&self) {
        if self.times.is_empty() {
            return;
        }
        println!("\n    time  step");
        for (name, time) in &self.times {
            println!("{:>7.1}s  {name}", time.as_secs_f64());
        }
        let sum: Duration = self.times.iter().map(|(_, time)| *time).sum();
        println!("{:>7.1}s  in all", sum.as_secs_f64());
    }
}

//! What is told while files are under way: a bar on a terminal, now and then a line elsewhere.

use super::Format;
use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far all files of one command are.
pub(crate) struct Transfers(Option<Mutex<State>>);

struct State {
    /// `upload`, `download`.
    what: &'static str,
    files: Vec<OneFile>,
    /// On a terminal.
    bar: Option<ProgressBar>,
    /// Elsewhere: when a line was printed last, and how far everything was.
    last: (Instant, u64),
}

struct OneFile {
    name: String,
    /// Bytes there and in all; nothing before it has begun.
    at: Option<(u64, u64)>,
    /// What is known before it begins.
    expected: u64,
}

/// How long it is quiet between two lines.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

impl Transfers {
    /// Of these files, each with its length where that is known. Nothing is told to programs, or
    /// to those who want it quiet.
    pub(crate) fn new(
        format: Format,
        what: &'static str,
        files: impl IntoIterator<Item = (String, Option<u64>)>,
    ) -> Self {
        if format != Format::Text {
            return Self(None);
        }
        let one = |(name, length): (String, Option<u64>)| OneFile {
            name,
            at: None,
            expected: length.unwrap_or(0),
        };
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            let style = "{msg} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar
        });
        Self(Some(Mutex::new(State {
            what,
            files: files.into_iter().map(one).collect(),
            bar,
            last: (Instant::now(), 0),
        })))
    }

    /// The file `index` has `so_far` bytes of `length`.
    pub(crate) fn tell(&self, index: usize, so_far: u64, length: u64) {
        if let Some(state) = &self.0 {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.tell(index, so_far, length);
        }
    }

    /// Leaves nothing of a bar.
    pub(crate) fn finish(&self) {
        if let Some(state) = &self.0 {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(bar) = &state.bar {
                bar.finish_and_clear();
            }
        }
    }
}

impl State {
    fn tell(&mut self, index: usize, so_far: u64, length: u64) {
        let Some(file) = self.files.get_mut(index) else {
            return;
        };
        let begins = file.at.replace((so_far, length)).is_none();
        let name = file.name.clone();
        let (done, all) = self.sums();
        let message = match self.files.len() {
            0 | 1 => name,
            count => format!("{} of {count} {name}", self.begun()),
        };
        match &self.bar {
            Some(bar) => {
                bar.set_length(all);
                bar.set_position(done);
                if begins {
                    bar.set_message(message);
                    if so_far > 0 {
                        // What was there already did not come at any rate.
                        bar.reset_eta();
                    }
                }
            }
            None => {
                if begins {
                    self.last.1 = self.last.1.saturating_add(so_far);
                }
                self.line(&message, done, all);
            }
        }
    }

    /// A line, if it is time for one. Where nobody reads it, it is not missed.
    fn line(&mut self, message: &str, done: u64, all: u64) {
        let (since, before) = self.last;
        let passed = since.elapsed();
        if passed < BETWEEN_LINES {
            return;
        }
        self.last = (Instant::now(), done);
        let line = line(
            self.what,
            message,
            done,
            all,
            done.saturating_sub(before),
            passed,
        );
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    fn sums(&self) -> (u64, u64) {
        let sum = |sum: (u64, u64), file: &OneFile| {
            let (done, all) = file.at.unwrap_or((0, file.expected));
            (sum.0.saturating_add(done), sum.1.saturating_add(all))
        };
        self.files.iter().fold((0, 0), sum)
    }

    fn begun(&self) -> usize {
        self.files.iter().filter(|file| file.at.is_some()).count()
    }
}

/// `upload /input/a.csv: 1.20 GiB of 10.00 GiB (12 %), 45.10 MiB/s, 3 minutes left`
fn line(what: &str, message: &str, done: u64, all: u64, moved: u64, passed: Duration) -> String {
    let percent = u128::from(done)
        .saturating_mul(100)
        .checked_div(u128::from(all))
        .unwrap_or(100);
    let milliseconds = passed.as_millis().max(1);
    let rate = u128::from(moved)
        .saturating_mul(1000)
        .checked_div(milliseconds)
        .and_then(|rate| u64::try_from(rate).ok())
        .unwrap_or(0);
    let left = all.saturating_sub(done).checked_div(rate);
    let left = left.map_or_else(String::new, |seconds| {
        format!(", {:#} left", HumanDuration(Duration::from_secs(seconds)))
    });
    format!(
        "{what} {message}: {} of {} ({percent} %), {}/s{left}",
        HumanBytes(done),
        HumanBytes(all),
        HumanBytes(rate),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long_still() {
        let second = Duration::from_secs(1);
        assert_eq!(
            line(
                "upload",
                "2 of 3 /input/a",
                3 << 29,
                3 << 30,
                64 << 20,
                second
            ),
            "upload 2 of 3 /input/a: 1.50 GiB of 3.00 GiB (50 %), 64.00 MiB/s, 24s left"
        );
        assert_eq!(
            line("download", "/output/a", 0, 0, 0, second),
            "download /output/a: 0 B of 0 B (100 %), 0 B/s"
        );
    }

    #[test]
    fn the_files_count_together_and_what_was_there_is_no_rate() {
        let files = [("a".to_owned(), Some(10)), ("b".to_owned(), None)];
        let transfers = Transfers::new(Format::Text, "upload", files);
        transfers.tell(0, 4, 10);
        transfers.tell(1, 5, 20);
        transfers.tell(1, 6, 20);
        transfers.tell(7, 1, 1);
        let state = transfers.0.unwrap().into_inner().unwrap();
        assert_eq!((state.sums(), state.begun()), ((10, 30), 2));
        if state.bar.is_none() {
            assert_eq!(state.last.1, 9);
        }
        assert!(Transfers::new(Format::Json, "upload", []).0.is_none());
    }
}

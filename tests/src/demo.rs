//! The demo, as a person would start it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// A demo that is over.
#[derive(Debug)]
pub struct Demo {
    /// Whether it went as it should.
    pub succeeded: bool,
    /// All that it said: one line, one space a gap.
    pub said: String,
}

impl Demo {
    /// Runs `veracruz demo` with these arguments, in the repository.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn run<'a>(veracruz: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> Self {
        let output = Command::new(veracruz)
            .arg("demo")
            .args(arguments)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .expect("the demo starts");
        let bytes = [output.stdout.as_slice(), &output.stderr].concat();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Self {
            succeeded: output.status.success(),
            said: text.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    /// Asserts that it went as it should, and said each of these.
    ///
    /// # Panics
    /// Where it did not.
    pub fn assert_says(&self, words: &[&str]) {
        assert!(self.succeeded, "{}", self.said);
        for words in words {
            assert!(self.said.contains(words), "{words}: {}", self.said);
        }
    }
}

//! What the parties agreed to ask.

use veracruz_guest::{Arguments, Failure};

/// What the parties agreed to ask: it stands in the policy, as the program's arguments.
#[derive(Debug, Clone)]
pub struct Question {
    /// `--key`: the column by which rows are compared, in both files.
    pub key: String,
    /// `--sum`, any number of times: columns of either file to be added up.
    pub sums: Vec<String>,
    /// `--minimum`: fewer shared keys than this get no answer.
    pub minimum: usize,
}

impl Question {
    /// Reads `--key id --sum spent --sum visits --minimum 20`.
    ///
    /// # Errors
    /// Where there is no key, or something else.
    pub fn of(mut arguments: Arguments) -> Result<Self, Failure> {
        let question = Self {
            key: arguments.required("key")?,
            sums: arguments.all("sum")?,
            minimum: arguments.parse("minimum", 10)?,
        };
        arguments.finish()?;
        Ok(question)
    }
}

//! The arguments that the policy gives the program.

use std::str::FromStr;

use crate::failure::Failure;

/// Arguments of the form `--name value`, and `--name` alone for a switch. Each may be given again
/// where the program takes a list. What no one asked for is an error, so that a mistyped name in a
/// policy is not passed over.
#[derive(Debug)]
pub struct Arguments {
    left: Vec<String>,
}

impl Arguments {
    /// Those of this process, without its own name.
    #[must_use]
    pub fn of_process() -> Self {
        let arguments = std::env::args_os().skip(1);
        let texts = arguments.map(|argument| argument.to_string_lossy().into_owned());
        Self {
            left: texts.collect(),
        }
    }

    /// These, for tests.
    pub fn new<'text>(arguments: impl IntoIterator<Item = &'text str>) -> Self {
        Self {
            left: arguments.into_iter().map(str::to_owned).collect(),
        }
    }

    /// All values of `--name`, in order.
    ///
    /// # Errors
    /// Where the last one has no value.
    pub fn all(&mut self, name: &str) -> Result<Vec<String>, Failure> {
        let mut values = Vec::new();
        while let Some(position) = self.position(name) {
            self.left.remove(position);
            if position >= self.left.len() {
                return Err(Failure::usage(format!("--{name}: expected a value")));
            }
            values.push(self.left.remove(position));
        }
        Ok(values)
    }

    /// The value of `--name`, if it is there.
    ///
    /// # Errors
    /// Where it is given twice, or without a value.
    pub fn optional(&mut self, name: &str) -> Result<Option<String>, Failure> {
        let mut values = self.all(name)?;
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(Failure::usage(format!("--{name}: given more than once"))),
        }
    }

    /// The value of `--name`.
    ///
    /// # Errors
    /// Where it is not there once.
    pub fn required(&mut self, name: &str) -> Result<String, Failure> {
        self.optional(name)?
            .ok_or_else(|| Failure::usage(format!("--{name}: required")))
    }

    /// The value of `--name`, or `default`.
    ///
    /// # Errors
    /// Where it is given twice, or without a value.
    pub fn text(&mut self, name: &str, default: &str) -> Result<String, Failure> {
        Ok(self.optional(name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// The value of `--name` as a number or the like, or `default`.
    ///
    /// # Errors
    /// Where it is none, or given twice.
    pub fn parse<T: FromStr>(&mut self, name: &str, default: T) -> Result<T, Failure> {
        match self.optional(name)? {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| {
                let expected = core::any::type_name::<T>();
                Failure::usage(format!("--{name}: expected a value of type {expected}"))
            }),
        }
    }

    /// Whether the switch `--name` is there.
    pub fn switch(&mut self, name: &str) -> bool {
        let position = self.position(name);
        position.map(|at| self.left.remove(at)).is_some()
    }

    /// To be called when all was asked for.
    ///
    /// # Errors
    /// Where something is left.
    pub fn finish(self) -> Result<(), Failure> {
        match self.left.first() {
            None => Ok(()),
            Some(unknown) => Err(Failure::usage(format!("{unknown}: unknown argument"))),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.left
            .iter()
            .position(|argument| argument.strip_prefix("--") == Some(name))
    }
}

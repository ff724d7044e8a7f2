//! The limits, each with its name and its words.

use alloc::string::String;

use super::{bytes, duration, grouped};
use crate::Limits;

/// A limit in words.
pub(crate) struct Limit {
    /// The field.
    pub(crate) name: &'static str,
    /// What has the limit.
    pub(crate) words: &'static str,
    /// Its value in a stage; none: no limit.
    pub(crate) value: fn(&Limits) -> Option<u64>,
    /// The value in words.
    pub(crate) show: fn(u64) -> String,
}

/// All limits, in the order of the reference.
pub(crate) const LIMITS: &[Limit] = &[
    limit("memory", "memory", |limits| Some(limits.memory), bytes),
    limit("time", "wall time", |limits| Some(limits.time), duration),
    limit(
        "cpu_time",
        "processor time",
        |limits| Some(limits.cpu_time),
        duration,
    ),
    limit("stack", "call stack", |limits| Some(limits.stack), bytes),
    limit(
        "tables",
        "elements of tables",
        |limits| Some(limits.tables),
        grouped,
    ),
    limit(
        "module_bytes",
        "size of the program",
        |limits| Some(limits.module_bytes),
        bytes,
    ),
    limit(
        "files",
        "files at a time",
        |limits| Some(limits.files),
        grouped,
    ),
    limit(
        "open_files",
        "open files",
        |limits| Some(limits.open_files),
        grouped,
    ),
    limit(
        "written_bytes",
        "written to files",
        |limits| Some(limits.written_bytes),
        bytes,
    ),
    limit(
        "args_bytes",
        "arguments",
        |limits| Some(limits.args_bytes),
        bytes,
    ),
    limit(
        "env_bytes",
        "environment",
        |limits| Some(limits.env_bytes),
        bytes,
    ),
    limit("fuel", "instructions", |limits| limits.fuel, grouped),
    limit(
        "stdout_bytes",
        "standard output",
        |limits| Some(limits.stdout_bytes),
        bytes,
    ),
    limit(
        "stderr_bytes",
        "standard error",
        |limits| Some(limits.stderr_bytes),
        bytes,
    ),
];

const fn limit(
    name: &'static str,
    words: &'static str,
    value: fn(&Limits) -> Option<u64>,
    show: fn(u64) -> String,
) -> Limit {
    Limit {
        name,
        words,
        value,
        show,
    }
}

impl Limit {
    /// The limit's value in words.
    pub(crate) fn of(&self, limits: &Limits) -> String {
        (self.value)(limits).map_or_else(|| "without limit".into(), self.show)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_limit_has_words() {
        let names: alloc::vec::Vec<_> = super::LIMITS.iter().map(|limit| limit.name).collect();
        assert_eq!(names, crate::decode::STAGE_LIMITS.known);
    }
}

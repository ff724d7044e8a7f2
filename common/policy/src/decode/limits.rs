//! Limits: of `execution` for every stage, and of a stage.

use super::{
    Errors,
    object::{Fields, Object},
};
use crate::{
    File, FilePath, Limits, MAX_FILE_BYTES, MAX_STACK_BYTES, MAX_TOTAL_FILE_BYTES, PathPattern,
    Stage,
};

/// The fields of a stage's `limits`. Those of `execution` are the same, beside others.
pub(crate) const STAGE_LIMITS: Fields = Fields {
    unit: "field",
    known: &[
        "memory",
        "time",
        "cpu_time",
        "stack",
        "tables",
        "module_bytes",
        "files",
        "open_files",
        "written_bytes",
        "args_bytes",
        "env_bytes",
        "fuel",
        "stdout_bytes",
        "stderr_bytes",
    ],
    later: &[],
};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// Thirty days in milliseconds: the longest a stage may run.
const LONGEST: u64 = 30 * 24 * 60 * 60 * 1000;

/// More than any stage could use in thirty days.
const MOST_FUEL: u64 = 1_000_000_000_000_000;

/// The limits that the document sets, and no default.
#[derive(Clone, Copy, Default)]
pub(super) struct GivenLimits {
    memory: Option<u64>,
    time: Option<u64>,
    cpu_time: Option<u64>,
    stack: Option<u64>,
    tables: Option<u64>,
    module_bytes: Option<u64>,
    files: Option<u64>,
    open_files: Option<u64>,
    written_bytes: Option<u64>,
    args_bytes: Option<u64>,
    env_bytes: Option<u64>,
    fuel: Option<u64>,
    stdout_bytes: Option<u64>,
    stderr_bytes: Option<u64>,
}

/// What a stage's files have room for: defaults, and the most for its streams.
#[derive(Clone, Copy)]
pub(super) struct Bytes {
    /// In all that it may write.
    pub(super) written: u64,
    /// In the file that takes its standard output; 0 where none does.
    pub(super) stdout: u64,
    /// In the file that takes its standard error; 0 where none does.
    pub(super) stderr: u64,
}

/// A limit's field, and what it may be.
pub(crate) struct LimitField {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) minimum: u64,
    pub(crate) maximum: u64,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unit {
    Bytes,
    Milliseconds,
    Pieces,
}

/// The bounds of every limit, in the order of the reference.
pub(crate) const LIMIT_FIELDS: &[LimitField] = &[
    field("memory", Unit::Bytes, 64 * KIB, TIB),
    field("time", Unit::Milliseconds, 1, LONGEST),
    field("cpu_time", Unit::Milliseconds, 1, LONGEST),
    field("stack", Unit::Bytes, 16 * KIB, MAX_STACK_BYTES),
    field("tables", Unit::Pieces, 0, 10_000_000),
    field("module_bytes", Unit::Bytes, KIB, GIB),
    field("files", Unit::Pieces, 1, 10_000_000),
    field("open_files", Unit::Pieces, 8, 65_536),
    field("written_bytes", Unit::Bytes, 0, MAX_TOTAL_FILE_BYTES),
    field("args_bytes", Unit::Bytes, 0, MIB),
    field("env_bytes", Unit::Bytes, 0, MIB),
    field("fuel", Unit::Pieces, 1, MOST_FUEL),
    field("stdout_bytes", Unit::Bytes, 0, MAX_FILE_BYTES),
    field("stderr_bytes", Unit::Bytes, 0, MAX_FILE_BYTES),
];

const fn field(name: &'static str, unit: Unit, minimum: u64, maximum: u64) -> LimitField {
    LimitField {
        name,
        unit,
        minimum,
        maximum,
    }
}

/// Reads the limits among the fields of an object.
pub(super) fn limits(object: &Object<'_>, errors: &mut Errors<'_>) -> GivenLimits {
    let mut limit = |name: &'static str| {
        let field = LIMIT_FIELDS.iter().find(|field| field.name == name)?;
        let (minimum, maximum) = (field.minimum, field.maximum);
        object.optional(name, errors, |at, errors| match field.unit {
            Unit::Bytes => at.size(minimum, maximum, errors),
            Unit::Milliseconds => at.duration(minimum, maximum, errors),
            Unit::Pieces => at.count(minimum, maximum, errors),
        })
    };
    GivenLimits {
        memory: limit("memory"),
        time: limit("time"),
        cpu_time: limit("cpu_time"),
        stack: limit("stack"),
        tables: limit("tables"),
        module_bytes: limit("module_bytes"),
        files: limit("files"),
        open_files: limit("open_files"),
        written_bytes: limit("written_bytes"),
        args_bytes: limit("args_bytes"),
        env_bytes: limit("env_bytes"),
        fuel: limit("fuel"),
        stdout_bytes: limit("stdout_bytes"),
        stderr_bytes: limit("stderr_bytes"),
    }
}

impl GivenLimits {
    /// These where they are given, otherwise `general`.
    pub(super) fn or(self, general: Self) -> Self {
        Self {
            memory: self.memory.or(general.memory),
            time: self.time.or(general.time),
            cpu_time: self.cpu_time.or(general.cpu_time),
            stack: self.stack.or(general.stack),
            tables: self.tables.or(general.tables),
            module_bytes: self.module_bytes.or(general.module_bytes),
            files: self.files.or(general.files),
            open_files: self.open_files.or(general.open_files),
            written_bytes: self.written_bytes.or(general.written_bytes),
            args_bytes: self.args_bytes.or(general.args_bytes),
            env_bytes: self.env_bytes.or(general.env_bytes),
            fuel: self.fuel.or(general.fuel),
            stdout_bytes: self.stdout_bytes.or(general.stdout_bytes),
            stderr_bytes: self.stderr_bytes.or(general.stderr_bytes),
        }
    }

    /// Fills in the defaults.
    pub(super) fn resolve(self, bytes: Bytes) -> Limits {
        let default = Limits::default();
        let time = self.time.unwrap_or(default.time);
        Limits {
            memory: self.memory.unwrap_or(default.memory),
            time,
            cpu_time: self.cpu_time.unwrap_or(time),
            stack: self.stack.unwrap_or(default.stack),
            tables: self.tables.unwrap_or(default.tables),
            module_bytes: self.module_bytes.unwrap_or(default.module_bytes),
            files: self.files.unwrap_or(default.files),
            open_files: self.open_files.unwrap_or(default.open_files),
            written_bytes: self.written_bytes.unwrap_or(bytes.written),
            args_bytes: self.args_bytes.unwrap_or(default.args_bytes),
            env_bytes: self.env_bytes.unwrap_or(default.env_bytes),
            fuel: self.fuel.or(default.fuel),
            stdout_bytes: self.stdout_bytes.unwrap_or(u64::MAX).min(bytes.stdout),
            stderr_bytes: self.stderr_bytes.unwrap_or(u64::MAX).min(bytes.stderr),
        }
    }
}

/// Sum of `max_bytes` of the outputs and intermediate files that `entries` cover.
pub(super) fn written_by(files: &[File], entries: &[PathPattern]) -> u64 {
    sum(files
        .iter()
        .filter(|file| file.is_written() && entries.iter().any(|entry| entry.covers(&file.path)))
        .map(|file| file.max_bytes))
}

/// `max_bytes` of the file that takes a stream; 0 where there is none.
pub(super) fn room_of(files: &[File], path: Option<&FilePath>) -> u64 {
    files
        .iter()
        .find(|file| Some(&file.path) == path)
        .map_or(0, |file| file.max_bytes)
}

/// Sum of `max_bytes` of all outputs and intermediate files.
pub(super) fn written_by_all(files: &[File]) -> u64 {
    sum(files
        .iter()
        .filter(|file| file.is_written())
        .map(|file| file.max_bytes))
}

/// Bytes of `argv`: the program's path and the arguments, with one byte after each.
pub(crate) fn args_bytes(stage: &Stage) -> u64 {
    let args = stage.args.iter().map(alloc::string::String::as_str);
    sum(core::iter::once(stage.program.as_str())
        .chain(args)
        .map(|text| length(text) + 1))
}

/// Bytes of the environment as `NAME=value`, with one byte after each.
pub(crate) fn env_bytes(stage: &Stage) -> u64 {
    sum(stage
        .env
        .iter()
        .map(|(name, value)| length(name) + length(value) + 2))
}

// Saturating: the sums are compared with bounds that are far lower.
fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_bounds() {
        let names: alloc::vec::Vec<_> = LIMIT_FIELDS.iter().map(|field| field.name).collect();
        assert_eq!(names, STAGE_LIMITS.known);
    }
}

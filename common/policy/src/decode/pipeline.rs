//! `pipeline`.

use alloc::{string::String, vec::Vec};

use super::{
    At, Errors, description,
    execution::ResolvedExecution,
    limits::{Bytes, GivenLimits, STAGE_LIMITS, limits, room_of, written_by},
    object::{Entry, Fields, Object, SHOWN},
    scalar,
};
use crate::{
    Cause, File, FilePath, MAX_ARG_BYTES, MAX_ARGS, MAX_ENV, MAX_PARTICIPANTS, MAX_RIGHTS,
    MAX_STAGES, ParticipantName, PathPattern, Stage, text::shorten,
};

pub(crate) const STAGE: Fields = Fields {
    unit: "field",
    known: &[
        "program",
        "args",
        "env",
        "read",
        "write",
        "if_exists",
        "stdin",
        "stdout",
        "stderr",
        "exit_code",
        "trap",
        "limits",
        "description",
    ],
    later: &[],
};

/// A stage before the defaults of the whole policy are known.
pub(super) struct GivenStage {
    program: FilePath,
    args: Vec<String>,
    env: Vec<(String, String)>,
    read: Vec<PathPattern>,
    write: Vec<PathPattern>,
    if_exists: Option<FilePath>,
    stdin: Option<FilePath>,
    stdout: Option<FilePath>,
    stderr: Option<FilePath>,
    exit_code: Vec<ParticipantName>,
    trap: Vec<ParticipantName>,
    limits: GivenLimits,
}

impl GivenStage {
    pub(super) fn resolve(self, execution: &ResolvedExecution, files: &[File]) -> Stage {
        let bytes = Bytes {
            written: written_by(files, &self.write),
            stdout: room_of(files, self.stdout.as_ref()),
            stderr: room_of(files, self.stderr.as_ref()),
        };
        Stage {
            program: self.program,
            args: self.args,
            env: self.env,
            read: self.read,
            write: self.write,
            if_exists: self.if_exists,
            stdin: self.stdin,
            stdout: self.stdout,
            stderr: self.stderr,
            exit_code: self.exit_code,
            trap: self.trap,
            limits: self.limits.or(execution.given).resolve(bytes),
        }
    }
}

pub(super) fn pipeline(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<GivenStage>> {
    at.elements("stages", 1, MAX_STAGES, errors, stage)
}

fn stage(at: At<'_>, errors: &mut Errors<'_>) -> Option<GivenStage> {
    let object = Object::open(at, &STAGE, errors)?;
    description(&object, errors);
    let program = object.required("program", errors, |at, errors| at.file_path(errors));
    let args = object.optional("args", errors, |at, errors| {
        at.elements("arguments", 0, MAX_ARGS, errors, |at, errors| {
            at.argument(MAX_ARG_BYTES, errors)
        })
    });
    let env = object.optional("env", errors, env);
    let rights = |at: At<'_>, errors: &mut Errors<'_>| {
        at.distinct("entries", 0, MAX_RIGHTS, errors, scalar::path_pattern)
    };
    let read = object.optional("read", errors, rights);
    let write = object.optional("write", errors, rights);
    let mut file = |name| object.optional(name, errors, |at, errors| at.file_path(errors));
    let if_exists = file("if_exists");
    let stdin = file("stdin");
    let stdout = file("stdout");
    let stderr = file("stderr");
    let exit_code = object.optional("exit_code", errors, told);
    let trap = object.optional("trap", errors, told);
    let limits = object.optional("limits", errors, |at, errors| {
        let object = Object::open(at, &STAGE_LIMITS, errors)?;
        Some(limits(&object, errors))
    });
    Some(GivenStage {
        program: program?,
        args: args.unwrap_or_default(),
        env: env.unwrap_or_default(),
        read: read.unwrap_or_default(),
        write: write.unwrap_or_default(),
        if_exists,
        stdin,
        stdout,
        stderr,
        exit_code: exit_code.unwrap_or_default(),
        trap: trap.unwrap_or_default(),
        limits: limits.unwrap_or_default(),
    })
}

/// Who is told something.
fn told(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<ParticipantName>> {
    let name = scalar::participant_name;
    at.distinct("participants", 1, MAX_PARTICIPANTS, errors, name)
}

/// Sorted by name.
fn env(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<(String, String)>> {
    let mut list = at.entries("variables", 0, MAX_ENV, errors, variable)?;
    list.sort();
    Some(list)
}

/// A portable name (POSIX.1-2024, Base Definitions, section 8.1), lower-case letters included.
fn variable(entry: Entry<'_>, errors: &mut Errors<'_>) -> Option<(String, String)> {
    let name = entry.name;
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let fits = name.len() <= 255
        && name.starts_with(letter)
        && name.chars().all(|c| letter(c) || c.is_ascii_digit());
    if !fits {
        let cause = Cause::InvalidName {
            expected: "1 to 255 characters A-Z a-z 0-9 _, the first not a digit",
            found: shorten(name, SHOWN),
        };
        entry.fail_name(cause, errors);
    }
    let value = entry.at.argument(MAX_ARG_BYTES, errors)?;
    fits.then(|| (String::from(name), value))
}

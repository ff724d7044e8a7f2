//! The pipeline: programs, rights, and limits that the policy itself keeps.

use alloc::{borrow::ToOwned, collections::BTreeSet};

use super::{Report, StageRights, parties::is_participant};
use crate::{
    Cause, File, FilePath, Stage,
    decode::{args_bytes, env_bytes, nearest},
    json::Pointer,
    policy::Content,
};

pub(super) fn check(content: &Content, rights: &StageRights, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let pipeline = root.name("pipeline");
    // What exists when a stage runs: what is provided, and what stages up to this one may write.
    let mut there: BTreeSet<&FilePath> = content
        .files
        .iter()
        .filter(|file| file.provider.is_some())
        .map(|file| &file.path)
        .collect();
    for (index, stage) in content.pipeline.iter().enumerate() {
        let at = pipeline.index(index);
        let number = index + 1;
        let rights = || rights.of_stage(content, index);
        program(content, stage, &at, report);
        comes_before(content, stage, number, &there, &at, report);
        write(content, stage, &at, report);
        prints(content, stage, number, &at, report);
        told(content, stage, &at, report);
        let written = rights().filter(|(file, rights)| file.is_written() && rights.write);
        there.extend(written.map(|(file, _)| &file.path));
        read(content, stage, number, &there, &at, report);
        let files = rights().filter(|(_, rights)| rights.any()).count();
        own_limits(stage, number, files, &at, report);
    }
}

fn program(content: &Content, stage: &Stage, at: &Pointer<'_>, report: &mut Report<'_>) {
    let at = at.name("program");
    let file = known(content, &stage.program, &at, report);
    if let Some(file) = file.filter(|file| file.provider.is_none()) {
        let path = file.path.clone();
        report.value(&at, Cause::ProgramNotProvided { path });
    }
}

/// What must be able to exist before the stage begins.
fn comes_before(
    content: &Content,
    stage: &Stage,
    number: usize,
    there: &BTreeSet<&FilePath>,
    at: &Pointer<'_>,
    report: &mut Report<'_>,
) {
    for (field, path) in [("if_exists", &stage.if_exists), ("stdin", &stage.stdin)] {
        let Some(path) = path else { continue };
        let at = at.name(field);
        if known(content, path, &at, report).is_some() && !there.contains(path) {
            let cause = Cause::NotThereYet {
                stage: number,
                field,
                path: path.clone(),
            };
            report.value(&at, cause);
        }
    }
    if let Some(path) = stage.stdin.as_ref().filter(|path| !stage.rights(path).read) {
        let cause = Cause::StdinWithoutRight {
            stage: number,
            path: path.clone(),
        };
        report.value(&at.name("stdin"), cause);
    }
}

/// Where what the stage prints goes: files that nobody provides, and one way into each.
fn prints(
    content: &Content,
    stage: &Stage,
    number: usize,
    at: &Pointer<'_>,
    report: &mut Report<'_>,
) {
    for (field, path) in [("stdout", &stage.stdout), ("stderr", &stage.stderr)] {
        let Some(path) = path else { continue };
        let at = at.name(field);
        let Some(file) = known(content, path, &at, report) else {
            continue;
        };
        if let Some(provider) = file.provider.clone() {
            let path = path.clone();
            report.value(&at, Cause::ProvidedAndWritten { path, provider });
        } else if stage.rights(path).write {
            let cause = Cause::PrintedAndWritten {
                stage: number,
                field,
                path: path.clone(),
            };
            report.value(&at, cause);
        }
    }
    if let Some(path) = stage
        .stderr
        .as_ref()
        .filter(|_| stage.stdout == stage.stderr)
    {
        let cause = Cause::StreamsInOneFile {
            stage: number,
            path: path.clone(),
        };
        report.value(&at.name("stderr"), cause);
    }
}

fn told(content: &Content, stage: &Stage, at: &Pointer<'_>, report: &mut Report<'_>) {
    for (field, names) in [("exit_code", &stage.exit_code), ("trap", &stage.trap)] {
        let list = at.name(field);
        for (index, name) in names.iter().enumerate() {
            is_participant(content, name, &list.index(index), report);
        }
    }
}

/// The file of that path; an error where there is none.
fn known<'a>(
    content: &'a Content,
    path: &FilePath,
    at: &Pointer<'_>,
    report: &mut Report<'_>,
) -> Option<&'a File> {
    let file = content.file(path);
    if file.is_none() {
        let paths = content.files.iter().map(|file| file.path.as_str());
        let cause = Cause::UnknownFile {
            found: path.clone(),
            nearest: nearest(path.as_str(), paths).map(ToOwned::to_owned),
        };
        report.value(at, cause);
    }
    file
}

fn write(content: &Content, stage: &Stage, at: &Pointer<'_>, report: &mut Report<'_>) {
    let list = at.name("write");
    for (index, pattern) in stage.write.iter().enumerate() {
        let at = list.index(index);
        let covered = content.covered(pattern);
        let provided = covered
            .iter()
            .find_map(|file| file.provider.clone().map(|by| (file, by)));
        if let Some((File { path, .. }, provider)) = provided {
            let path = path.clone();
            report.value(&at, Cause::ProvidedAndWritten { path, provider });
        } else if covered.is_empty() {
            let pattern = pattern.clone();
            report.value(&at, Cause::NothingToWrite { pattern });
        }
    }
}

fn read(
    content: &Content,
    stage: &Stage,
    number: usize,
    there: &BTreeSet<&FilePath>,
    at: &Pointer<'_>,
    report: &mut Report<'_>,
) {
    let list = at.name("read");
    for (index, pattern) in stage.read.iter().enumerate() {
        let mut covered = content.covered(pattern).iter();
        if !covered.any(|file| there.contains(&file.path)) {
            let cause = Cause::NothingToRead {
                stage: number,
                pattern: pattern.clone(),
            };
            report.value(&list.index(index), cause);
        }
    }
}

fn own_limits(
    stage: &Stage,
    number: usize,
    files: usize,
    at: &Pointer<'_>,
    report: &mut Report<'_>,
) {
    let limits = &stage.limits;
    // Field of the stage, what is counted, its limit, and what the stage needs.
    let needs = [
        (
            "read",
            "files",
            "files",
            limits.files,
            u64::try_from(files).unwrap_or(u64::MAX),
        ),
        (
            "args",
            "bytes of arguments",
            "args_bytes",
            limits.args_bytes,
            args_bytes(stage),
        ),
        (
            "env",
            "bytes of environment",
            "env_bytes",
            limits.env_bytes,
            env_bytes(stage),
        ),
    ];
    for (field, unit, limit_name, limit, found) in needs {
        if found > limit {
            let cause = Cause::ExceedsOwnLimit {
                stage: number,
                unit,
                limit_name,
                limit,
                found,
            };
            report.value(&at.name(field), cause);
        }
    }
}

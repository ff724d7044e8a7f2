//! The pipeline: programs, rights, and limits that the policy itself keeps.

use alloc::{borrow::ToOwned, collections::BTreeSet};

use super::{Report, StageRights};
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
        write(content, stage, &at, report);
        let written = rights().filter(|(file, rights)| file.is_written() && rights.write);
        there.extend(written.map(|(file, _)| &file.path));
        read(content, stage, number, &there, &at, report);
        let files = rights().filter(|(_, rights)| rights.any()).count();
        own_limits(stage, number, files, &at, report);
    }
}

fn program(content: &Content, stage: &Stage, at: &Pointer<'_>, report: &mut Report<'_>) {
    let at = at.name("program");
    match content.file(&stage.program) {
        None => {
            let paths = content.files.iter().map(|file| file.path.as_str());
            let cause = Cause::UnknownFile {
                found: stage.program.clone(),
                nearest: nearest(stage.program.as_str(), paths).map(ToOwned::to_owned),
            };
            report.value(&at, cause);
        }
        Some(file) if file.provider.is_none() => {
            let path = file.path.clone();
            report.value(&at, Cause::ProgramNotProvided { path });
        }
        Some(_) => {}
    }
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

//! What is allowed, and probably not meant.

use alloc::vec::Vec;

use super::StageRights;
use crate::{
    File, PathPattern, Stage, Warning, WarningCause,
    error::Position,
    json::{Node, Place, Pointer},
    policy::Content,
};

/// Warns about a policy that is otherwise right.
pub(crate) fn warn(
    document: &[u8],
    root: &Node,
    content: &Content,
    rights: &StageRights,
) -> Vec<Warning> {
    let mut warnings = Warnings::new(document, root);
    whole(content, &mut warnings);
    participants(content, &mut warnings);
    files(content, rights, &mut warnings);
    stages(content, &mut warnings);
    warnings.into_list()
}

/// Collects warnings at places that are known by their pointers.
pub(crate) struct Warnings<'a> {
    document: &'a [u8],
    root: &'a Node,
    list: Vec<Warning>,
}

/// Most warnings that are collected.
const MAX_WARNINGS: usize = 64;

impl<'a> Warnings<'a> {
    pub(crate) fn new(document: &'a [u8], root: &'a Node) -> Self {
        Self {
            document,
            root,
            list: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, at: &Pointer<'_>, place: Place, cause: WarningCause) {
        if self.list.len() < MAX_WARNINGS {
            self.list.push(Warning {
                position: Position::of(self.document, at.locate(self.root, place)),
                pointer: at.to_text(),
                cause,
            });
        }
    }

    pub(crate) fn into_list(mut self) -> Vec<Warning> {
        self.list.sort_by_key(|warning| warning.position.offset);
        self.list
    }
}

fn whole(content: &Content, warnings: &mut Warnings<'_>) {
    let root = Pointer::Root;
    if content.isolates.process.is_some() {
        let isolates = root.name("isolates");
        let cause = WarningCause::Unprotected { kind: "process" };
        warnings.add(&isolates.name("process"), Place::Name, cause);
    }
    let is_output = |file: &File| file.is_written() && !file.receivers.is_empty();
    if !content.files.iter().any(is_output) {
        warnings.add(&root.name("files"), Place::Name, WarningCause::NoOutput);
    }
    if content.expires.is_none() {
        warnings.add(&root, Place::Value, WarningCause::NoExpiry);
    }
}

fn participants(content: &Content, warnings: &mut Warnings<'_>) {
    let root = Pointer::Root;
    let participants = root.name("participants");
    for participant in &content.participants {
        let name = &participant.name;
        let has_file = content
            .files
            .iter()
            .any(|file| file.provider.as_ref() == Some(name) || file.is_received_by(name));
        let approves = content.approval.required.contains(name);
        let is_told = content
            .pipeline
            .iter()
            .any(|stage| stage.exit_code.contains(name) || stage.trap.contains(name));
        if !has_file && !approves && !is_told && !content.approval.run_by.contains(name) {
            let cause = WarningCause::WithoutRole {
                participant: name.clone(),
            };
            warnings.add(&participants.name(name.as_str()), Place::Name, cause);
        }
    }
}

fn files(content: &Content, rights: &StageRights, warnings: &mut Warnings<'_>) {
    let root = Pointer::Root;
    let files = root.name("files");
    for (index, file) in content.files.iter().enumerate() {
        let path = file.path.clone();
        let rights = rights.to_file(index);
        let run = || {
            content
                .pipeline
                .iter()
                .any(|stage| stage.program == file.path)
        };
        let cause = if file.is_written() && !rights.write {
            WarningCause::NeverWritten { path }
        } else if file.intermediate && !rights.read {
            WarningCause::NeverRead { path }
        } else if !file.is_written() && !rights.read && !run() && file.receivers.is_empty() {
            WarningCause::InputNotUsed { path }
        } else {
            continue;
        };
        warnings.add(&files.name(file.path.as_str()), Place::Name, cause);
    }
}

fn stages(content: &Content, warnings: &mut Warnings<'_>) {
    let root = Pointer::Root;
    let pipeline = root.name("pipeline");
    for (index, stage) in content.pipeline.iter().enumerate() {
        let at = pipeline.index(index);
        for (field, entries) in [("read", &stage.read), ("write", &stage.write)] {
            let list = at.name(field);
            for (index, entry) in entries.iter().enumerate() {
                if let Some(general) = around(stage, entry) {
                    let cause = WarningCause::OverlappingRights {
                        specific: entry.clone(),
                        general: general.clone(),
                    };
                    warnings.add(&list.index(index), Place::Value, cause);
                }
            }
        }
    }
}

/// Another entry of the stage that covers all that `entry` covers.
fn around<'a>(stage: &'a Stage, entry: &PathPattern) -> Option<&'a PathPattern> {
    stage
        .read
        .iter()
        .chain(&stage.write)
        .find(|other| *other != entry && other.contains(entry))
}

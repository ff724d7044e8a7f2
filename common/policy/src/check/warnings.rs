//! What is allowed, and probably not meant.

use alloc::{format, string::ToString as _, vec::Vec};

use super::{StageRights, isolates, quorum};
use crate::{
    File, PathPattern, Stage, Trust, Warning, WarningCause,
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
    isolates::warn(content, &mut warnings);
    quorum::warn(content, &mut warnings);
    participants(content, &mut warnings);
    files(content, rights, &mut warnings);
    stages(content, &mut warnings);
    default_limits(content, &mut warnings);
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
        let at = participants.name(name.as_str());
        if participant.trust == Trust::Verifier {
            let cause = WarningCause::TrustsVerifier {
                participant: name.clone(),
            };
            warnings.add(&at.name("trust"), Place::Name, cause);
        }
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
            warnings.add(&at, Place::Name, cause);
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

/// Limits that nobody chose, and that the parties should: how much an output can carry out, and
/// how much a stage may take.
fn default_limits(content: &Content, warnings: &mut Warnings<'_>) {
    let document = warnings.root;
    let root = Pointer::Root;
    let files = root.name("files");
    for file in content.files.iter().filter(|file| file.is_written()) {
        let entry = files.name(file.path.as_str());
        if !file.intermediate && !entry.name("max_bytes").is_in(document) {
            let cause = WarningCause::DefaultLimit {
                of: file.path.to_string(),
                field: "max_bytes",
                default: "64 MiB",
            };
            warnings.add(&entry, Place::Name, cause);
        }
    }
    let execution = root.name("execution");
    let pipeline = root.name("pipeline");
    for (field, default) in [("memory", "1 GiB"), ("time", "60 seconds")] {
        if execution.name(field).is_in(document) {
            continue;
        }
        let silent = (0..content.pipeline.len()).find(|index| {
            let stage = pipeline.index(*index);
            !stage.name("limits").name(field).is_in(document)
        });
        if let Some(index) = silent {
            let of = format!("stage {}", index.saturating_add(1));
            let cause = WarningCause::DefaultLimit { of, field, default };
            warnings.add(&pipeline.index(index), Place::Value, cause);
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

//! From a tree to types: every field by itself. What fields mean together is `check`'s.
//!
//! All errors are collected: a decoder that fails notes why and gives `None`, and its caller goes
//! on with the next field.

mod approval;
mod execution;
mod files;
mod isolates;
mod limits;
mod nearest;
mod object;
mod participants;
mod pipeline;
mod quorum;
mod scalar;
mod units;
mod verifiers;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use crate::{
    Cause, FilePath, IsolateKind, Isolates, MAX_DESCRIPTION_BYTES, MAX_ERRORS,
    MAX_POLICY_NAME_BYTES, PolicyError, PolicyErrors,
    error::Position,
    json::{Node, Place, Pointer, Value},
    policy::Content,
};

#[cfg(all(test, feature = "explain"))]
pub(crate) use limits::STAGE_LIMITS;
#[cfg(feature = "schema")]
pub(crate) use limits::{LIMIT_FIELDS, LimitField, Unit};
pub(crate) use limits::{args_bytes, env_bytes};
pub use nearest::nearest;
#[cfg(feature = "schema")]
pub(crate) use object::Fields;
#[cfg(not(feature = "schema"))]
use object::Fields;
use object::Object;

/// The version of the format that this crate knows. It fixes every default.
const VERSION: i64 = 1;

pub(crate) const POLICY: Fields = Fields {
    unit: "field",
    known: &[
        "veracruz",
        "name",
        "description",
        "participants",
        "files",
        "pipeline",
        "execution",
        "isolates",
        "unprotected",
        "approval",
        "expires",
        "verifiers",
        "quorum",
    ],
    later: &["budgets", "release"],
};

/// The fields of every object of the format.
#[cfg(any(test, feature = "schema"))]
pub(crate) mod tables {
    pub(crate) use super::{
        POLICY,
        approval::APPROVAL,
        execution::EXECUTION,
        files::FILE,
        isolates::{
            AZURE_VTPM, CCA, ISOLATES, MICROVM, NITRO, PROCESS, PSA, SEV_SNP, SGX, SNP_TCB,
            TCB_EXCEPTION, TDX, TPM,
        },
        limits::STAGE_LIMITS,
        participants::PARTICIPANT,
        pipeline::STAGE,
        verifiers::VERIFIER,
    };
}

/// Decodes the whole document.
pub(crate) fn decode(document: &[u8], root: &Node) -> Result<Content, PolicyErrors> {
    let mut errors = Errors::new(document);
    let content = policy(At::root(root), &mut errors);
    finish(document, root, content, errors)
}

/// Decodes a bare `isolates` object.
pub(crate) fn decode_isolates(document: &[u8], root: &Node) -> Result<Isolates, PolicyErrors> {
    let mut errors = Errors::new(document);
    let isolates = isolates::isolates(At::root(root), &mut errors);
    finish(document, root, isolates, errors)
}

/// Decodes the bare object of one kind of isolate.
pub(crate) fn decode_isolate(
    kind: IsolateKind,
    document: &[u8],
    root: &Node,
) -> Result<Isolates, PolicyErrors> {
    let mut errors = Errors::new(document);
    let mut isolates = Isolates::default();
    let at = At::root(root);
    let isolate = isolates::isolate(kind, at, &mut errors, &mut isolates).map(|()| isolates);
    finish(document, root, isolate, errors)
}

fn finish<T>(
    document: &[u8],
    root: &Node,
    decoded: Option<T>,
    errors: Errors<'_>,
) -> Result<T, PolicyErrors> {
    match (decoded, errors.finish()) {
        (Some(decoded), None) => Ok(decoded),
        (_, Some(errors)) => Err(errors),
        // A decoder that gave up without a reason is a bug here, and must not pass for a policy.
        (None, None) => Err(PolicyErrors::from(PolicyError {
            position: Position::of(document, root.offset),
            pointer: Pointer::Root.to_text(),
            cause: Cause::WrongType {
                expected: "a policy or a part of one",
                found: root.kind(),
            },
        })),
    }
}

fn policy(at: At<'_>, errors: &mut Errors<'_>) -> Option<Content> {
    // Another version has other fields: say that, and not that its fields are unknown.
    version(at, errors)?;
    let object = Object::open(at, &POLICY, errors)?;
    let name = object.required("name", errors, |at, errors| {
        at.plain_text(1, MAX_POLICY_NAME_BYTES, errors)
    });
    let description = description(&object, errors);
    let participants = object.required("participants", errors, participants::participants);
    let files = object.required("files", errors, files::files);
    let pipeline = object.required("pipeline", errors, pipeline::pipeline);
    let execution = object.optional("execution", errors, execution::execution);
    let isolates = object.required("isolates", errors, isolates::isolates);
    let unprotected = object.optional("unprotected", errors, scalar::boolean);
    let approval = object.optional("approval", errors, approval::approval);
    let expires = object.optional("expires", errors, scalar::timestamp);
    let verifiers = object.optional("verifiers", errors, verifiers::verifiers);
    let quorum = object.optional("quorum", errors, quorum::quorum);
    let files = files?;
    let execution = execution.unwrap_or_default().resolve(&files);
    let pipeline = pipeline?
        .into_iter()
        .map(|stage| stage.resolve(&execution, &files))
        .collect();
    Some(Content {
        name: name?,
        description,
        participants: participants?,
        pipeline,
        execution: execution.into_execution(),
        isolates: isolates?,
        unprotected: unprotected.unwrap_or(false),
        approval: approval.unwrap_or_default().resolve(&files),
        files,
        expires,
        verifiers: verifiers.unwrap_or_default(),
        quorum: quorum.unwrap_or_default(),
    })
}

fn version(at: At<'_>, errors: &mut Errors<'_>) -> Option<()> {
    let Value::Object(members) = &at.node.value else {
        at.wrong_type("an object", errors);
        return None;
    };
    let Some(member) = members.iter().find(|member| member.name == "veracruz") else {
        at.fail(Cause::MissingField { name: "veracruz" }, errors);
        return None;
    };
    let at = At {
        node: &member.node,
        pointer: at.pointer.name("veracruz"),
    };
    let Value::Integer(found) = at.node.value else {
        at.wrong_type("a number", errors);
        return None;
    };
    if found != VERSION {
        at.fail(
            Cause::UnknownVersion {
                expected: VERSION,
                found,
            },
            errors,
        );
        return None;
    }
    Some(())
}

/// The `description` that several objects have.
fn description(object: &Object<'_>, errors: &mut Errors<'_>) -> Option<alloc::string::String> {
    object.optional("description", errors, |at, errors| {
        at.prose(MAX_DESCRIPTION_BYTES, errors)
    })
}

/// Everything found so far.
pub(crate) struct Errors<'d> {
    document: &'d [u8],
    list: Vec<PolicyError>,
}

impl<'d> Errors<'d> {
    pub(crate) fn new(document: &'d [u8]) -> Self {
        Self {
            document,
            list: Vec::new(),
        }
    }

    /// Notes an error; beyond the most that are shown they are only dropped.
    pub(crate) fn add(&mut self, offset: usize, pointer: &Pointer<'_>, cause: Cause) {
        if !self.is_full() {
            self.list.push(PolicyError {
                position: Position::of(self.document, offset),
                pointer: pointer.to_text(),
                cause,
            });
        }
    }

    /// Notes an error at a place that is known by its pointer alone.
    pub(crate) fn add_at(&mut self, root: &Node, at: &Pointer<'_>, place: Place, cause: Cause) {
        self.add(at.locate(root, place), at, cause);
    }

    /// Will further errors be dropped?
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MAX_ERRORS
    }

    pub(crate) fn finish(self) -> Option<PolicyErrors> {
        PolicyErrors::from_list(self.list)
    }
}

/// A value and the way to it.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    node: &'a Node,
    pointer: Pointer<'a>,
}

impl<'a> At<'a> {
    fn root(node: &'a Node) -> Self {
        Self {
            node,
            pointer: Pointer::Root,
        }
    }

    /// Notes that something is wrong with this value.
    fn fail(&self, cause: Cause, errors: &mut Errors<'_>) {
        errors.add(self.node.offset, &self.pointer, cause);
    }

    fn wrong_type(&self, expected: &'static str, errors: &mut Errors<'_>) {
        let found = self.node.kind();
        self.fail(Cause::WrongType { expected, found }, errors);
    }

    /// A canonical path.
    fn file_path(&self, errors: &mut Errors<'_>) -> Option<FilePath> {
        let text = self.string(errors)?;
        FilePath::parse(text)
            .map_err(|reason| self.fail(scalar::invalid_path(reason, text), errors))
            .ok()
    }
}

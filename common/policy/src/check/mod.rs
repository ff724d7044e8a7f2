//! What the fields mean together: what must hold (errors), and what is probably not meant
//! (warnings).

mod files;
mod isolates;
mod parties;
mod quorum;
mod rights;
mod stages;
mod warnings;

use crate::{
    Cause, PolicyErrors,
    decode::Errors,
    json::{Node, Place, Pointer},
    policy::Content,
};

pub(crate) use rights::StageRights;
pub(crate) use warnings::{Warnings, warn};

/// Refuses a policy that contradicts itself.
pub(crate) fn check(
    document: &[u8],
    root: &Node,
    content: &Content,
    rights: &StageRights,
) -> Result<(), PolicyErrors> {
    let mut report = Report {
        errors: Errors::new(document),
        root,
    };
    parties::check(content, &mut report);
    files::check(content, &mut report);
    stages::check(content, rights, &mut report);
    quorum::check(content, &mut report);
    report.errors.finish().map_or(Ok(()), Err)
}

/// Collects errors at places that are known by their pointers.
struct Report<'a> {
    errors: Errors<'a>,
    root: &'a Node,
}

impl Report<'_> {
    /// An error at a value.
    fn value(&mut self, at: &Pointer<'_>, cause: Cause) {
        self.errors.add_at(self.root, at, Place::Value, cause);
    }

    /// An error at a member's name.
    fn name(&mut self, at: &Pointer<'_>, cause: Cause) {
        self.errors.add_at(self.root, at, Place::Name, cause);
    }
}

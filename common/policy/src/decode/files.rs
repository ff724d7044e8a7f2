//! `files`.

use alloc::{format, vec::Vec};

use super::{
    At, Errors, description,
    object::{Entry, Fields, Object},
    scalar::{self, invalid_path},
};
use crate::{
    Cause, DEFAULT_MAX_BYTES, File, FilePath, MAX_DIGESTS, MAX_FILE_BYTES, MAX_FILES,
    MAX_PARTICIPANTS, PathPattern,
};

pub(crate) const FILE: Fields = Fields {
    unit: "field",
    known: &[
        "provider",
        "receivers",
        "sha256",
        "max_bytes",
        "intermediate",
        "description",
    ],
    later: &["rules", "padding", "release"],
};

/// Below this, programs will tell single participants something; see the reference.
const RESERVED: &str = "/report/";

/// Sorted by path.
pub(super) fn files(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<File>> {
    let mut list = at.entries("files", 1, MAX_FILES, errors, file)?;
    list.sort_by(|a, b| a.path.cmp(&b.path));
    Some(list)
}

fn file(entry: Entry<'_>, errors: &mut Errors<'_>) -> Option<File> {
    let path = path(&entry, errors);
    let object = Object::open(entry.at, &FILE, errors)?;
    description(&object, errors);
    let provider = object.optional("provider", errors, scalar::participant_name);
    let receivers = object.optional("receivers", errors, |at, errors| {
        at.distinct(
            "receivers",
            1,
            MAX_PARTICIPANTS,
            errors,
            scalar::participant_name,
        )
    });
    let sha256 = object.optional("sha256", errors, |at, errors| {
        at.one_or_distinct("digests", MAX_DIGESTS, errors, scalar::sha256)
    });
    let max_bytes = object.optional("max_bytes", errors, |at, errors| {
        at.size(0, MAX_FILE_BYTES, errors)
    });
    let intermediate = object.optional("intermediate", errors, scalar::boolean);
    Some(File {
        path: path?,
        provider,
        receivers: receivers.unwrap_or_default(),
        sha256: sha256.unwrap_or_default(),
        max_bytes: max_bytes.unwrap_or(DEFAULT_MAX_BYTES),
        intermediate: intermediate.unwrap_or(false),
    })
}

fn path(entry: &Entry<'_>, errors: &mut Errors<'_>) -> Option<FilePath> {
    let name = entry.name;
    let not_supported = |what| Cause::NotSupported { what };
    let cause = match PathPattern::parse(name) {
        Err(reason) => invalid_path(reason, name),
        Ok(_) if name == "/report" || name.starts_with(RESERVED) => {
            not_supported(format!("a file below the reserved {RESERVED:?}"))
        }
        Ok(pattern) if pattern.is_subtree() => not_supported("a folder as a file".into()),
        Ok(_) => match FilePath::parse(name) {
            Ok(path) => return Some(path),
            Err(reason) => invalid_path(reason, name),
        },
    };
    entry.fail_name(cause, errors);
    None
}

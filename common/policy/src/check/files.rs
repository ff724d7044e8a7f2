//! Files: each has a role, and all of them fit.

use alloc::vec::Vec;

use super::{Report, parties::is_participant};
use crate::{Cause, File, MAX_TOTAL_FILE_BYTES, json::Pointer, policy::Content};

pub(super) fn check(content: &Content, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let files = root.name("files");
    for file in &content.files {
        let entry = files.name(file.path.as_str());
        role(file, &entry, report);
        parties(content, file, &entry, report);
    }
    no_file_is_a_folder(content, &files, report);
    total(content, &files, report);
}

fn role(file: &File, entry: &Pointer<'_>, report: &mut Report<'_>) {
    let path = || file.path.clone();
    if file.intermediate {
        let given = [
            ("provider", file.provider.is_some()),
            ("receivers", !file.receivers.is_empty()),
        ];
        for (field, _) in given.into_iter().filter(|(_, given)| *given) {
            let cause = Cause::IntermediateWithParty {
                path: path(),
                field,
            };
            report.name(&entry.name(field), cause);
        }
    } else if file.provider.is_none() && file.receivers.is_empty() {
        report.name(entry, Cause::FileWithoutRole { path: path() });
    }
    if file.provider.is_none() && file.is_pinned() {
        report.name(&entry.name("sha256"), Cause::PinnedOutput { path: path() });
    }
}

fn parties(content: &Content, file: &File, entry: &Pointer<'_>, report: &mut Report<'_>) {
    if let Some(provider) = &file.provider {
        is_participant(content, provider, &entry.name("provider"), report);
    }
    let receivers = entry.name("receivers");
    for (index, receiver) in file.receivers.iter().enumerate() {
        is_participant(content, receiver, &receivers.index(index), report);
    }
}

fn no_file_is_a_folder(content: &Content, files: &Pointer<'_>, report: &mut Report<'_>) {
    // Compared part by part, what is below a file comes directly after it, and '/a.b' does not
    // come between '/a' and '/a/c'.
    let mut sorted: Vec<&File> = content.files.iter().collect();
    sorted.sort_by(|a, b| a.path.as_str().split('/').cmp(b.path.as_str().split('/')));
    let mut above: Vec<&File> = Vec::new();
    for file in sorted {
        above.retain(|outer| file.path.is_below(&outer.path));
        if let Some(outer) = above.last() {
            let cause = Cause::PathInsideFile {
                outer: outer.path.clone(),
                inner: file.path.clone(),
            };
            report.name(&files.name(file.path.as_str()), cause);
        }
        above.push(file);
    }
}

fn total(content: &Content, files: &Pointer<'_>, report: &mut Report<'_>) {
    let found = content
        .files
        .iter()
        .fold(0_u64, |sum, file| sum.saturating_add(file.max_bytes));
    if found > MAX_TOTAL_FILE_BYTES {
        let limit = MAX_TOTAL_FILE_BYTES;
        report.name(files, Cause::FilesTooLarge { limit, found });
    }
}

//! Links lead somewhere, and the table of contents is complete.

use crate::markdown::{anchors, links};
use crate::{files, read, root};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every document that people read first, and all of `docs/`.
fn documents() -> Vec<PathBuf> {
    let mut documents = files(&root().join("docs"), "md");
    for name in ["README", "CHANGELOG", "CONTRIBUTING", "SECURITY"] {
        documents.push(root().join(name).with_extension("md"));
    }
    documents.extend(files(&root().join("programs/examples"), "md"));
    documents
}

#[test]
fn every_relative_link_resolves() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = read(&document);
        for link in links(&text) {
            if !resolves(&document, &text, &link) {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn resolves(document: &Path, text: &str, link: &str) -> bool {
    if link.starts_with("https://") {
        return true;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        document.to_owned()
    } else {
        document.with_file_name(path)
    };
    let has_anchor = |text: &str| anchors(text).iter().any(|one| one == anchor);
    target.exists()
        && (anchor.is_empty()
            || if path.is_empty() {
                has_anchor(text)
            } else {
                has_anchor(&read(&target))
            })
}

#[test]
fn the_book_does_not_link_out_of_itself() {
    // mdBook copies `docs/` alone: such a link works on a code host and breaks in the book.
    let docs = root().join("docs");
    for document in files(&docs, "md") {
        for link in links(&read(&document)) {
            if link.starts_with("https://") || link.starts_with('#') {
                continue;
            }
            let path = link.split('#').next().unwrap_or_default();
            let target = document.with_file_name(path).canonicalize();
            let inside = target.is_ok_and(|path| path.starts_with(docs.canonicalize().unwrap()));
            assert!(inside, "{}: {link}", document.display());
        }
    }
}

#[test]
fn the_table_of_contents_lists_every_page_once_and_nothing_else() {
    let docs = root().join("docs");
    let listed = links(&read(&docs.join("SUMMARY.md")));
    let unique: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "a page is listed twice");
    let there: BTreeSet<String> = files(&docs, "md")
        .iter()
        .map(|path| path.strip_prefix(&docs).unwrap().display().to_string())
        .filter(|path| path != "SUMMARY.md")
        .collect();
    assert_eq!(unique, there);
}

//! `verifiers`.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use super::{
    At, Errors,
    isolates::public_key,
    object::{Fields, Object, SHOWN},
};
use crate::{
    Cause, MAX_CERTIFICATE_BYTES, MAX_VERIFIER_NAME_BYTES, MAX_VERIFIERS, Verifier, certificate,
    key::Curves, text::shorten,
};

pub(crate) const VERIFIER: Fields = Fields {
    unit: "field",
    known: &["name", "ca", "ear_key"],
    later: &[],
};

pub(super) fn verifiers(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<Verifier>> {
    let mut names = Vec::new();
    at.elements("verifiers", 1, MAX_VERIFIERS, errors, |at, errors| {
        let verifier = verifier(at, errors)?;
        if names.contains(&verifier.name) {
            let found = verifier.name;
            at.fail(Cause::DuplicateElement { found }, errors);
            return None;
        }
        names.push(verifier.name.clone());
        Some(verifier)
    })
}

fn verifier(at: At<'_>, errors: &mut Errors<'_>) -> Option<Verifier> {
    let object = Object::open(at, &VERIFIER, errors)?;
    let name = object.required("name", errors, name);
    let ca = object.required("ca", errors, |at, errors| {
        let text = at.string(errors)?;
        at.length("bytes", text.len(), 1, MAX_CERTIFICATE_BYTES, errors)?;
        certificate::parse_authority(text)
            .map_err(|cause| at.fail(cause, errors))
            .ok()
    });
    let ear_key = object.required("ear_key", errors, |at, errors| {
        public_key(at, Curves::P256, errors)
    });
    let ca = ca?;
    Some(Verifier {
        name: name?,
        ca: ca.certificate,
        not_before: ca.not_before,
        not_after: ca.not_after,
        ear_key: ear_key?,
    })
}

/// The characters of a DNS name in lower case.
fn name(at: At<'_>, errors: &mut Errors<'_>) -> Option<String> {
    let text = at.string(errors)?;
    let simple = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = text.len() <= MAX_VERIFIER_NAME_BYTES
        && text.starts_with(simple)
        && text.chars().all(|c| simple(c) || matches!(c, '.' | '-'));
    if !fits {
        let cause = Cause::InvalidName {
            expected: "1 to 253 characters a-z 0-9 . -, the first a letter or digit",
            found: shorten(text, SHOWN),
        };
        at.fail(cause, errors);
        return None;
    }
    Some(text.to_owned())
}

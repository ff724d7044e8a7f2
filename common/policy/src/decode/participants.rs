//! `participants`.

use alloc::vec::Vec;

use super::{
    At, Errors, description,
    object::{Entry, Fields, Object},
    scalar::invalid_participant_name,
};
use crate::{
    KeyDigest, MAX_CERTIFICATE_BYTES, MAX_PARTICIPANTS, Participant, ParticipantName, Trust,
    certificate,
};

pub(crate) const PARTICIPANT: Fields = Fields {
    unit: "field",
    known: &["certificate", "description", "trust"],
    later: &[],
};

/// Sorted by name.
pub(super) fn participants(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<Participant>> {
    let mut list = at.entries("participants", 1, MAX_PARTICIPANTS, errors, participant)?;
    list.sort_by(|a, b| a.name.cmp(&b.name));
    Some(list)
}

fn participant(entry: Entry<'_>, errors: &mut Errors<'_>) -> Option<Participant> {
    let name = ParticipantName::parse(entry.name)
        .map_err(|_| entry.fail_name(invalid_participant_name(entry.name), errors))
        .ok();
    let object = Object::open(entry.at, &PARTICIPANT, errors)?;
    description(&object, errors);
    let parsed = object.required("certificate", errors, |at, errors| {
        let text = at.string(errors)?;
        at.length("bytes", text.len(), 1, MAX_CERTIFICATE_BYTES, errors)?;
        certificate::parse(text)
            .map_err(|cause| at.fail(cause, errors))
            .ok()
    });
    let trust = object.optional("trust", errors, |at, errors| {
        at.word(
            &["connection", "verifier"],
            &[Trust::Connection, Trust::Verifier],
            &[],
            errors,
        )
    });
    let parsed = parsed?;
    Some(Participant {
        name: name?,
        key: KeyDigest::of_spki(&parsed.spki),
        certificate: parsed.certificate,
        spki: parsed.spki,
        not_before: parsed.not_before,
        not_after: parsed.not_after,
        trust: trust.unwrap_or_default(),
    })
}

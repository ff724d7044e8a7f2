//! `veracruz policy explain`.

use super::load;
use crate::args::{PolicyExplainArgs, Writing};
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use veracruz_client::now;
use veracruz_policy::{Explanation, Piece, Sentence};

/// The policy in plain sentences, to one participant or to all.
pub(super) fn explain(arguments: &PolicyExplainArgs) -> Result<Report, CliError> {
    let policy = load(&arguments.file.policy)?;
    let reader = match &arguments.reader {
        Some(name) => Some(policy.participant(name).ok_or_else(|| {
            let names = policy.participants().iter().map(|one| one.name.as_str());
            let names: Vec<_> = names.collect();
            CliError::argument(&format!("one of {}", names.join(", ")), name)
        })?),
        None => None,
    };
    let explanation = policy
        .explain(reader)
        .dated(arguments.date.unwrap_or_else(now));
    let text = match arguments.format {
        Writing::Text => explanation.to_string(),
        Writing::Markdown => explanation.to_markdown(),
        Writing::Html => explanation.to_html(),
    };
    let document = json!({
        "hash": policy.hash().to_string(),
        "for": arguments.reader,
        "date": explanation.date.map(|date| date.to_string()),
        "sections": sections(&explanation),
    });
    Ok(Report::new(document).line(text.trim_end()))
}

fn sections(explanation: &Explanation) -> Value {
    let sections = explanation.sections.iter().map(|section| {
        let sentences: Vec<_> = section.sentences.iter().map(sentence).collect();
        json!({ "title": section.title, "sentences": sentences })
    });
    sections.collect()
}

/// A sentence with the places that it is about.
pub(super) fn sentence(sentence: &Sentence) -> Value {
    let values: Vec<_> = sentence
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Value(value) => Some(value),
            Piece::Words(_) => None,
        })
        .collect();
    json!({
        "text": sentence.to_string(),
        "values": values,
        "pointers": sentence.pointers,
        "caution": sentence.caution,
    })
}

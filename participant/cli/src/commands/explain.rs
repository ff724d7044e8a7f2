//! `veracruz explain`.

use crate::args::ExplainArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use veracruz_protocol::ErrorCode;

/// Says at length what a code means, whichever part of the system it comes from.
pub(crate) fn explain(arguments: &ExplainArgs) -> Result<Report, CliError> {
    let code = arguments.code.to_ascii_uppercase();
    let (title, hint, explanation) =
        known(&code).ok_or_else(|| CliError::argument("a code, as VC-0412", &arguments.code))?;
    let document =
        json!({ "code": code, "title": title, "hint": hint, "explanation": explanation });
    Ok(Report::new(document)
        .line(format!("{code}: {title}"))
        .line(String::new())
        .line(explanation)
        .line(format!("What to do: {hint}")))
}

/// Title, hint and explanation of a code.
fn known(code: &str) -> Option<(&'static str, &'static str, &'static str)> {
    if let Some(shared) = ErrorCode::parse(code) {
        return Some((shared.title(), shared.hint(), shared.explanation()));
    }
    if let Some(text) = veracruz_client::CODES.iter().find(|text| text.code == code) {
        return Some((text.title, text.hint, text.explanation));
    }
    let of_policy = veracruz_policy::CODES.iter().find(|text| text.code == code);
    of_policy.map(|text| (text.title, text.hint, text.explanation))
}

//! `veracruz explain`: what stands in the catalogue of error codes.

use crate::args::ExplainArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use veracruz_catalogue::{Area, ErrorCode};

/// Says at length what a code means, whichever part of the system it comes from; without a code,
/// names all of them.
pub(crate) fn explain(arguments: &ExplainArgs) -> Result<Report, CliError> {
    match &arguments.code {
        Some(text) => one(text),
        None => Ok(all()),
    }
}

fn one(text: &str) -> Result<Report, CliError> {
    let code = parse(text).ok_or_else(|| unknown(text))?;
    Ok(Report::new(entry(code))
        .line(format!("{code}: {}", code.title()))
        .line(String::new())
        .line(code.explanation())
        .line(String::new())
        .line(format!("Whose fault: {}", code.fault()))
        .line(format!("What to do:  {}", code.hint())))
}

fn all() -> Report {
    let codes: Vec<_> = ErrorCode::ALL.iter().map(|code| entry(*code)).collect();
    let lines = Area::ALL.iter().flat_map(|area| {
        let codes = area
            .codes()
            .map(|code| format!("  {code}  {}", code.title()));
        [area.title().to_owned()]
            .into_iter()
            .chain(codes)
            .chain([String::new()])
    });
    Report::new(json!({ "codes": codes }))
        .lines(lines)
        .line("`veracruz explain CODE` says more of one of them")
}

/// The catalogue's entry for programs.
fn entry(code: ErrorCode) -> Value {
    let status = Some(code.http_status()).filter(|status| *status != 0);
    json!({
        "code": code.as_str(),
        "title": code.title(),
        "explanation": code.explanation(),
        "fault": code.fault().name(),
        "hint": code.hint(),
        "http_status": status,
    })
}

/// The code as people write it: `VC-0412`, `vc-0412`, `0412` or `412`.
fn parse(text: &str) -> Option<ErrorCode> {
    let text = text.trim().to_ascii_uppercase();
    let digits = text.strip_prefix("VC-").unwrap_or(&text);
    ErrorCode::parse(&format!("VC-{digits:0>4}"))
}

/// There is no such code: which there are nearby.
fn unknown(text: &str) -> CliError {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let area = Area::ALL.iter().find(|area| {
        let hundred = area.prefix().trim_start_matches("VC-");
        format!("{digits:0>4}").starts_with(hundred)
    });
    let codes = area.into_iter().flat_map(|area| area.codes());
    let expected = match (area, codes.clone().next(), codes.last()) {
        (Some(area), Some(first), Some(last)) => format!(
            "a code of this version, as those of `{}` from {first} to {last} \
             (`veracruz explain` lists all)",
            area.title()
        ),
        _ => "a code, as VC-0412 (`veracruz explain` lists all)".to_owned(),
    };
    CliError::argument(&expected, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(code: Option<&str>) -> Result<Report, CliError> {
        let code = code.map(str::to_owned);
        explain(&ExplainArgs { code })
    }

    #[test]
    fn a_code_is_understood_however_it_is_written() {
        for text in ["VC-0412", "vc-0412", " 0412 ", "412"] {
            assert_eq!(parse(text), Some(ErrorCode::PinMismatch), "{text}");
        }
        for text in ["", "VC-", "VC-0000", "VC-04121", "12", "VC-٤١٢"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_unknown_code_is_told_which_there_are() {
        let error = explained(Some("VC-0499")).unwrap_err().message();
        let expected = "expected a code of this version, as those of `Files` from VC-0401 to VC-0422 \
             (`veracruz explain` lists all), found VC-0499";
        assert_eq!(error, expected);
        let error = explained(Some("E404")).unwrap_err().message();
        assert!(error.contains("as those of `Files`"), "{error}");
        let error = explained(Some("nonsense")).unwrap_err().message();
        assert!(
            error.contains("as VC-0412 (`veracruz explain` lists all)"),
            "{error}"
        );
    }

    #[test]
    fn without_a_code_all_are_listed() {
        assert!(explained(None).is_ok());
        assert!(explained(Some("VC-0100")).is_ok());
    }
}

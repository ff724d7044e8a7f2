//! `veracruz policy`.

use crate::args::PolicyFile;
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use veracruz_client::now;
use veracruz_policy::{Policy, PolicyErrors};

/// Reads and checks a participant's own copy of a policy.
pub(crate) fn load(path: &Path) -> Result<Arc<Policy>, CliError> {
    let document = std::fs::read(path).map_err(|source| CliError::file(path, source))?;
    match Policy::parse(&document) {
        Ok(policy) => Ok(Arc::new(policy)),
        Err(errors) => Err(CliError::Policy {
            path: path.to_owned(),
            document,
            errors,
        }),
    }
}

/// `policy check`.
pub(crate) fn check(file: &PolicyFile) -> Result<Report, CliError> {
    let policy = load(&file.policy)?;
    let dated = policy.check_dates(now());
    let warnings: Vec<_> = policy.warnings().iter().chain(&dated).collect();
    let document = json!({
        "hash": policy.hash().to_string(),
        "warnings": warnings
            .iter()
            .map(|warning| json!({
                "code": warning.code(),
                "line": warning.line(),
                "column": warning.column(),
                "pointer": warning.pointer(),
                "message": warning.cause().to_string(),
                "hint": warning.hint(),
            }))
            .collect::<Vec<_>>(),
    });
    let place = file.policy.display();
    let lines = warnings.iter().flat_map(|warning| {
        [
            format!(
                "warning[{}]: {place}:{}:{}: {}",
                warning.code(),
                warning.line(),
                warning.column(),
                warning.cause()
            ),
            format!("  hint: {}", warning.hint()),
        ]
    });
    Ok(Report::new(document)
        .lines(lines)
        .line(format!("{place} is a valid policy"))
        .line(format!("hash {}", policy.hash())))
}

/// `policy hash`.
pub(crate) fn hash(file: &PolicyFile) -> Result<Report, CliError> {
    let hash = load(&file.policy)?.hash().to_string();
    Ok(Report::new(json!({ "hash": hash })).line(hash))
}

/// Errors with the line in which each stands, and a caret below it.
pub(crate) fn text(path: &Path, source: &[u8], errors: &PolicyErrors) -> String {
    let source = String::from_utf8_lossy(source);
    let mut text = String::new();
    for error in errors.iter() {
        let (line, column) = (error.line(), error.column());
        let place = path.display();
        text.push_str(&format!(
            "error[{}]: {place}:{line}:{column}: {}\n",
            error.code(),
            error.cause()
        ));
        if let Some(found) = source.lines().nth(line.saturating_sub(1)) {
            let (shown, caret) = excerpt(found, column);
            text.push_str(&format!("  | {shown}\n  | {caret}^\n"));
        }
        text.push_str(&format!("  hint: {}\n", error.hint()));
    }
    text
}

/// At most 96 characters of a line around a column, and the blanks before the caret.
fn excerpt(line: &str, column: usize) -> (String, String) {
    let start = column.saturating_sub(64);
    let shown: String = line
        .chars()
        .skip(start)
        .take(96)
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    (
        shown,
        " ".repeat(column.saturating_sub(1).saturating_sub(start)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_column() {
        assert_eq!(
            excerpt("  \"x\": 1", 3),
            ("  \"x\": 1".to_owned(), "  ".to_owned())
        );
        let long = "a".repeat(200);
        let (shown, caret) = excerpt(&long, 150);
        assert_eq!((shown.len(), caret.len()), (96, 63));
    }

    #[test]
    fn an_error_shows_its_line_its_code_and_what_to_do() {
        let source = b"{\n  \"veracruz\": 2\n}";
        let errors = Policy::parse(source).unwrap_err();
        let text = text(Path::new("p.json"), source, &errors);
        assert!(
            text.contains("p.json:2:15") && text.contains("|   \"veracruz\": 2"),
            "{text}"
        );
        assert!(text.contains("hint: "), "{text}");
    }
}

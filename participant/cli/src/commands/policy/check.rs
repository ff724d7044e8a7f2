//! `veracruz policy check`.

use super::{load, source};
use crate::args::PolicyCheckArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use veracruz_client::{ErrorClass, now};
use veracruz_policy::Warning;

/// Everything that is wrong, as an error; or else everything that is allowed and probably not
/// meant, with what a clock and a person's eyes see.
pub(super) fn check(arguments: &PolicyCheckArgs) -> Result<Report, CliError> {
    let file = &arguments.file;
    let policy = load(&file.policy)?;
    let mut warnings = policy.warnings().to_vec();
    warnings.extend(policy.check_dates(now()));
    warnings.extend(policy.check_names());
    warnings.sort_by_key(|warning| warning.position().offset);
    let document = json!({
        "hash": policy.hash().to_string(),
        "warnings": warnings.iter().map(in_json).collect::<Vec<_>>(),
    });
    let lines = warnings.iter().flat_map(|warning| {
        let said = source::Said {
            label: "warning",
            code: warning.code(),
            message: warning.cause().to_string(),
            position: warning.position(),
            hint: warning.hint().to_owned(),
        };
        source::lines(&file.policy, policy.document(), &said)
    });
    let count = match warnings.len() {
        0 => String::new(),
        1 => ", with 1 warning".to_owned(),
        count => format!(", with {count} warnings"),
    };
    let place = file.policy.display();
    let report = Report::new(document)
        .lines(lines)
        .line(format!("{place} is a valid policy{count}"))
        .line(format!("hash {}", policy.hash()));
    Ok(match warnings.as_slice() {
        [_, ..] if arguments.strict => report.ending_with(ErrorClass::Local.exit_code()),
        _ => report,
    })
}

fn in_json(warning: &Warning) -> Value {
    json!({
        "code": warning.code(),
        "line": warning.line(),
        "column": warning.column(),
        "pointer": warning.pointer(),
        "message": warning.cause().to_string(),
        "hint": warning.hint(),
    })
}

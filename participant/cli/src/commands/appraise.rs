//! `veracruz appraise`: evidence in a file, judged as a participant's client judges it.

mod read;
mod words;

use crate::args::AppraiseArgs;
use crate::error::CliError;
use crate::output::Report;
use veracruz_appraisal::AppraisalError;
use veracruz_client::{FileAppraisal, FileVerdict, now};

/// What came out, as the exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Good, as far as it was asked about.
    Affirming,
    /// Good by an exception that the reference values name.
    Warning,
    /// It says the wrong thing, or is not genuine.
    Refused,
    /// It is no evidence of that kind.
    Malformed,
}

impl Verdict {
    fn of(outcome: &Result<FileVerdict, AppraisalError>) -> Self {
        match outcome {
            Ok(verdict) if verdict.examined.warnings().is_empty() => Self::Affirming,
            Ok(_) => Self::Warning,
            Err(error) if error.is_malformed() => Self::Malformed,
            Err(_) => Self::Refused,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Affirming => "affirming",
            Self::Warning => "warning",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
        }
    }

    /// The word of AR4SI (draft-ietf-rats-ar4si, section 2.3.2) for it.
    const fn status(self) -> &'static str {
        match self {
            Self::Affirming => "affirming",
            Self::Warning => "warning",
            Self::Refused => "contraindicated",
            // Nothing was claimed that could be judged.
            Self::Malformed => "none",
        }
    }

    /// Beside the codes of all commands (4: not to be trusted) two more.
    const fn exit_code(self) -> u8 {
        match self {
            Self::Affirming => 0,
            Self::Warning => 7,
            Self::Refused => 4,
            Self::Malformed => 8,
        }
    }
}

/// Judges, and ends with the verdict's code. A refusal is a result, and stands on the
/// standard output; what is wrong with the caller's own files is an error.
pub(crate) fn appraise(arguments: &AppraiseArgs) -> Result<Report, CliError> {
    let time = arguments.now.unwrap_or_else(now);
    let evidence = veracruz_client::read_bounded(&arguments.evidence)?;
    let (collateral, left_out) = read::collateral(arguments)?;
    let reference = read::reference(arguments, &collateral, time)?;
    let report_data = read::report_data(arguments.report_data.as_deref())?;
    let launch_policy = read::launch_policy(arguments.launch_policy.as_deref())?;
    let request = FileAppraisal {
        evidence: &evidence,
        technology: arguments.technology,
        collateral,
        reference: reference.as_ref().map(|reference| &reference.isolates),
        report_data: report_data.as_deref(),
        launch_policy,
        now: time,
    };
    let outcome = request.judge();
    let verdict = Verdict::of(&outcome);
    let told = words::Told {
        verdict,
        technology: request.technology().ok(),
        outcome: &outcome,
        now: time,
        own_clock: arguments.now.is_none(),
        reference: reference.as_ref(),
        launch_policy_asked: launch_policy.is_some(),
        left_out: &left_out,
    };
    Ok(Report::new(told.document())
        .lines(told.lines())
        .ending_with(verdict.exit_code()))
}

//! `veracruz policy approve` and `policy approvals`: agreeing without a connection.

use super::files::Assignment;
use super::{IdentityFile, PolicyFile};
use clap::Args;
use std::path::PathBuf;
use veracruz_policy::{InstanceId, Timestamp};

#[derive(Debug, Args)]
pub(crate) struct PolicyApproveArgs {
    #[command(flatten)]
    pub(crate) file: PolicyFile,
    #[command(flatten)]
    pub(crate) identity: IdentityFile,
    /// An instance at which it shall hold, as `veracruz attest` names it; may be repeated
    #[arg(
        long = "instance",
        value_name = "INSTANCE",
        required_unless_present = "any_instance",
        conflicts_with = "any_instance"
    )]
    pub(crate) instances: Vec<InstanceId>,
    /// It shall hold at every isolate of this policy, however many the host starts
    #[arg(long)]
    pub(crate) any_instance: bool,
    /// The program that you mean, where the policy does not fix it by its digest
    #[arg(long = "program", value_name = "PATH=FILE")]
    pub(crate) programs: Vec<Assignment>,
    /// How long it shall hold: a number with s, m, h, d or w
    #[arg(long, value_name = "PERIOD", default_value = "7d")]
    pub(crate) valid: Period,
    /// When it shall end, as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "RFC3339", conflicts_with = "valid")]
    pub(crate) expires: Option<Timestamp>,
    /// Approve another instance than those that you have provisioned before
    #[arg(long)]
    pub(crate) again: bool,
    /// Do not ask before signing
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Where the signed statement goes (printed unless given)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replace a file that is there already
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyApprovalsArgs {
    #[command(flatten)]
    pub(crate) file: PolicyFile,
    /// Signed approvals, or bundles of them
    #[arg(value_name = "FILE", required = true)]
    pub(crate) approvals: Vec<PathBuf>,
    /// The instance that is meant (every one that is named unless given)
    #[arg(long, value_name = "INSTANCE")]
    pub(crate) instance: Option<InstanceId>,
    /// Put the policy and the approvals into one file that anyone can check
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    /// Replace a file that is there already
    #[arg(long, requires = "bundle")]
    pub(crate) force: bool,
}

/// A length of time in whole seconds, as `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) i64);

/// Nobody means more than ten years.
const LONGEST: i64 = 10 * 366 * 86_400;

impl std::str::FromStr for Period {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let units = [
            ('s', 1),
            ('m', 60),
            ('h', 3600),
            ('d', 86_400),
            ('w', 604_800),
        ];
        let period = units.into_iter().find_map(|(unit, seconds)| {
            let number = text.strip_suffix(unit)?;
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            number
                .parse::<i64>()
                .ok()
                .filter(|_| digits)?
                .checked_mul(seconds)
        });
        period
            .filter(|seconds| (1..=LONGEST).contains(seconds))
            .map(Self)
            .ok_or("expected a number and s, m, h, d or w, as 7d, at most ten years")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("2m", 120), ("12h", 43_200), ("7d", 604_800)] {
            assert_eq!(text.parse(), Ok(Period(seconds)));
        }
        for text in [
            "",
            "7",
            "d",
            "-1d",
            "+1d",
            "0s",
            "1 d",
            "7y",
            "9999w",
            "99999999999999999999s",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}

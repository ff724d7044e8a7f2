//! What a patch level is worth, and whether the policy accepts that.

use std::collections::BTreeSet;

use serde::Deserialize;
use veracruz_policy::{TcbException, TcbStatus};

use crate::AppraisalError;

/// A status in Intel's spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Status {
    UpToDate,
    #[serde(rename = "SWHardeningNeeded")]
    SwHardeningNeeded,
    ConfigurationNeeded,
    #[serde(rename = "ConfigurationAndSWHardeningNeeded")]
    ConfigurationAndSwHardeningNeeded,
    OutOfDate,
    OutOfDateConfigurationNeeded,
    Revoked,
}

/// What is wrong with a platform, all parts of it together. Unlike Intel's own library, which
/// passes over some shortcomings of the quoting enclave and of the TDX module, everything counts;
/// and a machine that was started on an old module, updated since, stays out of date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shortcomings {
    pub(super) hardening: bool,
    pub(super) configuration: bool,
    pub(super) out_of_date: bool,
    revoked: bool,
    advisories: BTreeSet<String>,
}

impl Shortcomings {
    /// Adds what is said of one part.
    pub(super) fn add(&mut self, status: Status, advisories: &[String]) {
        match status {
            Status::UpToDate => {}
            Status::SwHardeningNeeded => self.hardening = true,
            Status::ConfigurationNeeded => self.configuration = true,
            Status::ConfigurationAndSwHardeningNeeded => {
                self.hardening = true;
                self.configuration = true;
            }
            Status::OutOfDate => self.out_of_date = true,
            Status::OutOfDateConfigurationNeeded => {
                self.out_of_date = true;
                self.configuration = true;
            }
            Status::Revoked => self.revoked = true,
        }
        self.advisories.extend(advisories.iter().cloned());
    }

    /// The status that a policy can accept; `None` where nothing has to be accepted.
    fn status(&self) -> Option<TcbStatus> {
        match (self.out_of_date, self.configuration, self.hardening) {
            (true, true, _) => Some(TcbStatus::OutOfDateConfigurationNeeded),
            (true, false, _) => Some(TcbStatus::OutOfDate),
            (false, true, true) => Some(TcbStatus::ConfigurationAndSwHardeningNeeded),
            (false, true, false) => Some(TcbStatus::ConfigurationNeeded),
            (false, false, true) => Some(TcbStatus::SwHardeningNeeded),
            (false, false, false) => None,
        }
    }

    /// Status and advisories, for people.
    pub(crate) fn words(&self) -> String {
        let status = if self.revoked {
            "Revoked"
        } else {
            self.status().map_or("UpToDate", TcbStatus::name)
        };
        if self.advisories.is_empty() {
            return status.into();
        }
        let advisories: Vec<&str> = self.advisories.iter().map(String::as_str).collect();
        format!("{status} ({})", advisories.join(", "))
    }

    /// Whether the platform is up to date, or the policy accepts by name that it is not: then the
    /// warning to show.
    pub(crate) fn judge(
        &self,
        exceptions: &[TcbException],
    ) -> Result<Option<String>, AppraisalError> {
        let refused = |expected: String| AppraisalError::StaleTcb {
            claim: "TCB status",
            expected,
            found: self.words(),
        };
        if self.revoked {
            return Err(refused("UpToDate".into()));
        }
        let Some(status) = self.status() else {
            return Ok(None);
        };
        let fits = |exception: &&TcbException| {
            exception.status == status
                && self
                    .advisories
                    .iter()
                    .all(|advisory| exception.advisories.contains(advisory))
        };
        if exceptions.iter().any(|exception| fits(&exception)) {
            return Ok(Some(format!(
                "TCB status {}, accepted by an exception of the policy",
                self.words()
            )));
        }
        let accepted = exceptions.iter().map(|exception| {
            format!(
                " or {} ({})",
                exception.status,
                exception.advisories.join(", ")
            )
        });
        Err(refused(
            std::iter::once("UpToDate".to_owned())
                .chain(accepted)
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stale(status: Status, advisories: &[&str]) -> Shortcomings {
        let mut shortcomings = Shortcomings::default();
        let advisories: Vec<String> = advisories.iter().map(ToString::to_string).collect();
        shortcomings.add(status, &advisories);
        shortcomings
    }

    fn exception(status: TcbStatus, advisories: &[&str]) -> TcbException {
        TcbException {
            status,
            advisories: advisories.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_is_up_to_date_needs_no_exception() {
        assert_eq!(stale(Status::UpToDate, &[]).judge(&[]), Ok(None));
    }

    #[test]
    fn an_exception_is_for_its_status_and_its_advisories_alone() {
        let found = stale(Status::ConfigurationNeeded, &["INTEL-SA-1", "INTEL-SA-2"]);
        let named = exception(
            TcbStatus::ConfigurationNeeded,
            &["INTEL-SA-2", "INTEL-SA-1", "INTEL-SA-3"],
        );
        assert!(matches!(found.judge(&[named]), Ok(Some(_))));
        for other in [
            exception(TcbStatus::ConfigurationNeeded, &["INTEL-SA-1"]),
            exception(TcbStatus::OutOfDate, &["INTEL-SA-1", "INTEL-SA-2"]),
            exception(
                TcbStatus::OutOfDateConfigurationNeeded,
                &["INTEL-SA-1", "INTEL-SA-2"],
            ),
        ] {
            assert!(matches!(
                found.judge(&[other]),
                Err(AppraisalError::StaleTcb {
                    claim: "TCB status",
                    ..
                })
            ));
        }
    }

    #[test]
    fn nothing_makes_a_revoked_platform_good() {
        let all: Vec<TcbException> = TcbStatus::ALL
            .iter()
            .map(|status| exception(*status, &[]))
            .collect();
        let error = stale(Status::Revoked, &[]).judge(&all).unwrap_err();
        assert!(matches!(error, AppraisalError::StaleTcb { found, .. } if found == "Revoked"));
    }

    #[test]
    fn parts_add_up() {
        let mut found = stale(Status::ConfigurationNeeded, &["A"]);
        found.add(Status::OutOfDate, &["B".into(), "A".into()]);
        assert_eq!(found.words(), "OutOfDateConfigurationNeeded (A, B)");
        found.add(Status::Revoked, &[]);
        assert_eq!(found.words(), "Revoked (A, B)");
    }
}

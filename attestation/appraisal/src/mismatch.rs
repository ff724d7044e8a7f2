//! What was expected and what was found, for whoever shows an error.

use std::fmt::Display;

use data_encoding::HEXLOWER;

use crate::AppraisalError;

impl AppraisalError {
    /// What would have been right and what was found instead, as text; `None` where the error is
    /// not about that.
    #[must_use]
    pub fn expected_and_found(&self) -> Option<(String, String)> {
        Some(match self {
            Self::WrongTechnology { expected, found }
            | Self::UntrustedRoot {
                expected, found, ..
            }
            | Self::AttesterMismatch {
                expected, found, ..
            }
            | Self::WrongCollateral {
                expected, found, ..
            }
            | Self::ConfigurationNotAllowed {
                expected, found, ..
            }
            | Self::StaleTcb {
                expected, found, ..
            }
            | Self::TcbMismatch {
                expected, found, ..
            } => (expected.clone(), found.clone()),
            Self::UnknownProfile {
                expected, found, ..
            }
            | Self::BadAlgorithm {
                expected, found, ..
            } => ((*expected).into(), found.clone()),
            Self::UntrustedAttester {
                expected, found, ..
            } => (any_of(expected), found.to_string()),
            Self::Expired { until, now, .. } => (format!("a time until {until}"), now.to_string()),
            Self::NotYetValid { from, now, .. } => (format!("a time from {from}"), now.to_string()),
            Self::ChipMismatch { expected, found } => (any_of(expected), found.clone()),
            Self::LifecycleMismatch {
                expected, found, ..
            } => ((*expected).into(), format!("0x{found:04x}")),
            Self::BindingMismatch { expected, found }
            | Self::LaunchPolicyMismatch {
                expected, found, ..
            } => (HEXLOWER.encode(expected), HEXLOWER.encode(found)),
            Self::MeasurementMismatch {
                expected, found, ..
            } => (any_of(expected), found.to_string()),
            Self::WeakDigest { found, .. } => ("SHA-256 or better".into(), found.clone()),
            _ => return None,
        })
    }
}

fn any_of<T: Display>(accepted: &[T]) -> String {
    match accepted {
        [] => "nothing".into(),
        accepted => {
            let texts: Vec<String> = accepted.iter().map(ToString::to_string).collect();
            texts.join(" or ")
        }
    }
}

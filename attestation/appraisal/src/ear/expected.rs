//! What a result must be, before anybody relies on it.

use veracruz_evidence::ReportData;
use veracruz_policy::{KeyDigest, PolicyHash, PublicKey, Timestamp};

use super::{Ear, EarError, LONGEST, Tier, policy_id};

/// How far two clocks may differ, in seconds.
const SKEW: i64 = 60;

/// What the caller knows beforehand: from its own copy of the policy, its own connection and its
/// own clock.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The verifier's name.
    pub verifier: &'a str,
    /// The key with which that verifier signs results.
    pub key: &'a PublicKey,
    /// What the evidence must have been bound to.
    pub report_data: ReportData,
    /// The policy that the evidence must have been held against.
    pub policy: PolicyHash,
    /// The isolate's key; `None` only where the report data holds none.
    pub isolate: Option<KeyDigest>,
    /// The time.
    pub now: Timestamp,
}

impl Expected<'_> {
    /// Holds a result whose signature was verified against what is expected.
    pub(super) fn check(&self, ear: &Ear) -> Result<(), EarError> {
        if ear.verifier.name != self.verifier {
            return Err(EarError::WrongVerifier {
                expected: self.verifier.to_owned(),
                found: ear.verifier.name.clone(),
            });
        }
        self.check_dates(ear)?;
        if ear.report_data != self.report_data {
            return Err(EarError::BindingMismatch {
                expected: Box::new(self.report_data),
                found: Box::new(ear.report_data),
            });
        }
        if ear.submods.is_empty() {
            return Err(EarError::Malformed {
                part: "submods",
                reason: "there are none".into(),
            });
        }
        let policy = policy_id(&self.policy);
        for (name, submod) in &ear.submods {
            let worst = submod.vector.tier();
            // What stands there twice must be the same.
            if submod.status != worst {
                return Err(EarError::Malformed {
                    part: "ear_status",
                    reason: format!("{} where the vector is {worst}", submod.status),
                });
            }
            if !matches!(worst, Tier::Affirming | Tier::Warning) {
                return Err(EarError::NotGood {
                    submod: name.clone(),
                    found: worst,
                });
            }
            if submod.policies != [policy.as_str()] {
                return Err(EarError::PolicyMismatch {
                    expected: policy,
                    found: submod.policies.clone(),
                });
            }
            if submod.claims.key != self.isolate {
                return Err(EarError::KeyMismatch {
                    expected: self.isolate,
                    found: submod.claims.key,
                });
            }
        }
        Ok(())
    }

    fn check_dates(&self, ear: &Ear) -> Result<(), EarError> {
        let now = self.now.seconds();
        let lifetime = ear.expires.seconds().saturating_sub(ear.issued.seconds());
        if !(0..=LONGEST).contains(&lifetime) {
            return Err(EarError::Lifetime { found: lifetime });
        }
        if now < ear.issued.seconds().saturating_sub(SKEW) {
            return Err(EarError::NotYetValid {
                from: ear.issued,
                now: self.now,
            });
        }
        if now > ear.expires.seconds() {
            return Err(EarError::Expired {
                at: ear.expires,
                now: self.now,
            });
        }
        Ok(())
    }
}

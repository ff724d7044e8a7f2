//! The trustworthiness vector and its tiers: draft-ietf-rats-ar4si, section 2.3.

use std::fmt;

use serde::{Deserialize, Serialize};
use veracruz_evidence::Technology;

use crate::Appraised;

/// A claim of the vector: -128 to 127, what each means is in AR4SI's tables. 0 asserts nothing.
pub type TrustClaim = i8;

/// How far something is to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Tier {
    /// Nothing is asserted.
    None,
    /// Good.
    Affirming,
    /// Good enough for whoever said beforehand that this will do.
    Warning,
    /// Not good. No verifier of ours signs that.
    Contraindicated,
}

impl Tier {
    /// The number of the tier in CBOR.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Affirming => 2,
            Self::Warning => 32,
            Self::Contraindicated => 96,
        }
    }

    pub(super) fn from_number(number: u64) -> Option<Self> {
        [
            Self::None,
            Self::Affirming,
            Self::Warning,
            Self::Contraindicated,
        ]
        .into_iter()
        .find(|tier| tier.number() == number)
    }

    /// The tier to which a claim belongs.
    #[must_use]
    pub const fn of(claim: TrustClaim) -> Self {
        match claim {
            -1..=1 => Self::None,
            2..=31 | -32..=-2 => Self::Affirming,
            32..=95 | -96..=-33 => Self::Warning,
            96..=127 | -128..=-97 => Self::Contraindicated,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Affirming => "affirming",
            Self::Warning => "warning",
            Self::Contraindicated => "contraindicated",
        })
    }
}

/// What a verifier says of the parts of an attester. What it does not look at is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustVector {
    /// Which attester it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance_identity: Option<TrustClaim>,
    /// How it is configured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub configuration: Option<TrustClaim>,
    /// What it runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub executables: Option<TrustClaim>,
    /// Its files.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file_system: Option<TrustClaim>,
    /// Its hardware and firmware.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hardware: Option<TrustClaim>,
    /// Who can see its memory.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub runtime_opaque: Option<TrustClaim>,
    /// Who can see what it stores.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub storage_opaque: Option<TrustClaim>,
    /// Where its data come from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sourced_data: Option<TrustClaim>,
}

impl TrustVector {
    /// What an appraisal says, in AR4SI's words.
    ///
    /// Memory that the host can read is `warning`, never `affirming`; so is hardware whose state
    /// the policy excepts by name.
    #[must_use]
    pub fn of(appraised: &Appraised) -> Self {
        // 2: recognised, and not known to be compromised. 32: known weaknesses, accepted by name.
        let hardware = if appraised.warnings().is_empty() {
            2
        } else {
            32
        };
        Self {
            instance_identity: appraised.attester().map(|_| 2),
            // 2: configured as approved, by reference values and by the policy of its launch.
            configuration: Some(2),
            // 3: nothing but approved executables was loaded at the start.
            executables: Some(3),
            // Nobody knows what an attester in software runs on.
            hardware: (appraised.technology() != Technology::SoftwareRootOfTrust)
                .then_some(hardware),
            // 2: encrypted, opaque to the host. 32: protected from other programs alone.
            runtime_opaque: Some(if appraised.protects_from_host() {
                2
            } else {
                32
            }),
            ..Self::default()
        }
    }

    /// The worst tier of all claims.
    #[must_use]
    pub fn tier(&self) -> Tier {
        let claims = self.claims().into_iter().filter_map(|(_, claim)| claim);
        claims.map(Tier::of).max().unwrap_or(Tier::None)
    }

    /// The claims by their numbers in CBOR.
    pub(super) const fn claims(&self) -> [(i64, Option<TrustClaim>); 8] {
        [
            (0, self.instance_identity),
            (1, self.configuration),
            (2, self.executables),
            (3, self.file_system),
            (4, self.hardware),
            (5, self.runtime_opaque),
            (6, self.storage_opaque),
            (7, self.sourced_data),
        ]
    }

    /// The place of the claim with this number.
    pub(super) const fn claim_mut(&mut self, number: i64) -> Option<&mut Option<TrustClaim>> {
        Some(match number {
            0 => &mut self.instance_identity,
            1 => &mut self.configuration,
            2 => &mut self.executables,
            3 => &mut self.file_system,
            4 => &mut self.hardware,
            5 => &mut self.runtime_opaque,
            6 => &mut self.storage_opaque,
            7 => &mut self.sourced_data,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_in_the_tier_of_ar4si() {
        let tiers = [
            (-128, Tier::Contraindicated),
            (-97, Tier::Contraindicated),
            (-96, Tier::Warning),
            (-33, Tier::Warning),
            (-32, Tier::Affirming),
            (-2, Tier::Affirming),
            (-1, Tier::None),
            (1, Tier::None),
            (2, Tier::Affirming),
            (31, Tier::Affirming),
            (32, Tier::Warning),
            (95, Tier::Warning),
            (96, Tier::Contraindicated),
            (127, Tier::Contraindicated),
        ];
        for (claim, tier) in tiers {
            assert_eq!(Tier::of(claim), tier, "{claim}");
        }
    }

    #[test]
    fn a_vector_is_as_good_as_its_worst_claim() {
        let mut vector = TrustVector {
            executables: Some(3),
            hardware: Some(2),
            ..TrustVector::default()
        };
        assert_eq!(vector.tier(), Tier::Affirming);
        vector.runtime_opaque = Some(32);
        assert_eq!(vector.tier(), Tier::Warning);
        vector.configuration = Some(96);
        assert_eq!(vector.tier(), Tier::Contraindicated);
        assert_eq!(TrustVector::default().tier(), Tier::None);
    }
}

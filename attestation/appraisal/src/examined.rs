//! What is known of evidence between the look at its signatures and the verdict.

use veracruz_evidence::{ReportData, Technology};
use veracruz_policy::{Measurement, PolicyHash, Sha256, Sha384, Timestamp};

use crate::AppraisalError;

/// Genuine evidence: signed, as far as its technology can tell, by what it says that it is of, not
/// for debugging, and fit for the reference values where some were given.
///
/// It is **no** verdict: that it is about *this* connection is looked at last, by
/// [`check_binding`](Examined::check_binding) and
/// [`check_launch_policy`](Examined::check_launch_policy). The `verify` function of each technology
/// does everything, and makes the only value that means 'good': [`Appraised`](crate::Appraised).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    pub(crate) technology: Technology,
    pub(crate) measurement: Measurement,
    /// The field for the caller's data, as long as the format has it.
    pub(crate) bound_to: Bound,
    /// The field that is fixed at launch, where the format has one.
    pub(crate) launch: Option<LaunchField>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) warnings: Vec<String>,
    /// Whether an emulator made it and nobody signed it.
    pub(crate) emulated: bool,
    pub(crate) compared: bool,
    pub(crate) at: Timestamp,
}

/// One thing that the evidence says, for people: `("vmpl", "0")`. Names are those of the format's
/// specification, values are text or lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is called.
    pub name: &'static str,
    /// What it is.
    pub value: String,
}

/// What a format's field for the caller's data holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// 64 bytes: the report data itself.
    Whole([u8; 64]),
    /// The field is shorter: the SHA-256 of the report data (DESIGN: formats with shorter fields).
    Digest(Vec<u8>),
}

/// A field that the host fixes at launch and the hardware reports: the policy hash belongs there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LaunchField {
    /// The format's name for it: `HOST_DATA`.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) found: Vec<u8>,
    /// How a policy hash stands in it.
    pub(crate) form: LaunchForm,
}

/// How a policy hash stands in a field that is fixed at launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaunchForm {
    /// The 32 bytes, and zeros up to the field's length.
    Padded,
    /// A register of SHA-256 that was zero and was extended once with the 32 bytes.
    ExtendedSha256,
    /// A register of SHA-384 that was zero and was extended once with the 32 bytes.
    ExtendedSha384,
}

impl LaunchForm {
    /// What a field of `length` bytes holds for `policy`.
    fn field(self, policy: &PolicyHash, length: usize) -> Vec<u8> {
        let hash = policy.as_bytes();
        match self {
            Self::Padded => {
                let mut field = hash.to_vec();
                field.resize(length.max(hash.len()), 0);
                field
            }
            Self::ExtendedSha256 => {
                let extended = [&[0; 32], hash.as_slice()].concat();
                Sha256::of(&extended).as_bytes().to_vec()
            }
            Self::ExtendedSha384 => {
                let extended = [[0; 48].as_slice(), hash].concat();
                Sha384::of(&extended).as_bytes().to_vec()
            }
        }
    }
}

impl Examined {
    /// What kind of evidence it is.
    #[must_use]
    pub const fn technology(&self) -> Technology {
        self.technology
    }

    /// What was started, in the width of the technology.
    #[must_use]
    pub const fn measurement(&self) -> Measurement {
        self.measurement
    }

    /// Everything worth showing.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// What is not as it should be and was accepted by name: TCB exceptions of the policy.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether an emulator made it: then nobody signed it, and it proves nothing. Only builds for
    /// tests have such evidence.
    #[must_use]
    pub const fn emulated(&self) -> bool {
        self.emulated
    }

    /// Whether it was compared with reference values. If not, it is genuine and no more: genuine
    /// hardware runs anything.
    #[must_use]
    pub const fn compared(&self) -> bool {
        self.compared
    }

    /// The field for the caller's data, as the evidence has it: 64 bytes, or fewer where the format
    /// has fewer.
    #[must_use]
    pub fn bound_to(&self) -> &[u8] {
        match &self.bound_to {
            Bound::Whole(bytes) => bytes,
            Bound::Digest(bytes) => bytes,
        }
    }

    /// The field that the host fixes at launch, and what it holds; `None` where the technology has
    /// none, so that the report data alone binds the policy.
    #[must_use]
    pub fn launch_field(&self) -> Option<(&'static str, &[u8])> {
        let field = self.launch.as_ref()?;
        Some((field.name, &field.found))
    }

    /// Whether the evidence is bound to the caller's own report data.
    ///
    /// # Errors
    /// `BindingMismatch`: it was made for another connection, key, policy, challenge or purpose.
    pub fn check_binding(&self, expected: &ReportData) -> Result<(), AppraisalError> {
        let fits = match &self.bound_to {
            Bound::Whole(found) => found == expected.as_bytes(),
            Bound::Digest(found) => found == Sha256::of(expected.as_bytes()).as_bytes(),
        };
        if fits {
            return Ok(());
        }
        let expected = match &self.bound_to {
            Bound::Whole(_) => expected.as_bytes().to_vec(),
            Bound::Digest(_) => Sha256::of(expected.as_bytes()).as_bytes().to_vec(),
        };
        Err(AppraisalError::BindingMismatch {
            expected,
            found: self.bound_to().to_vec(),
        })
    }

    /// Whether the isolate was started with this policy, where the technology can tell. Where it
    /// cannot, the report data alone binds the policy: see the documentation of the technology.
    ///
    /// # Errors
    /// `LaunchPolicyMismatch`.
    pub fn check_launch_policy(&self, policy: &PolicyHash) -> Result<(), AppraisalError> {
        let Some(field) = &self.launch else {
            return Ok(());
        };
        let expected = field.form.field(policy, field.found.len());
        if expected == field.found {
            return Ok(());
        }
        Err(AppraisalError::LaunchPolicyMismatch {
            field: field.name,
            expected,
            found: field.found.clone(),
        })
    }
}

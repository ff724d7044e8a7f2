//! What comes of evidence before the isolate was asked anything.

use crate::tpm::{Activation, Pending};
use crate::{AppraisalError, Appraised};

/// Evidence that was found good, with or without a question left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It shows all that the policy asks for.
    Appraised(Appraised),
    /// Whether the key that signed is in the TPM that the policy trusts is still to be asked.
    Pending(Pending),
}

impl Judgement {
    /// The verdict of a caller who cannot ask.
    ///
    /// # Errors
    /// `ActivationNeeded`.
    pub fn without_questions(self) -> Result<Appraised, AppraisalError> {
        match self {
            Self::Appraised(appraised) => Ok(appraised),
            Self::Pending(pending) => Err(pending.refusal()),
        }
    }

    /// The verdict of a caller who asked before, when it was evidence of the same key.
    ///
    /// # Errors
    /// `ActivationNeeded` where that was another key, TPM or policy.
    pub fn activated(self, earlier: Option<&Activation>) -> Result<Appraised, AppraisalError> {
        match (self, earlier) {
            (Self::Pending(pending), Some(earlier)) => pending.activated(earlier),
            (judgement, _) => judgement.without_questions(),
        }
    }
}

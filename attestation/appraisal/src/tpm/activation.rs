//! The proof that the key which signed is in the TPM of an endorsement key.
//!
//! No signature shows it: endorsement keys sign nothing. So whoever appraises encrypts a secret to
//! the endorsement key, for the *name* of the attestation key, and a TPM gives it out only where it
//! holds both.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use veracruz_evidence::tpm::{Credential, credential_answer};
use veracruz_policy::{KeyDigest, PolicyHash};

use super::credential::{self, SECRET_BYTES, SEED_BYTES};
use super::endorsement::EndorsementKey;
use crate::{AppraisalError, Appraised};

/// Evidence that is good but for one thing: nothing shows yet that the key which signed it is in
/// the TPM whose maker the policy trusts.
///
/// It is bound to the caller's connection and says what the policy asks for; there is no way to
/// the [`Appraised`] in it but the answer to a [challenge](Pending::challenge), or an
/// [earlier one](Pending::activated).
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    /// Not given out before the proof.
    appraised: Appraised,
    ek: EndorsementKey,
    name: Vec<u8>,
}

/// A credential that was made, and the answer that is waited for. There is one answer, and one
/// attempt at it.
pub struct Challenge {
    pending: Pending,
    credential: Credential,
    answer: [u8; 64],
}

/// That a key was shown to be in the TPM of an endorsement key: made by [`Challenge::finish`] alone.
///
/// The key does not move, so it holds for later evidence by the same key: receipts. It is no
/// document, and cannot be given to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    policy: PolicyHash,
    ek: KeyDigest,
    name: Vec<u8>,
}

impl Pending {
    /// How many random bytes a challenge takes.
    pub const RANDOM_BYTES: usize = SECRET_BYTES + SEED_BYTES;

    pub(super) fn new(appraised: Appraised, ek: EndorsementKey, name: Vec<u8>) -> Self {
        Self {
            appraised,
            ek,
            name,
        }
    }

    /// The digest of the endorsement key's SubjectPublicKeyInfo: which TPM is to answer.
    #[must_use]
    pub const fn endorsement_key(&self) -> KeyDigest {
        self.ek.digest
    }

    /// Makes the credential to send. `random` was drawn for this and is used for nothing else.
    ///
    /// # Errors
    /// `Malformed` where nothing can be encrypted to the endorsement key.
    pub fn challenge(self, random: &[u8; Self::RANDOM_BYTES]) -> Result<Challenge, AppraisalError> {
        let malformed = || AppraisalError::Malformed {
            part: "challenge",
            reason: "its random bytes have another length".into(),
        };
        let (secret, seed) = random.split_first_chunk().ok_or_else(malformed)?;
        let seed = seed.first_chunk().ok_or_else(malformed)?;
        let credential = credential::make(&self.ek, &self.name, secret, seed)?;
        let answer = credential_answer(secret, &self.appraised.report_data());
        Ok(Challenge {
            pending: self,
            credential,
            answer,
        })
    }

    /// The verdict by what was shown before: the same key, in the same TPM, under the same policy.
    ///
    /// # Errors
    /// `ActivationNeeded`.
    pub fn activated(self, earlier: &Activation) -> Result<Appraised, AppraisalError> {
        if self.activation() == *earlier {
            return Ok(self.appraised.with_activation(earlier.clone()));
        }
        Err(self.refusal())
    }

    /// Why this is no verdict, for those who cannot ask.
    pub(crate) fn refusal(&self) -> AppraisalError {
        AppraisalError::ActivationNeeded { ek: self.ek.digest }
    }

    fn activation(&self) -> Activation {
        Activation {
            policy: self.appraised.policy(),
            ek: self.ek.digest,
            name: self.name.clone(),
        }
    }
}

impl Challenge {
    /// What to send, on the connection to which the evidence is bound.
    #[must_use]
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Judges what came back.
    ///
    /// # Errors
    /// `CredentialMismatch`.
    pub fn finish(self, answer: &[u8]) -> Result<Appraised, AppraisalError> {
        // In constant time: how long it takes says nothing of the secret.
        verify_slices_are_equal(&self.answer, answer).map_err(|_| {
            AppraisalError::CredentialMismatch {
                ek: self.pending.ek.digest,
            }
        })?;
        let activation = self.pending.activation();
        Ok(self.pending.appraised.with_activation(activation))
    }
}

impl Activation {
    /// The digest of the endorsement key's SubjectPublicKeyInfo.
    #[must_use]
    pub const fn endorsement_key(&self) -> KeyDigest {
        self.ek
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Pending");
        text.field("ek", &self.ek.digest).finish_non_exhaustive()
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Challenge");
        text.field("ek", &self.pending.ek.digest)
            .finish_non_exhaustive()
    }
}

//! Receipts, judged offline.

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use serde::{Deserialize, Serialize};
use veracruz_appraisal::tpm::Activation;
use veracruz_appraisal::{AppraisalError, Collateral, begin};
use veracruz_policy::{ParticipantName, Policy, Sha256, Timestamp};
use veracruz_receipt::{EvidenceFindings, Opening, Verified, verify};
use veracruz_session::Identity;

use crate::error::Error;

/// Verifies a receipt by the caller's own copy of the policy, offline.
///
/// `openings` are for inputs and outputs that the caller has (see
/// [`Ledger::openings`](crate::Ledger::openings)). `collateral` is what the evidence is
/// judged with besides itself, `now` the time at which it is judged: that of a [`DatedAppraisal`] where there is one that the caller believes.
///
/// The result says in words what was proved and what was not: show both.
///
/// # Errors
/// [`Error::ReceiptRefused`] with the first thing that does not hold. Under a policy that trusts a
/// TPM by its endorsement key alone, that is always that nothing shows it: only who was connected
/// to the isolate could ask its TPM, and did when it [stored](crate::Connection::store_receipt) the
/// receipt.
pub fn verify_receipt(
    receipt: &[u8],
    policy: &Policy,
    openings: &[Opening],
    collateral: &Collateral,
    now: Timestamp,
) -> Result<Verified, Error> {
    judge(receipt, policy, openings, collateral, None, now)
}

/// As [`verify_receipt`], by who is connected to the isolate that made it.
pub(crate) fn verify_live(
    receipt: &[u8],
    policy: &Policy,
    collateral: &Collateral,
    activation: Option<&Activation>,
    now: Timestamp,
) -> Result<Verified, Error> {
    judge(receipt, policy, &[], collateral, activation, now)
}

fn judge(
    receipt: &[u8],
    policy: &Policy,
    openings: &[Opening],
    collateral: &Collateral,
    activation: Option<&Activation>,
    now: Timestamp,
) -> Result<Verified, Error> {
    verify(receipt, policy, openings, |evidence, expected| {
        let appraised =
            begin(&evidence.encode(), policy, collateral, expected, now)?.activated(activation)?;
        Ok::<_, AppraisalError>(EvidenceFindings {
            measurement: appraised.measurement(),
            protects_from_host: appraised.protects_from_host(),
            words: appraised.words(),
        })
    })
    .map_err(|error| Error::ReceiptRefused(Box::new(error)))
}

/// A participant's word that it verified a receipt at a certain time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatedAppraisal {
    purpose: String,
    /// SHA-256 of the receipt's file, hex.
    receipt: String,
    /// Whose word it is: a name in the policy.
    participant: String,
    /// When, by that participant's clock: seconds since 1970.
    at: i64,
}

/// A signature for another purpose is never an appraisal.
const PURPOSE: &str = "veracruz-appraisal-v1";
const HEADER: &str = r#"{"alg":"ES256","typ":"veracruz-appraisal+jws"}"#;
const MAX_APPRAISAL_BYTES: usize = 4096;

impl DatedAppraisal {
    /// What `participant` says at `now` about a receipt that it has verified.
    pub(crate) fn of(receipt: &[u8], participant: &ParticipantName, now: Timestamp) -> Self {
        Self {
            purpose: PURPOSE.to_owned(),
            receipt: Sha256::of(receipt).to_string(),
            participant: participant.to_string(),
            at: now.seconds(),
        }
    }

    /// A JWS in compact form (RFC 7515), ES256.
    pub(crate) fn sign(&self, identity: &Identity) -> Result<String, Error> {
        let machine = |reason: String| Error::Machine { reason };
        let payload = serde_json::to_vec(self).map_err(|error| machine(error.to_string()))?;
        let input = format!(
            "{}.{}",
            BASE64URL_NOPAD.encode(HEADER.as_bytes()),
            BASE64URL_NOPAD.encode(&payload)
        );
        let signature = identity
            .sign_es256(input.as_bytes())
            .map_err(|error| machine(error.to_string()))?;
        Ok(format!("{input}.{}", BASE64URL_NOPAD.encode(&signature)))
    }

    /// Reads an appraisal of `receipt` and checks who signed it. Then the receipt may be judged
    /// at [`DatedAppraisal::at`], *if* one believes [`DatedAppraisal::participant`]'s clock.
    ///
    /// # Errors
    /// [`Error::ReceiptUnfit`].
    pub fn verify(jws: &str, receipt: &[u8], policy: &Policy) -> Result<Self, Error> {
        let refused = |reason: &str| Error::ReceiptUnfit {
            reason: format!("the appraisal beside it: {reason}"),
        };
        let jws = jws.trim_end();
        if jws.len() > MAX_APPRAISAL_BYTES {
            return Err(refused("it is too long"));
        }
        let (input, signature) = jws
            .rsplit_once('.')
            .ok_or_else(|| refused("it is no JWS"))?;
        let (header, payload) = input
            .split_once('.')
            .ok_or_else(|| refused("it is no JWS"))?;
        let decode = |text: &str| {
            BASE64URL_NOPAD
                .decode(text.as_bytes())
                .map_err(|_| refused("it is no base64url"))
        };
        if decode(header)? != HEADER.as_bytes() {
            return Err(refused("it is of another type or algorithm"));
        }
        let appraisal: Self = serde_json::from_slice(&decode(payload)?)
            .map_err(|_| refused("it says other things"))?;
        if appraisal.purpose != PURPOSE {
            return Err(refused("it was signed for another purpose"));
        }
        if appraisal.receipt != Sha256::of(receipt).to_string() {
            return Err(refused("it is about another receipt"));
        }
        let signer = policy
            .participant(&appraisal.participant)
            .ok_or_else(|| refused("the policy does not know who signed it"))?;
        let key = VerifyingKey::from_public_key_der(&signer.spki)
            .map_err(|_| refused("its signer has no P-256 key"))?;
        let signature = Signature::from_slice(&decode(signature)?)
            .map_err(|_| refused("its signature is malformed"))?;
        key.verify(input.as_bytes(), &signature)
            .map_err(|_| refused("its signature is wrong"))?;
        Ok(appraisal)
    }

    /// Whose clock it rests on.
    pub fn participant(&self) -> &str {
        &self.participant
    }

    /// When the receipt was verified, by that clock.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_seconds(self.at)
    }
}

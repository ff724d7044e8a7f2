//! A participant's word that it verified a receipt at a certain time.

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use serde::{Deserialize, Serialize};
use veracruz_policy::{ParticipantName, Policy, Sha256, Timestamp};
use veracruz_session::Identity;

use crate::error::Error;

/// A participant's word that it verified a receipt at a certain time, with certain collateral.
///
/// A receipt has no date, and what vendors publish about their hardware expires: years later a
/// receipt can be judged at this date, by whoever believes that the participant's clock was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedAppraisal {
    receipt: Sha256,
    participant: String,
    at: Timestamp,
    collateral: Option<Vec<Sha256>>,
}

/// Version 1 did not say with what the receipt was judged. It is read for ever.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version1 {
    purpose: String,
    /// SHA-256 of the receipt's file, hex.
    receipt: String,
    /// Whose word it is: a name in the policy.
    participant: String,
    /// When, by that participant's clock: seconds since 1970.
    at: i64,
}

/// What is written today.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version2 {
    purpose: String,
    /// SHA-256 of the receipt's file, hex.
    receipt: String,
    /// Whose word it is: a name in the policy.
    participant: String,
    /// When, by that participant's clock: seconds since 1970.
    at: i64,
    /// SHA-256 of every file of collateral that the receipt was judged with, hex, sorted.
    collateral: Vec<String>,
}

/// What every version has: a signature for another purpose is never an appraisal.
#[derive(Deserialize)]
struct AnyVersion {
    purpose: String,
}

const PURPOSE_PREFIX: &str = "veracruz-appraisal-v";
const PURPOSE_1: &str = "veracruz-appraisal-v1";
const PURPOSE_2: &str = "veracruz-appraisal-v2";
const HEADER: &str = r#"{"alg":"ES256","typ":"veracruz-appraisal+jws"}"#;
/// Digests of 1,024 files of collateral fit.
const MAX_APPRAISAL_BYTES: usize = 128 << 10;

impl DatedAppraisal {
    /// What `participant` says at `now` about a receipt that it has verified with `collateral`.
    pub(crate) fn of(
        receipt: &[u8],
        participant: &ParticipantName,
        mut collateral: Vec<Sha256>,
        now: Timestamp,
    ) -> Self {
        collateral.sort_unstable_by_key(|digest| *digest.as_bytes());
        Self {
            receipt: Sha256::of(receipt),
            participant: participant.to_string(),
            at: now,
            collateral: Some(collateral),
        }
    }

    /// A JWS in compact form (RFC 7515), ES256.
    pub(crate) fn sign(&self, identity: &Identity) -> Result<String, Error> {
        let machine = |reason: String| Error::Machine { reason };
        let collateral = self.collateral.iter().flatten();
        let document = Version2 {
            purpose: PURPOSE_2.to_owned(),
            receipt: self.receipt.to_string(),
            participant: self.participant.clone(),
            at: self.at.seconds(),
            collateral: collateral.map(ToString::to_string).collect(),
        };
        let payload = serde_json::to_vec(&document).map_err(|error| machine(error.to_string()))?;
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
        if decode(header)? != HEADER.as_bytes() {
            return Err(refused("it is of another type or algorithm"));
        }
        let appraisal = Self::parse(&decode(payload)?)?;
        if appraisal.receipt != Sha256::of(receipt) {
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

    /// Reads what was signed, of any version.
    fn parse(json: &[u8]) -> Result<Self, Error> {
        let other = |_| refused("it says other things");
        let AnyVersion { purpose } = serde_json::from_slice(json).map_err(other)?;
        let digest = |text: &str| {
            text.parse::<Sha256>()
                .map_err(|_| refused("it has a digest that is none"))
        };
        match purpose.as_str() {
            PURPOSE_1 => {
                let document: Version1 = serde_json::from_slice(json).map_err(other)?;
                Ok(Self {
                    receipt: digest(&document.receipt)?,
                    participant: document.participant,
                    at: Timestamp::from_seconds(document.at),
                    collateral: None,
                })
            }
            PURPOSE_2 => {
                let document: Version2 = serde_json::from_slice(json).map_err(other)?;
                let collateral = document.collateral.iter().map(|text| digest(text));
                Ok(Self {
                    receipt: digest(&document.receipt)?,
                    participant: document.participant,
                    at: Timestamp::from_seconds(document.at),
                    collateral: Some(collateral.collect::<Result<_, _>>()?),
                })
            }
            other => match other.strip_prefix(PURPOSE_PREFIX) {
                Some(version) if version.bytes().all(|byte| byte.is_ascii_digit()) => Err(refused(
                    &format!("it has version {version}, expected 1 or 2: use a newer veracruz"),
                )),
                _ => Err(refused("it was signed for another purpose")),
            },
        }
    }

    /// Whose clock it rests on.
    pub fn participant(&self) -> &str {
        &self.participant
    }

    /// When the receipt was verified, by that clock.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// SHA-256 of each file of collateral that the receipt was judged with. `None` in version 1,
    /// which did not say.
    pub fn collateral(&self) -> Option<&[Sha256]> {
        self.collateral.as_deref()
    }
}

fn refused(reason: &str) -> Error {
    Error::ReceiptUnfit {
        reason: format!("the appraisal beside it: {reason}"),
    }
}

fn decode(text: &str) -> Result<Vec<u8>, Error> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| refused("it is no base64url"))
}

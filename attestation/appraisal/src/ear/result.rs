//! What a result says.

use std::collections::BTreeMap;

use p256::ecdsa::SigningKey;
use veracruz_evidence::ReportData;
use veracruz_policy::{KeyDigest, PolicyHash, Timestamp};

use super::{EarError, Expected, LONGEST, MAX_EAR_BYTES, Tier, TrustVector, cwt, jwt};
use crate::Appraised;

/// An attestation result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ear {
    /// Who appraised.
    pub verifier: VerifierId,
    /// When.
    pub issued: Timestamp,
    /// The last second at which it is good.
    pub expires: Timestamp,
    /// What the evidence was bound to.
    pub report_data: ReportData,
    /// What was found, by the name of the evidence's technology.
    pub submods: BTreeMap<String, Submod>,
}

/// Who made a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierId {
    /// The name under which policies know the verifier: EAR's `developer`.
    pub name: String,
    /// Its software and version: EAR's `build`.
    pub build: String,
}

/// The result for one piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submod {
    /// The worst tier of the vector.
    pub status: Tier,
    /// In detail.
    pub vector: TrustVector,
    /// What it was held against: [`policy_id`].
    pub policies: Vec<String>,
    /// What the evidence says, after it was found good.
    pub claims: AttesterClaims,
}

/// What the verifier takes from good evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttesterClaims {
    /// The measurement, lower-case hex.
    pub measurement: String,
    /// Digest of the isolate's key, where the report data holds one; a result without it says
    /// nothing about who may show it.
    pub key: Option<KeyDigest>,
    /// Digest of the key that vouches for the isolate, where that is one which a policy names.
    pub attester: Option<KeyDigest>,
}

/// How results name a policy: a URI (RFC 4151).
#[must_use]
pub fn policy_id(policy: &PolicyHash) -> String {
    format!("tag:veracruz.internal,2026:policy/{policy}")
}

impl Ear {
    /// The result of an appraisal.
    ///
    /// `key` is the digest of the isolate's key that went into the report data, if one did.
    /// `lifetime` is in seconds, cut at [`LONGEST`].
    #[must_use]
    pub fn of(
        appraised: &Appraised,
        key: Option<KeyDigest>,
        verifier: VerifierId,
        lifetime: i64,
    ) -> Self {
        let vector = TrustVector::of(appraised);
        let submod = Submod {
            status: vector.tier(),
            vector,
            policies: vec![policy_id(&appraised.policy())],
            claims: AttesterClaims {
                measurement: appraised.measurement().to_string(),
                key,
                attester: appraised.attester(),
            },
        };
        let issued = appraised.at();
        let lifetime = lifetime.clamp(0, LONGEST);
        Self {
            verifier,
            issued,
            expires: Timestamp::from_seconds(issued.seconds().saturating_add(lifetime)),
            report_data: appraised.report_data(),
            submods: BTreeMap::from([(appraised.technology().name().to_owned(), submod)]),
        }
    }

    /// The result as a signed JWT.
    #[must_use]
    pub fn sign_jwt(&self, key: &SigningKey) -> String {
        jwt::sign(self, key)
    }

    /// The result as a signed CWT: COSE_Sign1.
    #[must_use]
    pub fn sign_cwt(&self, key: &SigningKey) -> Vec<u8> {
        cwt::sign(self, key)
    }

    /// Reads a result of either form, and takes it only if it is the expected one.
    ///
    /// # Errors
    /// `TooLong`, `Malformed`, `WrongAlgorithm`, `UntrustedKey`, `BadSignature`; then what
    /// [`Expected`] finds.
    pub fn read(token: &[u8], expected: &Expected<'_>) -> Result<Self, EarError> {
        if token.len() > MAX_EAR_BYTES {
            return Err(EarError::TooLong { found: token.len() });
        }
        // A JWT begins with base64url of `{`, a CWT with CBOR's tag 18.
        let ear = match token.first() {
            Some(b'e') => jwt::verify(token, expected.key)?,
            _ => cwt::verify(token, expected.key)?,
        };
        expected.check(&ear)?;
        Ok(ear)
    }
}

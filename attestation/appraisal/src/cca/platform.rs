//! The token of the platform: which hardware and firmware the realm runs on.

use veracruz_policy::Sha256;

use super::PLATFORM;
use crate::AppraisalError;
use crate::arm::{Claims, Component};
use crate::cbor::Value;
use crate::cose::Sign1;

/// The profiles that are known: before RMM 1.0, and of it.
const PROFILES: [&str; 2] = [
    "http://arm.com/CCA-SSD/1.0.0",
    "tag:arm.com,2023:cca_platform#1.0.0",
];

const PROFILE: i64 = 265;
const CHALLENGE: i64 = 10;
const INSTANCE_ID: i64 = 256;
const LIFECYCLE: i64 = 2395;
const IMPLEMENTATION_ID: i64 = 2396;
const COMPONENTS: i64 = 2399;
const VERIFICATION_SERVICE: i64 = 2400;
const CONFIG: i64 = 2401;
const HASH_ALGORITHM: i64 = 2402;

/// The claims of a platform token, as claimed.
#[derive(Clone, Debug)]
pub(super) struct PlatformToken<'b> {
    pub(super) profile: &'b str,
    /// The digest of the key that signs realm tokens.
    pub(super) challenge: &'b [u8],
    pub(super) implementation_id: Sha256,
    pub(super) instance_id: &'b [u8],
    pub(super) lifecycle: u16,
    pub(super) config: &'b [u8],
    pub(super) hash_algorithm: &'b str,
    pub(super) components: Vec<Component<'b>>,
    pub(super) verification_service: Option<&'b str>,
}

impl<'b> PlatformToken<'b> {
    /// Reads the claims of a token whose signature nobody has checked yet.
    ///
    /// # Errors
    /// `Malformed`, `UnknownProfile`.
    pub(super) fn parse(token: &Sign1<'b>) -> Result<Self, AppraisalError> {
        let claims = Claims::new(token.unverified_claims(PLATFORM)?, PLATFORM)?;
        let profile = claims.text(PROFILE, "profile")?.unwrap_or("none");
        if !PROFILES.contains(&profile) {
            return Err(AppraisalError::UnknownProfile {
                part: PLATFORM,
                expected: "http://arm.com/CCA-SSD/1.0.0 or tag:arm.com,2023:cca_platform#1.0.0",
                found: profile.into(),
            });
        }
        let implementation_id = claims.bytes(IMPLEMENTATION_ID, "implementation id", &[32])?;
        let implementation_id = <[u8; 32]>::try_from(implementation_id)
            .map_err(|_| claims.malformed("an implementation id of another length".into()))?;
        let config = claims.get(CONFIG).and_then(Value::bytes);
        let hash_algorithm = claims.text(HASH_ALGORITHM, "hash algorithm")?;
        Ok(Self {
            profile,
            challenge: claims.bytes(CHALLENGE, "challenge", &[32, 48, 64])?,
            implementation_id: Sha256::from_bytes(implementation_id),
            instance_id: claims.instance_id(INSTANCE_ID)?,
            lifecycle: claims.number16(LIFECYCLE, "lifecycle")?,
            config: config
                .ok_or_else(|| claims.malformed(format!("no platform config (claim {CONFIG})")))?,
            hash_algorithm: hash_algorithm
                .ok_or_else(|| claims.malformed("no hash algorithm (claim 2402)".into()))?,
            components: Component::list(&claims, COMPONENTS, PLATFORM)?,
            verification_service: claims.text(VERIFICATION_SERVICE, "verification service")?,
        })
    }
}

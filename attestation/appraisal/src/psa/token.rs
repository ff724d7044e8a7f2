//! The claims of a token, under the labels of either generation.

use veracruz_policy::Sha256;

use super::TOKEN;
use crate::AppraisalError;
use crate::arm::{Claims, Component};
use crate::cbor::Value;
use crate::cose::Sign1;

/// Profile 1 of 2019, whose claims have private labels, and which may go without saying.
const PROFILE_1: &str = "PSA_IOT_PROFILE_1";
/// RFC 9783, and its drafts as Trusted Firmware-M wrote them for years.
const PROFILES_2: [&str; 2] = [
    "tag:psacertified.org,2023:psa#tfm",
    "http://arm.com/psa/2.0.0",
];

/// Where a generation has its claims.
struct Labels {
    nonce: i64,
    instance_id: i64,
    client_id: i64,
    lifecycle: i64,
    implementation_id: i64,
    boot_seed: i64,
    certification_reference: i64,
    components: i64,
    verification_service: i64,
}

/// RFC 9783 section 4.
const LABELS_2: Labels = Labels {
    nonce: 10,
    instance_id: 256,
    client_id: 2394,
    lifecycle: 2395,
    implementation_id: 2396,
    boot_seed: 2397,
    certification_reference: 2398,
    components: 2399,
    verification_service: 2400,
};
/// Where both generations say which they are.
const PROFILE_LABEL_2: i64 = 265;
const PROFILE_LABEL_1: i64 = -75000;

/// RFC 9783 appendix, draft-tschofenig-rats-psa-token-05.
const LABELS_1: Labels = Labels {
    nonce: -75008,
    instance_id: -75009,
    client_id: -75001,
    lifecycle: -75002,
    implementation_id: -75003,
    boot_seed: -75004,
    certification_reference: -75005,
    components: -75006,
    verification_service: -75010,
};

/// The claims of a token, as claimed.
#[derive(Clone, Debug)]
pub(super) struct PsaToken<'b> {
    pub(super) profile: &'b str,
    pub(super) nonce: &'b [u8],
    pub(super) instance_id: &'b [u8],
    pub(super) client_id: i64,
    pub(super) lifecycle: u16,
    pub(super) implementation_id: Sha256,
    pub(super) boot_seed: Option<&'b [u8]>,
    pub(super) certification_reference: Option<&'b str>,
    pub(super) components: Vec<Component<'b>>,
    pub(super) verification_service: Option<&'b str>,
}

impl<'b> PsaToken<'b> {
    /// Reads the claims of a token whose signature nobody has checked yet.
    ///
    /// # Errors
    /// `Malformed`, `UnknownProfile`.
    pub(super) fn parse(message: &Sign1<'b>) -> Result<Self, AppraisalError> {
        let claims = Claims::new(message.unverified_claims(TOKEN)?, TOKEN)?;
        let (profile, labels) = generation(&claims)?;
        let client_id = claims.get(labels.client_id).and_then(Value::integer);
        let client_id = client_id.filter(|id| i32::try_from(*id).is_ok() && *id != 0);
        let implementation_id = labels.implementation_id;
        let implementation_id = claims.bytes(implementation_id, "implementation id", &[32])?;
        let implementation_id = <[u8; 32]>::try_from(implementation_id)
            .map_err(|_| claims.malformed("an implementation id of another length".into()))?;
        let boot_seed = claims.get(labels.boot_seed);
        let boot_seed = boot_seed.map(|seed| {
            let bytes = seed.bytes().filter(|seed| (8..=32).contains(&seed.len()));
            bytes.ok_or_else(|| claims.malformed("the boot seed is not 8 to 32 bytes".into()))
        });
        let service = labels.verification_service;
        Ok(Self {
            profile,
            nonce: claims.bytes(labels.nonce, "nonce", &[32, 48, 64])?,
            instance_id: claims.instance_id(labels.instance_id)?,
            client_id: client_id.ok_or_else(|| {
                claims.malformed(format!("no client id (claim {})", labels.client_id))
            })?,
            lifecycle: claims.number16(labels.lifecycle, "lifecycle")?,
            implementation_id: Sha256::from_bytes(implementation_id),
            boot_seed: boot_seed.transpose()?,
            certification_reference: claims
                .text(labels.certification_reference, "certification reference")?,
            components: Component::list(&claims, labels.components, TOKEN)?,
            verification_service: claims.text(service, "verification service indicator")?,
        })
    }
}

/// Which generation a token says, or shows, that it is of.
fn generation<'b>(claims: &Claims<'b>) -> Result<(&'b str, &'static Labels), AppraisalError> {
    let unknown = |found: &str| AppraisalError::UnknownProfile {
        part: TOKEN,
        expected: "tag:psacertified.org,2023:psa#tfm, http://arm.com/psa/2.0.0 or PSA_IOT_PROFILE_1",
        found: found.into(),
    };
    let new = claims.text(PROFILE_LABEL_2, "profile")?;
    let old = claims.text(PROFILE_LABEL_1, "profile")?;
    match (new, old) {
        (Some(profile), None) if PROFILES_2.contains(&profile) => Ok((profile, &LABELS_2)),
        (None, Some(PROFILE_1)) => Ok((PROFILE_1, &LABELS_1)),
        (None, None) if claims.get(LABELS_1.nonce).is_some() => Ok((PROFILE_1, &LABELS_1)),
        (Some(_), Some(_)) => Err(claims.malformed("profiles of two generations".into())),
        (Some(other), None) | (None, Some(other)) => Err(unknown(other)),
        (None, None) => Err(unknown("none")),
    }
}

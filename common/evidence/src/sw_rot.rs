//! The token of the software root of trust: an EAT (RFC 9711) as CWT, signed by an attester.
//!
//! Claims are those of the PSA token (RFC 9783) where it has them. The profile is our own, because
//! three things differ: there is no secure world, so the lifecycle is always 'unknown' and never
//! 'secured'; the attester's public key travels in the protected header; and one private claim
//! holds the hash of the policy with which the isolate was started.
//!
//! | label | claim | value |
//! |---|---|---|
//! | 10 | nonce | the 64 bytes of report data |
//! | 256 | instance id | 0x01 ‖ SHA-256(attester's SPKI): names the attester, not the isolate |
//! | 265 | profile | [`PROFILE`] |
//! | 2394 | client id | -1: the caller is outside any secure world |
//! | 2395 | lifecycle | 0: unknown |
//! | 2396 | implementation id | [`IMPLEMENTATION_ID`] |
//! | 2399 | software components | one: the SHA-256 of a `runtime`, or of a `machine` |
//! | -70000 | launch policy | hash of the policy given to the attester at launch |
//!
//! Protected header: `alg` (ES256) and -70001, the attester's SPKI in DER; unprotected: empty.
//!
//! ```
//! use p256::ecdsa::SigningKey;
//! use veracruz_evidence::{ReportData, sw_rot};
//! use veracruz_policy::{PolicyHash, Sha256};
//!
//! let attester = SigningKey::from_slice(&[7; 32])?;
//! let claims = sw_rot::SwRotClaims {
//!     report_data: ReportData::from_bytes([1; 64]),
//!     measured: sw_rot::Measured::Runtime(Sha256::of(b"the runtime's binary")),
//!     launch_policy: PolicyHash::from_bytes([2; 32]),
//! };
//! let evidence = sw_rot::sign(&claims, &attester);
//! let token = sw_rot::parse(evidence.content())?;
//! assert_eq!(token.peek().claims(), &claims); // claimed, not verified
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use p256::ecdsa::{SigningKey, VerifyingKey};
use veracruz_policy::{KeyDigest, PolicyHash, Sha256};

use crate::cbor::{CborError, Reader, Writer};
use crate::cose::{CoseError, SPKI_HEADER, Sign1, sign1};
use crate::spki::{self, NotP256Spki};
use crate::{Evidence, ReportData, Technology, Unverified};

/// The profile, claim 265 (RFC 9711 section 4.3.2): says which claims there are, and how written.
pub const PROFILE: &str = "tag:veracruz.internal,2026:sw-rot#1";
/// The implementation, claim 2396: 32 bytes, the same for every attester of this design.
pub const IMPLEMENTATION_ID: [u8; 32] = *b"veracruz software root of trust1";
/// The lifecycle that an attester claims (RFC 9783 section 4.3.1): unknown.
pub const LIFECYCLE_UNKNOWN: u16 = 0x0000;
/// The caller, claim 2394 (RFC 9783 section 4.1.2): negative is outside the secure world.
const CLIENT_ID: i64 = -1;

const NONCE: i64 = 10;
const INSTANCE_ID: i64 = 256;
const EAT_PROFILE: i64 = 265;
const CLIENT: i64 = 2394;
const LIFECYCLE: i64 = 2395;
const IMPLEMENTATION: i64 = 2396;
const SOFTWARE_COMPONENTS: i64 = 2399;
/// Private use (RFC 8392 section 9.1: less than -65536).
const LAUNCH_POLICY: i64 = -70000;

/// Keys of a software component (RFC 9783 section 4.4.1).
const MEASUREMENT_TYPE: i64 = 1;
const MEASUREMENT_VALUE: i64 = 2;
const MEASUREMENT_DESCRIPTION: i64 = 6;

/// The first byte of a UEID that is random or a hash (RFC 9711 section 4.2.1).
const UEID_RAND: u8 = 0x01;

/// What an attester says about one isolate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwRotClaims {
    /// What the isolate asked to have signed.
    pub report_data: ReportData,
    /// What the attester measured before it started it.
    pub measured: Measured,
    /// Hash of the policy with which the host had the isolate started.
    pub launch_policy: PolicyHash,
}

/// What an attester measured and started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// The runtime's binary, as a process: its SHA-256.
    Runtime(Sha256),
    /// A virtual machine that nothing protects: its [`machine_measurement`].
    Machine(Sha256),
}

impl Measured {
    /// The measurement alone. Compare kinds as well: what is good as the one is not as the other.
    pub const fn digest(self) -> Sha256 {
        match self {
            Self::Runtime(digest) | Self::Machine(digest) => digest,
        }
    }

    /// The measurement type of its software component (RFC 9783 section 4.4.1).
    const fn name(self) -> &'static str {
        match self {
            Self::Runtime(_) => "runtime",
            Self::Machine(_) => "machine",
        }
    }
}

/// What a virtual machine started with, as one digest: SHA-256 of "veracruz-machine-v1" and of the
/// SHA-256 of each of its parts, in this order. The command line is without a terminator.
pub fn machine_measurement(kernel: &Sha256, initramfs: &Sha256, command_line: &[u8]) -> Sha256 {
    let parts = [kernel, initramfs, &Sha256::of(command_line)];
    let mut input = alloc::vec::Vec::from(*b"veracruz-machine-v1");
    for part in parts {
        input.extend_from_slice(part.as_bytes());
    }
    Sha256::of(&input)
}

/// Signs `claims` with an attester's key.
pub fn sign(claims: &SwRotClaims, key: &SigningKey) -> Evidence {
    let spki = spki::of_p256(key.verifying_key());
    let payload = encode_claims(claims, &instance_id(&KeyDigest::of_spki(&spki)));
    let token = sign1(
        |headers| headers.int(SPKI_HEADER, |w| w.bytes(&spki)),
        &payload,
        key,
    );
    Evidence::new(Technology::SoftwareRootOfTrust, token)
}

/// Reads a token: its shape, and that it is of this profile. Verifies nothing.
///
/// # Errors
/// Every variant of [`SwRotError`].
pub fn parse(token: &[u8]) -> Result<Unverified<Token<'_>>, SwRotError> {
    let sign1 = Sign1::parse(token)?;
    if !sign1.unprotected_is_empty() {
        return Err(SwRotError::UnprotectedHeaders);
    }
    // alg and the key: whatever else were there, nobody would look at it.
    if sign1.header_count() != 2 {
        return Err(SwRotError::WrongHeaders {
            found: sign1.header_count(),
        });
    }
    let header = sign1
        .unverified_header(SPKI_HEADER)
        .ok_or(SwRotError::NoAttesterKey)?;
    let spki = Reader::new(header)?.bytes(spki::P256_SPKI_BYTES)?;
    let key = spki::parse_p256(spki)?;
    let attester = KeyDigest::of_spki(spki);
    let (claims, lifecycle, instance_id) = parse_claims(sign1.unverified_payload())?;
    Ok(Unverified::new(Token {
        sign1,
        key,
        attester,
        claims,
        lifecycle,
        instance_id,
    }))
}

/// A token of the right shape, together with the key that it says has signed it.
#[derive(Clone, Debug)]
pub struct Token<'b> {
    sign1: Sign1<'b>,
    key: VerifyingKey,
    attester: KeyDigest,
    claims: SwRotClaims,
    lifecycle: u16,
    instance_id: [u8; 33],
}

impl Token<'_> {
    /// The claims.
    pub const fn claims(&self) -> &SwRotClaims {
        &self.claims
    }

    /// Digest of the key in the header. Anyone can make a key: compare it with those trusted.
    pub const fn attester(&self) -> KeyDigest {
        self.attester
    }

    /// The claimed lifecycle, RFC 9783 section 4.3.1.
    pub const fn lifecycle(&self) -> u16 {
        self.lifecycle
    }

    /// Whether the instance id names the key in the header, as the profile wants.
    pub fn names_its_attester(&self) -> bool {
        self.instance_id == instance_id(&self.attester)
    }

    /// Checks that the key in the header signed this token. That says nothing about the key.
    ///
    /// # Errors
    /// `BadSignature`.
    pub fn verify_signature(&self) -> Result<(), CoseError> {
        self.sign1.verify(&self.key).map(drop)
    }
}

/// Bytes that are not a token of this profile. Whoever made them is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SwRotError {
    /// Not a COSE_Sign1 with ES256.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// A header or claim is missing, of the wrong type or length, or one too many.
    #[error("not a token of the software root of trust: {0}")]
    Malformed(#[from] CborError),
    /// There are headers that nobody signed.
    #[error("the token has unprotected headers, expected none")]
    UnprotectedHeaders,
    /// Other protected headers than the algorithm and the attester's key.
    #[error("the token has {found} protected headers, expected 2")]
    WrongHeaders {
        /// How many there are.
        found: usize,
    },
    /// The header with the attester's key is missing.
    #[error("the token does not name its attester's key (header -70001)")]
    NoAttesterKey,
    /// The attester's key is not a P-256 key.
    #[error("the attester's key is {0}")]
    AttesterKey(#[from] NotP256Spki),
    /// A token of another profile.
    #[error("the token's profile is {found:?}, expected {PROFILE:?}")]
    WrongProfile {
        /// The profile found, claim 265.
        found: alloc::string::String,
    },
    /// A claim that this profile fixes has another value.
    #[error("the token's {claim} is not the one that the profile fixes")]
    WrongConstant {
        /// Which claim.
        claim: &'static str,
    },
}

fn instance_id(attester: &KeyDigest) -> [u8; 33] {
    let mut id = [UEID_RAND; 33];
    for (to, from) in id.iter_mut().skip(1).zip(attester.as_bytes()) {
        *to = *from;
    }
    id
}

fn encode_claims(claims: &SwRotClaims, instance_id: &[u8]) -> alloc::vec::Vec<u8> {
    Writer::encode(|w| {
        w.map(|m| {
            m.int(NONCE, |w| w.bytes(claims.report_data.as_bytes()));
            m.int(INSTANCE_ID, |w| w.bytes(instance_id));
            m.int(EAT_PROFILE, |w| w.text(PROFILE));
            m.int(CLIENT, |w| w.integer(CLIENT_ID));
            m.int(LIFECYCLE, |w| w.unsigned(LIFECYCLE_UNKNOWN.into()));
            m.int(IMPLEMENTATION, |w| w.bytes(&IMPLEMENTATION_ID));
            m.int(SOFTWARE_COMPONENTS, |w| {
                w.array(1);
                w.map(|m| {
                    m.int(MEASUREMENT_TYPE, |w| w.text(claims.measured.name()));
                    m.int(MEASUREMENT_VALUE, |w| {
                        w.bytes(claims.measured.digest().as_bytes());
                    });
                    m.int(MEASUREMENT_DESCRIPTION, |w| w.text("sha-256"));
                });
            });
            m.int(LAUNCH_POLICY, |w| w.bytes(claims.launch_policy.as_bytes()));
        });
    })
}

/// Keys are sorted, so the claims stand in one order, and one more or less is out of place.
fn parse_claims(payload: &[u8]) -> Result<(SwRotClaims, u16, [u8; 33]), SwRotError> {
    let mut r = Reader::new(payload)?;
    r.map(8)?;
    r.key(NONCE, "claim 10 (nonce)")?;
    let report_data = ReportData::from_bytes(r.byte_array()?);
    r.key(INSTANCE_ID, "claim 256 (instance id)")?;
    let instance_id = r.byte_array()?;
    r.key(EAT_PROFILE, "claim 265 (profile)")?;
    let profile = r.text(128)?;
    if profile != PROFILE {
        return Err(SwRotError::WrongProfile {
            found: profile.into(),
        });
    }
    r.key(CLIENT, "claim 2394 (client id)")?;
    constant(r.integer()? == CLIENT_ID, "client id")?;
    r.key(LIFECYCLE, "claim 2395 (lifecycle)")?;
    let offset = r.offset();
    let lifecycle = u16::try_from(r.unsigned()?).map_err(|_| CborError::Unexpected {
        offset,
        expected: "a lifecycle below 2^16",
    })?;
    r.key(IMPLEMENTATION, "claim 2396 (implementation id)")?;
    constant(r.byte_array()? == IMPLEMENTATION_ID, "implementation id")?;
    r.key(SOFTWARE_COMPONENTS, "claim 2399 (software components)")?;
    r.tuple(1)?;
    r.map(3)?;
    r.key(MEASUREMENT_TYPE, "key 1 (measurement type)")?;
    let measured: fn(Sha256) -> Measured = match r.text(32)? {
        "runtime" => Measured::Runtime,
        "machine" => Measured::Machine,
        _ => return Err(constant_differs("measurement type")),
    };
    r.key(MEASUREMENT_VALUE, "key 2 (measurement value)")?;
    let measured = measured(Sha256::from_bytes(r.byte_array()?));
    r.key(MEASUREMENT_DESCRIPTION, "key 6 (measurement description)")?;
    constant(r.text(32)? == "sha-256", "measurement description")?;
    r.key(LAUNCH_POLICY, "claim -70000 (launch policy)")?;
    let launch_policy = PolicyHash::from_bytes(r.byte_array()?);
    Ok((
        SwRotClaims {
            report_data,
            measured,
            launch_policy,
        },
        lifecycle,
        instance_id,
    ))
}

fn constant(is_right: bool, claim: &'static str) -> Result<(), SwRotError> {
    if is_right {
        Ok(())
    } else {
        Err(constant_differs(claim))
    }
}

const fn constant_differs(claim: &'static str) -> SwRotError {
    SwRotError::WrongConstant { claim }
}

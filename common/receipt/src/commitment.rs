//! Commitments: a receipt names contents without telling them.

use core::fmt;

use sha2::Digest as _;
use veracruz_policy::{FilePath, Sha256};

/// A hiding, binding name of a content: 32 bytes.
///
/// `SHA-256( items, each with its length as u32 big-endian before it )`, the items being
/// `"veracruz-commitment-v1"`, the salt (32 bytes), SHA-256 of the content (32 bytes).
///
/// Whoever does not have the salt cannot tell which content it is, however few there are to try
/// out, nor whether two commitments are to the same content. Whoever gives a commitment can open
/// it to one content only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Commitment([u8; 32]);

impl Commitment {
    /// Commits to the content with that digest. The salt is 32 fresh random bytes for each file:
    /// the provider's client draws that of an input, the isolate that of an output.
    #[must_use]
    pub fn to(salt: &[u8; 32], content: &Sha256) -> Self {
        Self(hash_items(&[
            b"veracruz-commitment-v1",
            salt,
            content.as_bytes(),
        ]))
    }

    /// Commits to the secret from which the seeds of a run's programs are derived. The secret is
    /// its own salt: it has 256 bits that no single party knows.
    ///
    /// Items: `"veracruz-randomness-v1"`, the secret.
    #[must_use]
    pub fn to_randomness(secret: &[u8; 32]) -> Self {
        Self(hash_items(&[b"veracruz-randomness-v1", secret]))
    }

    /// Takes a commitment that was made before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({self})")
    }
}

/// What opens a commitment: known to the provider of an input, or to the receivers of an output.
///
/// The salt is as secret as the content is guessable, so there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// The file in the policy.
    pub path: FilePath,
    /// SHA-256 of the content that the verifier has.
    pub content: Sha256,
    /// The salt that came with it.
    pub salt: [u8; 32],
}

impl Opening {
    /// The commitment that this opens.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        Commitment::to(&self.salt, &self.content)
    }
}

/// The length before each item keeps two lists of items from hashing alike.
fn hash_items(items: &[&[u8]]) -> [u8; 32] {
    let mut hash = sha2::Sha256::new();
    for item in items {
        // Items are labels, salts and digests of at most 32 bytes.
        let length = u32::try_from(item.len()).unwrap_or(u32::MAX);
        hash.update(length.to_be_bytes());
        hash.update(item);
    }
    hash.finalize().into()
}

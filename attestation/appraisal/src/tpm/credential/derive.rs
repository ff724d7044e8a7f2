//! Key derivation as TPMs have it (TPM 2.0 Library, part 1, section 11.4.10).

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;

use crate::key::Hash;

/// KDFa: SP 800-108 in counter mode with HMAC, the second context empty. `length` bytes, at most
/// one digest.
///
/// # Errors
/// Where `length` is more than that.
pub(super) fn kdfa(
    hash: Hash,
    key: &[u8],
    label: &[u8],
    context: &[u8],
    length: usize,
) -> Result<Vec<u8>, Unspecified> {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hash.hmac(), key));
    mac.update(&1_u32.to_be_bytes());
    mac.update(label);
    mac.update(&[0]);
    mac.update(context);
    mac.update(&bits(length)?);
    first(mac.sign().as_ref(), length)
}

/// KDFe: SP 800-56A in the concatenation form, from a shared secret and the x coordinates of both
/// ends. As many bytes as the digest has.
pub(super) fn kdfe(hash: Hash, shared: &[u8], label: &[u8], ours: &[u8], theirs: &[u8]) -> Vec<u8> {
    let counter = 1_u32.to_be_bytes();
    hash.digest(&[&counter, shared, label, &[0], ours, theirs].concat())
}

fn bits(bytes: usize) -> Result<[u8; 4], Unspecified> {
    let bits = bytes
        .checked_mul(8)
        .and_then(|bits| u32::try_from(bits).ok());
    bits.map(u32::to_be_bytes).ok_or(Unspecified)
}

fn first(bytes: &[u8], length: usize) -> Result<Vec<u8>, Unspecified> {
    bytes.get(..length).map(Into::into).ok_or(Unspecified)
}

//! The seed of a credential's keys, and how it gets to the TPM (TPM 2.0 Library, part 1, annexes
//! B.10 for RSA and C.6 for elliptic curves).

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use veracruz_evidence::tpm::MAX_CREDENTIAL_SECRET_BYTES;

use super::derive::kdfe;
use super::{SEED_BYTES, sized};
use crate::key::{Curve, Hash, Key};
use crate::tpm::endorsement::EndorsementKey;

/// What the seed is for; the zero after it belongs to it where RSA takes a label.
const LABEL: &[u8] = b"IDENTITY";
const LABEL_WITH_END: &[u8] = b"IDENTITY\0";

/// A seed, and the same encrypted to `ek`.
pub(super) fn encrypted(
    ek: &EndorsementKey,
    random: &[u8; SEED_BYTES],
) -> Result<(Vec<u8>, Vec<u8>), Unspecified> {
    match &ek.key {
        Key::Rsa(_) => rsa(ek, random),
        Key::Ec(curve, point) => exchanged(ek.hash, *curve, point, random),
    }
}

fn rsa(ek: &EndorsementKey, random: &[u8; SEED_BYTES]) -> Result<(Vec<u8>, Vec<u8>), Unspecified> {
    let spki = ek.key.spki().ok_or(Unspecified)?;
    let key = PublicEncryptingKey::from_der(&spki).map_err(|_| Unspecified)?;
    let key = OaepPublicEncryptingKey::new(key)?;
    if key.ciphertext_size() > MAX_CREDENTIAL_SECRET_BYTES {
        return Err(Unspecified);
    }
    let seed = random.get(..ek.hash.width()).ok_or(Unspecified)?;
    let padding = match ek.hash {
        Hash::Sha256 => &OAEP_SHA256_MGF1SHA256,
        _ => &OAEP_SHA384_MGF1SHA384,
    };
    let mut encrypted = vec![0; key.ciphertext_size()];
    let length = key
        .encrypt(padding, seed, &mut encrypted, Some(LABEL_WITH_END))?
        .len();
    encrypted.truncate(length);
    Ok((seed.to_vec(), encrypted))
}

/// The seed is what a key made for this once has in common with the endorsement key; the TPM gets
/// its public half.
fn exchanged(
    hash: Hash,
    curve: Curve,
    point: &[u8],
    random: &[u8; SEED_BYTES],
) -> Result<(Vec<u8>, Vec<u8>), Unspecified> {
    let algorithm = match curve {
        Curve::P256 => &ECDH_P256,
        Curve::P384 => &ECDH_P384,
        Curve::P521 => return Err(Unspecified),
    };
    let scalar = random.get(..curve.width()).ok_or(Unspecified)?;
    let ours = PrivateKey::from_private_key(algorithm, scalar).map_err(|_| Unspecified)?;
    let public = ours.compute_public_key()?;
    let (x, y) = coordinates(public.as_ref(), curve)?;
    let (their_x, _) = coordinates(point, curve)?;
    let theirs = UnparsedPublicKey::new(algorithm, point);
    let seed = agreement::agree(&ours, theirs, Unspecified, |shared| {
        Ok(kdfe(hash, shared, LABEL, x, their_x))
    })?;
    Ok((seed, [sized(x)?, sized(y)?].concat()))
}

/// Those of an uncompressed point.
fn coordinates(point: &[u8], curve: Curve) -> Result<(&[u8], &[u8]), Unspecified> {
    let (first, coordinates) = point.split_first().ok_or(Unspecified)?;
    let (x, y) = coordinates
        .split_at_checked(curve.width())
        .ok_or(Unspecified)?;
    if *first != 4 || y.len() != curve.width() {
        return Err(Unspecified);
    }
    Ok((x, y))
}

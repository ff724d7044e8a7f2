//! A TPM of a few lines, that opens credentials as the specification says (TPM 2.0 Library, part 1,
//! section 24).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::cipher::{AES_128, AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::{digest, hmac};
use veracruz_evidence::tpm::Credential;

use super::forge::{Ak, NULL, SHA384};

/// fixedTPM, fixedParent, sensitiveDataOrigin, adminWithPolicy, restricted, decrypt.
pub(crate) const STORAGE: u32 = 0x0003_00b2;

/// `TPMT_PUBLIC` as templates L-1, L-2 and H-3 have it, but for the policy.
pub(crate) fn area(ek: &Ak, attributes: u32) -> Vec<u8> {
    let mut area = ek.public(attributes, (NULL, 0));
    let bits: u16 = match ek {
        Ak::P384(_) => {
            area.splice(2..4, SHA384.to_be_bytes());
            256
        }
        _ => 128,
    };
    // Behind type, name algorithm, attributes and the empty policy.
    let cipher = [6, bits, 0x43].map(u16::to_be_bytes).concat();
    area.splice(10..12, cipher);
    area
}

/// `TPM2_ActivateCredential` for a key of this name (part 1, section 24).
pub(crate) fn activate(ek: &Ak, name: &[u8], credential: &Credential) -> Option<Vec<u8>> {
    let large = matches!(ek, Ak::P384(_));
    let (hash, mac, cipher) = if large {
        (&digest::SHA384, hmac::HMAC_SHA384, &AES_256)
    } else {
        (&digest::SHA256, hmac::HMAC_SHA256, &AES_128)
    };
    let seed = match ek {
        Ak::P256(key) => {
            let key = PrivateKey::from_private_key(&ECDH_P256, &key.to_bytes());
            shared(hash, &key.unwrap(), ek, &credential.secret)?
        }
        Ak::P384(key) => {
            let key = PrivateKey::from_private_key(&ECDH_P384, &key.to_bytes());
            shared(hash, &key.unwrap(), ek, &credential.secret)?
        }
        Ak::Rsa(key) => {
            let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
            let key = PrivateDecryptingKey::from_pkcs8(der.as_ref()).unwrap();
            let key = OaepPrivateDecryptingKey::new(key).unwrap();
            let mut seed = vec![0; key.min_output_size()];
            let label = Some(&b"IDENTITY\0"[..]);
            key.decrypt(
                &OAEP_SHA256_MGF1SHA256,
                &credential.secret,
                &mut seed,
                label,
            )
            .ok()?
            .to_vec()
        }
    };
    let width = hash.output_len();
    let derive = |label: &[u8], context: &[u8], bits: u32| {
        let parts = [&[0, 0, 0, 1], label, &[0], context, &bits.to_be_bytes()].concat();
        hmac::sign(&hmac::Key::new(mac, &seed), &parts)
    };
    let (length, rest) = credential.blob.split_at_checked(2)?;
    assert_eq!(usize::from(length[1]), width);
    let (code, identity) = rest.split_at_checked(width)?;
    let key = derive(b"INTEGRITY", b"", u32::try_from(width * 8).unwrap());
    let key = hmac::Key::new(mac, key.as_ref());
    hmac::verify(&key, &[identity, name].concat(), code).ok()?;
    let bytes = if large { 32 } else { 16 };
    let key = derive(b"STORAGE", name, u32::try_from(bytes * 8).unwrap());
    let key = UnboundCipherKey::new(cipher, &key.as_ref()[..bytes]).unwrap();
    let mut identity = identity.to_vec();
    let zeros = DecryptionContext::Iv128(FixedLength::from([0; 16]));
    let opened = DecryptingKey::cfb128(key)
        .unwrap()
        .decrypt(&mut identity, zeros)
        .unwrap();
    Some(opened[2..].to_vec())
}

/// The seed from a point of the sender's.
fn shared(
    hash: &'static digest::Algorithm,
    key: &PrivateKey,
    ek: &Ak,
    point: &[u8],
) -> Option<Vec<u8>> {
    let width = if matches!(ek, Ak::P384(_)) { 48 } else { 32 };
    let (x, y) = (point.get(2..2 + width)?, point.get(4 + width..)?);
    let theirs = UnparsedPublicKey::new(key.algorithm(), [&[4], x, y].concat());
    let own = key.compute_public_key().unwrap();
    agreement::agree(key, theirs, (), |z| {
        let counter = [0, 0, 0, 1];
        let parts = [&counter, z, b"IDENTITY\0", x, &own.as_ref()[1..=width]].concat();
        Ok(digest::digest(hash, &parts).as_ref().to_vec())
    })
    .ok()
}

//! The randomness of programs, which neither the host nor any one party can compute.
//!
//! Every provided file brings a secret share of 32 bytes. With HKDF-SHA256 (RFC 5869), all items
//! of an `info` having their length as u32 big-endian before them:
//!
//! ```text
//! secret of a run  = HKDF(ikm  = shares, ordered by provider's name, then by path,
//!                         salt = "veracruz-shares-v1",
//!                         info = "veracruz-run-secret-v1", inputs, policy hash, run)
//! inputs           = SHA-256( path, content digest (32 bytes), … in the same order; all items
//!                             with their length )
//! seed of a stage  = HKDF(ikm  = secret of the run, no salt,
//!                         info = "veracruz-seed-program-v1", stage)
//! ```
//!
//! `run` (from 1) and `stage` (from 0) are u32 big-endian; names and paths are ordered by their
//! bytes. Noise and quorum will have labels of their own beside `veracruz-seed-program-v1`. The
//! receipt has a commitment to the secret of the run (`Commitment::to_randomness`).

use alloc::vec::Vec;

use hkdf::Hkdf;
use sha2::{Digest, Sha256 as Hasher};
use veracruz_policy::{FilePath, ParticipantName, PolicyHash, Sha256};
use zeroize::Zeroizing;

/// The salt of HKDF-Extract over all shares.
pub const SHARES_SALT: &[u8] = b"veracruz-shares-v1";
/// The label of the secret of a run.
pub const RUN_SECRET_LABEL: &[u8] = b"veracruz-run-secret-v1";
/// The label of the seed of a stage's program.
pub const PROGRAM_SEED_LABEL: &[u8] = b"veracruz-seed-program-v1";

/// One provided file's part in the randomness.
pub(crate) struct Contribution<'a> {
    pub(crate) provider: &'a ParticipantName,
    pub(crate) path: &'a FilePath,
    pub(crate) content: Sha256,
    pub(crate) share: &'a [u8; 32],
}

/// The secret from which a run's seeds come.
pub(crate) fn run_secret(
    mut contributions: Vec<Contribution<'_>>,
    policy: &PolicyHash,
    run: u32,
) -> Zeroizing<[u8; 32]> {
    contributions.sort_by(|a, b| (a.provider, a.path).cmp(&(b.provider, b.path)));
    // Room for everything beforehand: a vector that grows leaves copies of secrets behind.
    let capacity = contributions.len().saturating_mul(32);
    let mut shares = Zeroizing::new(Vec::with_capacity(capacity));
    let mut inputs = Hasher::new();
    for contribution in &contributions {
        shares.extend_from_slice(contribution.share);
        for item in [
            contribution.path.as_str().as_bytes(),
            contribution.content.as_bytes(),
        ] {
            inputs.update(length(item));
            inputs.update(item);
        }
    }
    let info = [
        RUN_SECRET_LABEL,
        &inputs.finalize(),
        policy.as_bytes(),
        &run.to_be_bytes(),
    ];
    expand(&Hkdf::new(Some(SHARES_SALT), &shares), &info)
}

/// The seed of one stage's program.
pub(crate) fn program_seed(run_secret: &[u8; 32], stage: u32) -> Zeroizing<[u8; 32]> {
    expand(
        &Hkdf::new(None, run_secret),
        &[PROGRAM_SEED_LABEL, &stage.to_be_bytes()],
    )
}

/// The salt of the commitment to an output, from the isolate's own secret.
pub(crate) fn output_salt(secret: &[u8; 32], run: u32, path: &FilePath) -> Zeroizing<[u8; 32]> {
    let info: [&[u8]; 3] = [
        b"veracruz-output-salt-v1",
        &run.to_be_bytes(),
        path.as_str().as_bytes(),
    ];
    expand(&Hkdf::new(None, secret), &info)
}

fn expand(key: &Hkdf<Hasher>, items: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut info = Vec::new();
    for item in items {
        info.extend_from_slice(&length(item));
        info.extend_from_slice(item);
    }
    let mut out = Zeroizing::new([0; 32]);
    #[expect(
        clippy::expect_used,
        reason = "going on with a key of zeros would be worse"
    )]
    key.expand(&info, &mut *out)
        .expect("HKDF-SHA256 gives up to 8160 bytes");
    out
}

fn length(item: &[u8]) -> [u8; 4] {
    // Paths have at most 4096 bytes, everything else is shorter.
    u32::try_from(item.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn name(text: &str) -> ParticipantName {
        ParticipantName::parse(text).unwrap()
    }

    fn path(text: &str) -> FilePath {
        FilePath::parse(text).unwrap()
    }

    /// The secret of run 3 of three files, in any order.
    fn secret(order: [usize; 3]) -> Zeroizing<[u8; 32]> {
        let names = [name("acme"), name("acme"), name("lab")];
        let paths = [path("/input/a"), path("/input/b"), path("/a.wasm")];
        let contents = [Sha256::of(b"a"), Sha256::of(b"b"), Sha256::of(b"c")];
        let shares = [[1; 32], [2; 32], [3; 32]];
        let contribution = |index: usize| Contribution {
            provider: &names[index],
            path: &paths[index],
            content: contents[index],
            share: &shares[index],
        };
        let contributions = order.map(contribution).into();
        run_secret(contributions, &PolicyHash::from_bytes([7; 32]), 3)
    }

    /// Computed with python3's `hmac` and `hashlib` from the module's documentation alone.
    #[test]
    fn the_randomness_is_what_its_documentation_says() {
        let secret = secret([0, 1, 2]);
        assert_eq!(
            HEXLOWER.encode(&*secret),
            "0655fa87a06720c84e1b7740140f9e92764fe80832b6626add146e87b4f9adb9"
        );
        assert_eq!(
            HEXLOWER.encode(&*program_seed(&secret, 1)),
            "3cdb50d40c212777ad2f0fa504e4cd2f8295c8881b787c1287419d6bc0755c31"
        );
        assert_eq!(
            HEXLOWER.encode(&*output_salt(&[9; 32], 3, &path("/output/o"))),
            "c44fbde64af7c40ee113cdf1fa81e72b996d48cf45ad8aa0709a5e0811e20976"
        );
    }

    #[test]
    fn the_order_is_by_provider_and_path_and_not_by_arrival() {
        assert_eq!(secret([0, 1, 2]), secret([2, 1, 0]));
    }

    #[test]
    fn every_stage_has_another_seed() {
        let secret = secret([0, 1, 2]);
        assert_ne!(program_seed(&secret, 0), program_seed(&secret, 1));
        assert_ne!(program_seed(&secret, 0), secret);
    }
}

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
//! bytes. Noise will have a label of its own beside `veracruz-seed-program-v1`. The receipt has a
//! commitment to the secret of the run (`Commitment::to_randomness`).
//!
//! Where the policy has a quorum, two more keys are made of the secret of the run, which is equal in
//! all of its isolates:
//!
//! ```text
//! key of the tags  = HKDF(ikm = secret of the run, no salt, info = "veracruz-seed-quorum-v1")
//! tag              = HKDF(ikm  = key of the tags, no salt,
//!                         info = "veracruz-quorum-tag-v1", policy hash, run, id of the quorum,
//!                                instance, outcome ("finished", "failed"),
//!                                path, length (u64 big-endian), content digest, … of each output
//!                                in order of paths)
//! key of the salts = HKDF(ikm = secret of the run, no salt, info = "veracruz-quorum-salts-v1")
//! ```
//!
//! HKDF with such an `info` is HMAC-SHA256 under a key: whoever lacks the key cannot tell a tag from
//! 32 random bytes, however few outputs there are to try out.

use alloc::vec::Vec;

use hkdf::Hkdf;
use sha2::{Digest, Sha256 as Hasher};
use veracruz_policy::{FilePath, InstanceId, ParticipantName, PolicyHash, Sha256};
use veracruz_protocol::{Content, RunOutcome};
use zeroize::Zeroizing;

/// The salt of HKDF-Extract over all shares.
pub const SHARES_SALT: &[u8] = b"veracruz-shares-v1";
/// The label of the secret of a run.
pub const RUN_SECRET_LABEL: &[u8] = b"veracruz-run-secret-v1";
/// The label of the seed of a stage's program.
pub const PROGRAM_SEED_LABEL: &[u8] = b"veracruz-seed-program-v1";

/// The label of the key under which isolates of a quorum compare outputs.
pub const QUORUM_KEY_LABEL: &[u8] = b"veracruz-seed-quorum-v1";
/// The label of what they compare.
pub const QUORUM_TAG_LABEL: &[u8] = b"veracruz-quorum-tag-v1";
/// The label of the key of the salts that they have in common.
pub const QUORUM_SALTS_LABEL: &[u8] = b"veracruz-quorum-salts-v1";

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

/// The key under which isolates of a quorum compare outputs.
pub(crate) fn quorum_key(run_secret: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    expand(&Hkdf::new(None, run_secret), &[QUORUM_KEY_LABEL])
}

/// What [`output_salt`] takes in the place of the isolate's own secret in a quorum.
pub(crate) fn quorum_salts_key(run_secret: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    expand(&Hkdf::new(None, run_secret), &[QUORUM_SALTS_LABEL])
}

/// Whose tag it is, and of what.
pub(crate) struct TagSubject {
    pub(crate) policy: PolicyHash,
    pub(crate) run: u32,
    pub(crate) quorum: Sha256,
    pub(crate) instance: InstanceId,
    pub(crate) outcome: RunOutcome,
}

/// What an isolate says that found these outputs, in order of their paths.
pub(crate) fn quorum_tag(
    key: &[u8; 32],
    subject: &TagSubject,
    outputs: &[(&FilePath, Content)],
) -> [u8; 32] {
    let run = subject.run.to_be_bytes();
    let outcome: &[u8] = match subject.outcome {
        RunOutcome::Finished => b"finished",
        _ => b"failed",
    };
    let lengths: Vec<[u8; 8]> = outputs
        .iter()
        .map(|(_, content)| content.length.to_be_bytes())
        .collect();
    let mut items: Vec<&[u8]> = alloc::vec![
        QUORUM_TAG_LABEL,
        subject.policy.as_bytes(),
        &run,
        subject.quorum.as_bytes(),
        subject.instance.as_bytes(),
        outcome,
    ];
    for ((path, content), length) in outputs.iter().zip(&lengths) {
        items.extend([path.as_str().as_bytes(), length, content.sha256.as_bytes()]);
    }
    *expand(&Hkdf::new(None, key), &items)
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

    /// Computed as the values above.
    #[test]
    fn the_tags_of_a_quorum_are_what_the_documentation_says() {
        let key = quorum_key(&secret([0, 1, 2]));
        let subject = |outcome| TagSubject {
            policy: PolicyHash::from_bytes([7; 32]),
            run: 3,
            quorum: Sha256::from_bytes([8; 32]),
            instance: InstanceId::from_bytes([9; 32]),
            outcome,
        };
        let paths = [path("/output/a"), path("/output/b")];
        let content = |bytes: &[u8]| Content {
            length: bytes.len() as u64,
            sha256: Sha256::of(bytes),
        };
        let outputs = [(&paths[0], content(b"x")), (&paths[1], content(b"yz"))];
        assert_eq!(
            HEXLOWER.encode(&quorum_tag(&key, &subject(RunOutcome::Finished), &outputs)),
            "2aa5e62b56a1c9868fcd9e386ff2235546f3c323f6d7c10cbec68c8e7b7664ea"
        );
        assert_eq!(
            HEXLOWER.encode(&quorum_tag(&key, &subject(RunOutcome::Failed), &[])),
            "6b21cbe3aee4f7e4f6bbf55302def93151dd9b73993b08f0a82c1c2eb3acb49c"
        );
        assert_eq!(
            HEXLOWER.encode(&*quorum_salts_key(&secret([0, 1, 2]))),
            "27f35942030e72ffeff10fe320c8d613c8cbbb6c2b5ac18c8dfd763e7d1fce7b"
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

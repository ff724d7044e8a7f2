//! The attester's key: made on first use, kept in a file that only its owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use p256::ecdsa::SigningKey;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rustix::fs::OFlags;
use veracruz_policy::KeyDigest;
use zeroize::Zeroizing;

/// The name of the key's file in the state directory.
const FILE: &str = "attester.key";
/// A PKCS#8 PEM file of a P-256 key has about 240 bytes.
const MAX_BYTES: u64 = 4096;

/// The attester's signing key and its public half.
pub struct AttesterKey {
    signing: SigningKey,
    spki: Vec<u8>,
}

impl AttesterKey {
    /// Opens `attester.key` in `state_dir`, and makes directory (mode 0700) and key (PKCS#8 PEM,
    /// mode 0600) where there are none.
    ///
    /// # Errors
    ///
    /// A directory or file that somebody else owns or could read, a file that holds no P-256 key,
    /// or an error of the file system. Nothing is ever overwritten.
    pub fn open(state_dir: impl AsRef<Path>) -> Result<Self, KeyError> {
        let dir = state_dir.as_ref();
        make_private_dir(dir)?;
        let path = dir.join(FILE);
        loop {
            match read_private(&path) {
                Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    create(dir, &path)?;
                }
                read => return Self::parse(&read?, &path),
            }
        }
    }

    /// The public key as DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// What a policy writes into `isolates.process.attesters`.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of_spki(&self.spki)
    }

    pub(crate) fn signing(&self) -> &SigningKey {
        &self.signing
    }

    fn parse(pem: &str, path: &Path) -> Result<Self, KeyError> {
        let invalid = || KeyError::Invalid {
            path: path.to_path_buf(),
        };
        let signing = SigningKey::from_pkcs8_pem(pem).map_err(|_| invalid())?;
        let spki = signing
            .verifying_key()
            .to_public_key_der()
            .map_err(|_| invalid())?;
        Ok(Self {
            signing,
            spki: spki.into_vec(),
        })
    }
}

impl std::fmt::Debug for AttesterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttesterKey")
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

/// Makes `dir` with mode 0700, or checks that it is that already.
fn make_private_dir(dir: &Path) -> Result<(), KeyError> {
    let made = DirBuilder::new().mode(0o700).create(dir);
    match made {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            return Err(KeyError::Io {
                path: dir.to_path_buf(),
                source,
            });
        }
        _ => {}
    }
    let metadata = fs::symlink_metadata(dir).map_err(|source| KeyError::Io {
        path: dir.to_path_buf(),
        source,
    })?;
    if !metadata.is_dir() {
        return Err(KeyError::NotADirectory {
            path: dir.to_path_buf(),
        });
    }
    check_private(dir, &metadata)
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let io = |source| KeyError::Io {
        path: path.to_path_buf(),
        source,
    };
    // A symbolic link or a pipe in the key's place is refused, not followed or waited for.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(KeyError::Invalid {
            path: path.to_path_buf(),
        });
    }
    check_private(path, &metadata)?;
    let mut pem = Zeroizing::new(String::with_capacity(
        usize::try_from(MAX_BYTES).unwrap_or(0),
    ));
    let read = file.take(MAX_BYTES).read_to_string(&mut pem);
    read.map_err(|_| KeyError::Invalid {
        path: path.to_path_buf(),
    })?;
    Ok(pem)
}

fn check_private(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyError> {
    let expected = rustix::process::geteuid().as_raw();
    if metadata.uid() != expected {
        let found = metadata.uid();
        return Err(KeyError::Owner {
            path: path.to_path_buf(),
            expected,
            found,
        });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Mode {
            path: path.to_path_buf(),
            found: mode,
        });
    }
    Ok(())
}

/// Writes a fresh key beside `path` and links it there: whoever reads the file reads all of it, and
/// of two attesters that start at once one keeps its key and the other takes that one.
fn create(dir: &Path, path: &Path) -> Result<(), KeyError> {
    let pem = fresh()?;
    let draft = dir.join(format!("{FILE}.new-{}", std::process::id()));
    let io = |source| KeyError::Io {
        path: draft.clone(),
        source,
    };
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft);
    let mut file = opened.map_err(io)?;
    let written = file
        .write_all(pem.as_bytes())
        .and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&draft);
    linked
        .and(removed)
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(io)
}

fn fresh() -> Result<Zeroizing<String>, KeyError> {
    let mut secret = Zeroizing::new([0u8; 32]);
    loop {
        // Blocks until the kernel's generator is seeded.
        getrandom::fill(secret.as_mut_slice()).map_err(|_| KeyError::NoRandomness)?;
        // Fails for zero and for what is not below the order: once in 2^32 keys.
        if let Ok(key) = SigningKey::from_slice(secret.as_slice()) {
            return key
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| KeyError::NoRandomness);
        }
    }
}

/// Why there is no key. All of them are for the administrator of the attester to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file system refused.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Something else is where the state directory should be.
    #[error("{path} is not a directory", path = path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Somebody else owns it, and so could have chosen the key.
    #[error("{path} belongs to user {found}, not to user {expected}", path = path.display())]
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// Who runs this process.
        expected: u32,
        /// Who owns it.
        found: u32,
    },
    /// Others may read or write it.
    #[error("{path} has mode {found:04o}: others than its owner may use it", path = path.display())]
    Mode {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        found: u32,
    },
    /// The file holds no P-256 key in PKCS#8 PEM.
    #[error("{path} holds no P-256 private key in PKCS#8 PEM", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
    },
    /// The kernel gives no randomness.
    #[error("the kernel gives no randomness to make a key of")]
    NoRandomness,
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn makes_a_private_key_once_and_keeps_it() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("attester");
        let first = AttesterKey::open(&dir).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join(FILE)), 0o600);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "no draft is left");
        assert_eq!(AttesterKey::open(&dir).unwrap().digest(), first.digest());
        let other = AttesterKey::open(parent.path().join("other")).unwrap();
        assert_ne!(other.digest(), first.digest());
    }

    #[test]
    fn refuses_a_key_file_that_others_may_read() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("attester");
        AttesterKey::open(&dir).unwrap();
        for mode in [0o640, 0o604, 0o610, 0o601, 0o620] {
            fs::set_permissions(dir.join(FILE), fs::Permissions::from_mode(mode)).unwrap();
            let refused = AttesterKey::open(&dir);
            assert!(matches!(refused, Err(KeyError::Mode { found, .. }) if found == mode));
        }
    }

    #[test]
    fn refuses_a_directory_that_others_may_use() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("attester");
        AttesterKey::open(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(
            AttesterKey::open(&dir),
            Err(KeyError::Mode { found: 0o755, .. })
        ));
    }

    #[test]
    fn refuses_a_key_file_of_another_owner() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can give a file away");
            return;
        }
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("attester");
        AttesterKey::open(&dir).unwrap();
        std::os::unix::fs::chown(dir.join(FILE), Some(65534), None).unwrap();
        let refused = AttesterKey::open(&dir);
        assert!(matches!(refused, Err(KeyError::Owner { found: 65534, .. })));
    }

    #[test]
    fn refuses_a_link_and_a_file_without_a_key() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("attester");
        AttesterKey::open(&dir).unwrap();
        fs::rename(dir.join(FILE), dir.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", dir.join(FILE)).unwrap();
        assert!(matches!(AttesterKey::open(&dir), Err(KeyError::Io { .. })));
        fs::remove_file(dir.join(FILE)).unwrap();
        fs::write(dir.join(FILE), "no key").unwrap();
        fs::set_permissions(dir.join(FILE), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(
            AttesterKey::open(&dir),
            Err(KeyError::Invalid { .. })
        ));
    }
}

//! The three private keys: files that their owner alone can read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use p256::ecdsa::SigningKey;
use p256::pkcs8::DecodePrivateKey;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustix::fs::OFlags;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use veracruz_appraisal::ear::{Ear, VerifierId};
use veracruz_evidence::spki;
use veracruz_policy::PublicKey;
use zeroize::Zeroizing;

use crate::{Config, Verdict, VerifierError};

/// For how long a result is good, in seconds.
const RESULT_SECONDS: i64 = 300;
/// A P-256 key as PEM has 241 bytes, one of RSA with 4096 bits 3,272.
const MAX_KEY_FILE_BYTES: u64 = 16 << 10;

/// A private key that cannot be used. The operator can mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file could not be read or made.
    #[error("key file {}: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others on this machine may read or change it.
    #[error("key file {}: expected a regular file of our own with mode 0600, found mode {mode:04o} of user {owner}", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Its owner.
        owner: u32,
    },
    /// Not a private key of the kind that is needed.
    #[error("key file {}: expected {expected}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is needed.
        expected: &'static str,
    },
    /// No key could be made.
    #[error("no key can be made: {0}")]
    NotMade(String),
}

/// The keys of a verifier.
pub struct Keys {
    pub(crate) results: ResultKey,
    pub(crate) authority: KeyPair,
    pub(crate) tls: PrivateKeyDer<'static>,
}

impl Keys {
    /// Reads the key files that a configuration names.
    ///
    /// # Errors
    /// Those of [`KeyFileError`], and `OneKeyForTwo`.
    pub fn load(config: &Config) -> Result<Self, VerifierError> {
        let [results, authority, tls] = [&config.ear_key, &config.ca_key, &config.tls_key]
            .map(|path| read(path).map(|text| (path, text)));
        let ((results_path, results), (authority_path, authority), (tls_path, tls)) =
            (results?, authority?, tls?);
        if results == authority {
            return Err(VerifierError::OneKeyForTwo {
                one: "ear_key",
                other: "ca_key",
            });
        }
        let name = config.name.clone();
        let results = ResultKey::parse(&results, results_path, name)?;
        let authority = KeyPair::from_pkcs8_pem_and_sign_algo(&authority, &PKCS_ECDSA_P256_SHA256)
            .map_err(|_| no_p256(authority_path))?;
        let tls =
            PrivateKeyDer::from_pem_slice(tls.as_bytes()).map_err(|_| KeyFileError::NoKey {
                path: tls_path.clone(),
                expected: "a private key in PKCS #8, as PEM",
            })?;
        let keys = Self {
            results,
            authority,
            tls,
        };
        keys.check_distinct()?;
        Ok(keys)
    }

    /// The key that signs results, as policies name it.
    #[must_use]
    pub fn ear_key(&self) -> PublicKey {
        self.results.public.clone()
    }

    /// By their public halves, since one key has many encodings.
    fn check_distinct(&self) -> Result<(), VerifierError> {
        let authority = rcgen::PublicKeyData::subject_public_key_info(&self.authority);
        let tls = rustls::crypto::aws_lc_rs::sign::any_supported_type(&self.tls)
            .map_err(VerifierError::Tls)?
            .public_key()
            .map(|key| key.as_ref().to_vec());
        let same = |one, other| Err(VerifierError::OneKeyForTwo { one, other });
        if authority == self.results.public.spki() {
            return same("ear_key", "ca_key");
        }
        if tls.as_deref() == Some(self.results.public.spki()) {
            return same("ear_key", "tls_key");
        }
        if tls.as_deref() == Some(authority.as_slice()) {
            return same("ca_key", "tls_key");
        }
        Ok(())
    }
}

/// The key that signs results. It signs verdicts, and has no way to sign anything else.
pub(crate) struct ResultKey {
    key: SigningKey,
    pub(crate) public: PublicKey,
    name: String,
}

impl ResultKey {
    fn parse(pem: &str, path: &Path, name: String) -> Result<Self, KeyFileError> {
        let key = SigningKey::from_pkcs8_pem(pem).map_err(|_| no_p256(path))?;
        let public = PublicKey::from_spki(spki::of_p256(key.verifying_key()).to_vec());
        Ok(Self { key, public, name })
    }

    pub(crate) fn sign_jwt(&self, verdict: &Verdict) -> String {
        self.result(verdict).sign_jwt(&self.key)
    }

    pub(crate) fn sign_cwt(&self, verdict: &Verdict) -> Vec<u8> {
        self.result(verdict).sign_cwt(&self.key)
    }

    fn result(&self, verdict: &Verdict) -> Ear {
        let verifier = VerifierId {
            name: self.name.clone(),
            build: concat!("veracruz-verifier ", env!("CARGO_PKG_VERSION")).into(),
        };
        Ear::of(
            verdict.appraised(),
            verdict.isolate(),
            verifier,
            RESULT_SECONDS,
        )
    }
}

/// Makes a fresh P-256 key in a new file with mode 0600; a file that is there stays as it is.
///
/// # Errors
/// `Unusable` and `NotMade`.
pub fn create_key(path: &Path) -> Result<(), KeyFileError> {
    let unusable = |source| KeyFileError::Unusable {
        path: path.to_path_buf(),
        source,
    };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
        .map_err(|error| KeyFileError::NotMade(error.to_string()))?;
    let pem = Zeroizing::new(key.serialize_pem());
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(unusable)?;
    file.write_all(pem.as_bytes()).map_err(unusable)?;
    file.sync_all().map_err(unusable)
}

/// The public half of a key file's content, PEM: what policies name as `ear_key`.
///
/// # Errors
/// `NotMade` where the text holds no P-256 key.
pub fn ear_key_pem(key_pem: &str) -> Result<String, KeyFileError> {
    let key = pair(key_pem)?;
    Ok(key.public_key_pem())
}

/// A self-signed certificate, PEM, for TLS under these names and addresses.
///
/// # Errors
/// `NotMade` where the text holds no P-256 key, or a name fits into no certificate.
pub fn self_signed_tls(names: Vec<String>, key_pem: &str) -> Result<String, KeyFileError> {
    let key = pair(key_pem)?;
    let made = rcgen::CertificateParams::new(names).and_then(|params| params.self_signed(&key));
    match made {
        Ok(certificate) => Ok(certificate.pem()),
        Err(error) => Err(KeyFileError::NotMade(error.to_string())),
    }
}

fn pair(key_pem: &str) -> Result<KeyPair, KeyFileError> {
    KeyPair::from_pkcs8_pem_and_sign_algo(key_pem, &PKCS_ECDSA_P256_SHA256)
        .map_err(|error| KeyFileError::NotMade(error.to_string()))
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let unusable = |source| KeyFileError::Unusable {
        path: path.to_path_buf(),
        source,
    };
    // Neither a link to another file nor a pipe that never answers.
    let careful = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file: File = OpenOptions::new()
        .read(true)
        .custom_flags(careful)
        .open(path)
        .map_err(unusable)?;
    let metadata = file.metadata().map_err(unusable)?;
    let mode = metadata.mode() & 0o7777;
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    // 0400 is the same to everybody but a careless owner.
    if !metadata.is_file() || !ours || !matches!(mode, 0o600 | 0o400) {
        return Err(KeyFileError::Exposed {
            path: path.to_path_buf(),
            mode,
            owner: metadata.uid(),
        });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_KEY_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(unusable)?;
    Ok(text)
}

fn no_p256(path: &Path) -> KeyFileError {
    KeyFileError::NoKey {
        path: path.to_path_buf(),
        expected: "an ECDSA key on P-256 in PKCS #8, as PEM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_for_its_owner_alone_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ear.key");
        create_key(&path).unwrap();
        let first = read(&path).unwrap();
        assert!(ResultKey::parse(&first, &path, "v".into()).is_ok());
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert!(matches!(
            create_key(&path),
            Err(KeyFileError::Unusable { source, .. })
                if source.kind() == io::ErrorKind::AlreadyExists
        ));
        assert_eq!(read(&path).unwrap(), first);
    }

    #[test]
    fn refuses_a_key_file_that_others_may_read_or_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ear.key");
        create_key(&path).unwrap();
        for wrong in [0o644, 0o640, 0o604, 0o660, 0o700, 0o777] {
            set_permissions(&path, Permissions::from_mode(wrong)).unwrap();
            assert!(
                matches!(read(&path), Err(KeyFileError::Exposed { mode, .. }) if mode == wrong),
                "{wrong:o}"
            );
        }
        set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert!(read(&path).is_ok());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(read(&link), Err(KeyFileError::Unusable { .. })));
    }

    #[test]
    fn refuses_what_is_no_key() {
        let path = Path::new("ear.key");
        for text in [
            "",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(matches!(
                ResultKey::parse(text, path, "v".into()),
                Err(KeyFileError::NoKey { .. })
            ));
        }
    }
}

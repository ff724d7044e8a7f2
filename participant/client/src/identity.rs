//! Where a participant's key and certificate are kept.

use std::path::Path;

use veracruz_session::{Identity, Validity};

use crate::error::Error;
use crate::files;

/// A key and a certificate in PEM are under 2 KiB.
const MAX_IDENTITY_BYTES: u64 = 64 << 10;

/// Makes an identity and puts it into a new file: private key and certificate, mode 0600.
///
/// `name` goes into the certificate, for people to read. Where `validity` is absent the
/// certificate has no end.
///
/// # Errors
/// [`Error::DestinationExists`]: a key is never overwritten. [`Error::Identity`].
pub fn create(path: &Path, name: &str, validity: Option<Validity>) -> Result<Identity, Error> {
    let unusable = |reason: String| Error::Identity {
        path: path.into(),
        reason,
    };
    let identity = match validity {
        Some(validity) => Identity::generate_valid(name, validity),
        None => Identity::generate(name),
    }
    .map_err(|error| unusable(error.to_string()))?;
    let pem = identity
        .to_pem()
        .map_err(|error| unusable(error.to_string()))?;
    create_file(path, pem.as_bytes(), 0o600)?;
    Ok(identity)
}

/// Puts the certificate alone into a new file that everybody may read: what the others need.
///
/// # Errors
/// [`Error::DestinationExists`], [`Error::File`].
pub fn write_certificate(identity: &Identity, path: &Path) -> Result<(), Error> {
    let pem = identity
        .certificate_pem()
        .map_err(|error| Error::Identity {
            path: path.into(),
            reason: error.to_string(),
        })?;
    create_file(path, pem.as_bytes(), 0o644)
}

/// Reads an identity: key and certificate from `path`, or the key from there and the certificate
/// from another file.
///
/// # Errors
/// [`Error::Identity`] where a file is missing or damaged, where others can read the key, where
/// key and certificate do not belong together.
pub fn load(path: &Path, certificate: Option<&Path>) -> Result<Identity, Error> {
    let unusable = |reason: String| Error::Identity {
        path: path.into(),
        reason,
    };
    let mut pem = files::read_private(path, MAX_IDENTITY_BYTES)
        .map_err(|error| unusable(error.to_string()))?;
    if let Some(certificate) = certificate {
        let text = std::fs::read(certificate).map_err(Error::file(certificate, "read"))?;
        let mut both = zeroize::Zeroizing::new(Vec::with_capacity(
            pem.len().saturating_add(text.len()).saturating_add(1),
        ));
        both.extend_from_slice(&pem);
        both.push(b'\n');
        both.extend_from_slice(&text);
        pem = both;
    }
    Identity::from_pem(&pem).map_err(|error| unusable(error.to_string()))
}

fn create_file(path: &Path, contents: &[u8], mode: u32) -> Result<(), Error> {
    files::create_new(path, contents, mode).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            Error::DestinationExists { path: path.into() }
        } else {
            Error::file(path, "write")(error)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_identity_is_loaded_as_it_was_made_from_one_file_or_two() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.pem");
        let made = create(&path, "acme", None).unwrap();
        assert_eq!(load(&path, None).unwrap().key(), made.key());

        let certificate = folder.path().join("acme.crt");
        write_certificate(&made, &certificate).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let end = text.find("-----BEGIN CERTIFICATE").unwrap();
        let key = folder.path().join("acme.key");
        files::create_private(&key, &text.as_bytes()[..end]).unwrap();
        assert!(load(&key, None).is_err());
        assert_eq!(load(&key, Some(&certificate)).unwrap().key(), made.key());
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.pem");
        let made = create(&path, "acme", None).unwrap();
        assert!(matches!(
            create(&path, "acme", None),
            Err(Error::DestinationExists { .. })
        ));
        assert_eq!(load(&path, None).unwrap().key(), made.key());
    }

    #[test]
    fn refuses_a_key_that_others_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.pem");
        create(&path, "acme", None).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load(&path, None), Err(Error::Identity { .. })));
    }
}

//! Where a participant's key and certificate are kept.
//!
//! An identity is one file, readable by its owner alone: the private key, plain or under a
//! [`Passphrase`], and the certificate. Nothing of it is ever overwritten but by [`reseal`].

mod description;
mod passphrase;
mod pem;
mod sealed;

use std::io::{self, Read as _};
use std::path::Path;

use veracruz_session::{Identity, Validity};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::files;

pub use description::{Description, describe};
pub use passphrase::Passphrase;

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
    create_sealed(path, name, validity, None)
}

/// As [`create`]; the key is encrypted under the passphrase, where there is one.
///
/// # Errors
/// As [`create`].
pub fn create_sealed(
    path: &Path,
    name: &str,
    validity: Option<Validity>,
    passphrase: Option<&Passphrase>,
) -> Result<Identity, Error> {
    let identity = match validity {
        Some(validity) => Identity::generate_valid(name, validity),
        None => Identity::generate(name),
    }
    .map_err(|error| unusable(path, &error))?;
    let text = written(path, &identity, passphrase)?;
    create_file(path, text.as_bytes(), 0o600)?;
    Ok(identity)
}

/// Puts the certificate alone into a new file that everybody may read: what the others need.
///
/// # Errors
/// [`Error::DestinationExists`], [`Error::File`].
pub fn write_certificate(identity: &Identity, path: &Path) -> Result<(), Error> {
    let pem = identity
        .certificate_pem()
        .map_err(|error| unusable(path, &error))?;
    create_file(path, pem.as_bytes(), 0o644)
}

/// Reads an identity without a passphrase: key and certificate from `path`, or the key from there
/// and the certificate from another file.
///
/// # Errors
/// [`Error::Identity`] where a file is missing or damaged, or where key and certificate do not
/// belong together; [`Error::IdentityExposed`] where others can read the key;
/// [`Error::PassphraseNeeded`].
pub fn load(path: &Path, certificate: Option<&Path>) -> Result<Identity, Error> {
    let needed = || Err(Error::PassphraseNeeded { path: path.into() });
    load_asking(path, certificate, needed)
}

/// As [`load`]; asks for the passphrase where the key is under one, and not otherwise.
///
/// # Errors
/// As [`load`], those of `ask`, and [`Error::PassphraseWrong`].
pub fn load_asking(
    path: &Path,
    certificate: Option<&Path>,
    ask: impl FnOnce() -> Result<Passphrase, Error>,
) -> Result<Identity, Error> {
    let mut text = read(path)?;
    if let Some(certificate) = certificate {
        let other = std::fs::read(certificate).map_err(Error::file(certificate, "read"))?;
        text = pem::joined(&text, &other);
    }
    let text = std::str::from_utf8(&text).map_err(|_| unusable(path, &"it is not PEM"))?;
    pem::check(path, text)?;
    let identity = if pem::is_sealed(text) {
        Identity::from_pem(sealed::open(path, text, &ask()?)?.as_bytes())
    } else {
        Identity::from_pem(text.as_bytes())
    };
    identity.map_err(|error| unusable(path, &error))
}

/// Puts the key of an identity, as it was loaded from `path`, under another passphrase, or under
/// none. The file is replaced as a whole: it holds the old or the new form, whatever happens.
///
/// # Errors
/// [`Error::File`] where the file cannot be replaced.
pub fn reseal(
    path: &Path,
    identity: &Identity,
    passphrase: Option<&Passphrase>,
) -> Result<(), Error> {
    let text = written(path, identity, passphrase)?;
    files::replace_private(path, text.as_bytes()).map_err(Error::file(path, "replace"))
}

/// The contents of an identity's file, which nobody else can read.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    files::read_private(path, MAX_IDENTITY_BYTES).map_err(|error| match error.kind() {
        // Of the open file: what the operating system itself forbids has a number.
        io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => exposed(path),
        _ => unusable(path, &error),
    })
}

/// That others can read a key; or that there is none, which is the worse mistake.
fn exposed(path: &Path) -> Error {
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(MAX_IDENTITY_BYTES).read_to_string(&mut text));
    let text = Zeroizing::new(text);
    match (read, pem::check(path, &text)) {
        (Err(_), _) => unusable(path, &"it is not PEM"),
        (Ok(_), Err(error)) if !pem::has_key(&text) => error,
        _ => Error::IdentityExposed { path: path.into() },
    }
}

/// Key and certificate as they stand in the file.
fn written(
    path: &Path,
    identity: &Identity,
    passphrase: Option<&Passphrase>,
) -> Result<Zeroizing<String>, Error> {
    let plain = identity.to_pem().map_err(|error| unusable(path, &error))?;
    match passphrase {
        Some(passphrase) => sealed::seal(path, &plain, passphrase),
        None => Ok(plain),
    }
}

fn create_file(path: &Path, contents: &[u8], mode: u32) -> Result<(), Error> {
    files::create_new(path, contents, mode).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            Error::DestinationExists { path: path.into() }
        } else {
            Error::file(path, "write")(error)
        }
    })
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> Error {
    Error::Identity {
        path: path.into(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    fn nobody() -> Result<Passphrase, Error> {
        panic!("nobody was to be asked")
    }

    #[test]
    fn an_identity_is_loaded_as_it_was_made_from_one_file_or_two() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.pem");
        let made = create(&path, "acme", None).unwrap();
        assert_eq!(load_asking(&path, None, nobody).unwrap().key(), made.key());

        let certificate = folder.path().join("acme.crt");
        write_certificate(&made, &certificate).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let end = text.find("-----BEGIN CERTIFICATE").unwrap();
        let key = folder.path().join("acme.key");
        files::create_new(&key, &text.as_bytes()[..end], 0o600).unwrap();
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
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = load(&path, None).unwrap_err();
        assert!(
            matches!(refused, Error::IdentityExposed { .. }),
            "{refused}"
        );
    }

    #[test]
    fn a_key_under_a_passphrase_opens_with_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.pem");
        let made = create_sealed(&path, "acme", None, Some(&passphrase("open sesame"))).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));

        let opened = load_asking(&path, None, || Passphrase::new("open sesame")).unwrap();
        assert_eq!(opened.key(), made.key());
        let wrong = load_asking(&path, None, || Passphrase::new("open barley")).unwrap_err();
        assert!(matches!(wrong, Error::PassphraseWrong { .. }), "{wrong}");
        let none = load(&path, None).unwrap_err();
        assert!(matches!(none, Error::PassphraseNeeded { .. }), "{none}");
    }

    #[test]
    fn a_passphrase_is_set_changed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.pem");
        let made = create(&path, "acme", None).unwrap();
        let opened = |text| load_asking(&path, None, || Passphrase::new(text));

        reseal(&path, &made, Some(&passphrase("one"))).unwrap();
        assert_eq!(opened("one").unwrap().key(), made.key());
        reseal(&path, &made, Some(&passphrase("two"))).unwrap();
        assert!(matches!(opened("one"), Err(Error::PassphraseWrong { .. })));
        assert_eq!(opened("two").unwrap().key(), made.key());
        reseal(&path, &made, None).unwrap();
        assert_eq!(load_asking(&path, None, nobody).unwrap().key(), made.key());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

//! Identities against `openssl`: it reads what is written here, and what it writes is read here, or
//! refused with the reason.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use veracruz_client::Error;
use veracruz_client::identity::{self, Passphrase};

/// Whether there is an `openssl` to compare with; where not, says that the test is skipped.
fn there_is_openssl() -> bool {
    let there = Command::new("openssl").arg("version").output().is_ok();
    if !there {
        println!("skipped: no `openssl` to compare with");
    }
    there
}

/// What `openssl` prints, in a folder.
fn openssl(folder: &Path, arguments: &str) -> String {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// A file of these files, for its owner alone.
fn joined(folder: &Path, files: &[&str]) -> std::path::PathBuf {
    let text: String = files
        .iter()
        .map(|file| fs::read_to_string(folder.join(file)).unwrap())
        .collect();
    let path = folder.join("identity.pem");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn refused(path: &Path) -> String {
    match identity::load(path, None) {
        Err(Error::Identity { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn openssl_opens_a_key_that_was_sealed_here() {
    if !there_is_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.pem");
    let passphrase = Passphrase::new("correct horse").unwrap();
    identity::create_sealed(&path, "acme", None, Some(&passphrase)).unwrap();
    let opened = "pkey -in acme.pem -passin file:passphrase -pubout";
    fs::write(folder.path().join("passphrase"), "correct horse\n").unwrap();
    let certified = "x509 -in acme.pem -noout -pubkey";
    assert_eq!(
        openssl(folder.path(), opened),
        openssl(folder.path(), certified)
    );
    let how = openssl(folder.path(), "asn1parse -in acme.pem");
    for expected in [":PBES2", ":scrypt", ":aes-256-cbc"] {
        assert!(how.contains(expected), "{how}");
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("-----BEGIN PRIVATE KEY"), "{text}");
}

#[test]
fn a_key_that_openssl_sealed_is_opened_here() {
    if !there_is_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let make = |arguments: &str| openssl(folder.path(), arguments);
    make("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.key");
    make("req -x509 -new -key plain.key -subj /CN=acme -days 1 -out acme.crt");
    for how in ["-v2 aes-256-cbc", "-v2 aes-128-cbc -iter 20000", "-scrypt"] {
        make(&format!(
            "pkcs8 -topk8 -in plain.key -passout pass:sesame {how} -out acme.key"
        ));
        let path = joined(folder.path(), &["acme.key", "acme.crt"]);
        let ask = || Passphrase::new("sesame");
        identity::load_asking(&path, None, ask).unwrap_or_else(|error| panic!("{how}: {error}"));
        let wrong = identity::load_asking(&path, None, || Passphrase::new("barley"));
        assert!(matches!(wrong, Err(Error::PassphraseWrong { .. })), "{how}");
    }
}

#[test]
fn a_file_that_is_no_identity_is_refused_with_what_it_is() {
    if !there_is_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let make = |arguments: &str| openssl(folder.path(), arguments);
    let p256 = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out";
    make(&format!("{p256} a.key"));
    make(&format!("{p256} b.key"));
    make("ec -in a.key -out sec1.key");
    make("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.key");
    make("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key");
    for key in ["a", "b", "p384", "rsa"] {
        make(&format!(
            "req -x509 -new -key {key}.key -subj /CN={key} -days 1 -out {key}.crt"
        ));
    }
    identity::load(&joined(folder.path(), &["a.key", "a.crt"]), None).unwrap();

    let no_p256 = "the private key is not an ECDSA P-256 key in PKCS #8";
    for (files, expected) in [
        (&["rsa.key", "rsa.crt"][..], no_p256),
        (&["p384.key", "p384.crt"], no_p256),
        (
            &["a.key", "b.key", "a.crt"],
            "it holds several keys, expected one",
        ),
        (
            &["a.key", "a.crt", "b.crt"],
            "it holds several certificates, expected one",
        ),
        (
            &["sec1.key", "a.crt"],
            "its key is a \"EC PRIVATE KEY\", expected PKCS #8; `openssl pkcs8 -topk8` writes that",
        ),
        (&["a.crt"], "it holds a certificate and no key"),
        (&["a.key"], "it holds a key and no certificate"),
    ] {
        assert_eq!(
            refused(&joined(folder.path(), files)),
            expected,
            "{files:?}"
        );
    }
    let other = refused(&joined(folder.path(), &["a.key", "b.crt"]));
    assert!(
        other.starts_with("the certificate is for the key "),
        "{other}"
    );
    let path = joined(folder.path(), &["a.key", "a.crt"]);
    fs::write(&path, [0xff; 100]).unwrap();
    assert_eq!(refused(&path), "it is not PEM");
    fs::write(&path, "hello").unwrap();
    let nothing = "it holds neither a key nor a certificate in PEM";
    assert_eq!(refused(&path), nothing);
}

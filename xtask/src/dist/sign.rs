//! Checksums of all files, and a signature over the checksums, which a user checks with tools that
//! every system has.

#[cfg(test)]
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cache;
use crate::process::{self, Failure};

/// The checksums, as `sha256sum --check` reads them.
pub(super) const SUMS: &str = "SHA256SUMS";

/// Writes the checksums of `files` in `folder`.
pub(super) fn checksums(folder: &Path, files: &[String]) -> Result<(), Failure> {
    let mut files: Vec<&String> = files.iter().collect();
    files.sort();
    let mut sums = String::new();
    for file in files {
        let digest = cache::sha256(&folder.join(file))?;
        sums.push_str(&format!("{digest}  {file}\n"));
    }
    cache::write(&folder.join(SUMS), &sums)
}

/// Signs the checksums with a private key on P-256 (PEM, an identity of Veracruz will do), by
/// OpenSSL, which asks for the passphrase if there is one. Puts the public key beside it.
pub(super) fn sign(folder: &Path, key: Option<&Path>) -> Result<(), Failure> {
    let Some(key) = key else {
        println!(
            "\nUNSIGNED: there is no --key FILE, so nobody can tell who made these archives. \
             Checksums alone show nothing but that a download is whole."
        );
        return Ok(());
    };
    let (sums, signature, public) = (
        folder.join(SUMS),
        folder.join(format!("{SUMS}.sig")),
        folder.join("signing-key.pub"),
    );
    let mut derive = Command::new("openssl");
    derive.args(["pkey", "-pubout", "-in"]).arg(key);
    process::run(derive.arg("-out").arg(&public))?;
    let described = process::output(
        Command::new("openssl")
            .args(["pkey", "-pubin", "-noout", "-text", "-in"])
            .arg(&public),
    );
    if !described.is_some_and(|text| text.contains("prime256v1")) {
        return Err(Failure::new(format!(
            "{} is no key on P-256: make one with `veracruz identity new`, or with `openssl \
             genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`",
            key.display()
        )));
    }
    let mut sign = Command::new("openssl");
    sign.args(["dgst", "-sha256", "-sign"]).arg(key);
    process::run(sign.arg("-out").arg(&signature).arg(&sums))?;
    // What a user will do, before anybody else does.
    process::run(&mut verify(&public, &signature, &sums))?;
    println!(
        "\nsigned by the key with SHA-256 {}; whoever downloads checks:\n\n    \
         openssl dgst -sha256 -verify signing-key.pub -signature {SUMS}.sig {SUMS} &&\n    \
         sha256sum --check --ignore-missing {SUMS}\n\n\
         The public key must come to them another way than the archives.",
        cache::sha256(&public)?
    );
    Ok(())
}

/// As a user checks the signature.
pub(super) fn verify(public: &Path, signature: &Path, sums: &Path) -> Command {
    let mut verify = Command::new("openssl");
    verify.args(["dgst", "-sha256", "-verify"]).arg(public);
    verify.arg("-signature").arg(signature).arg(sums);
    verify
}

/// Whether all that the checksums name is in a folder, and is what they say.
#[cfg(test)]
pub(super) fn holds(folder: &Path) -> bool {
    let mut check = Command::new("sha256sum");
    check.args(["--check", "--strict", "--quiet", SUMS]);
    let checked = check.current_dir(folder).status();
    fs::exists(folder.join(SUMS)).is_ok_and(|there| there)
        && checked.is_ok_and(|status| status.success())
}

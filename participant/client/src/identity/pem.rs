//! What blocks an identity's file has, before anything in them is read.

use std::path::Path;

use zeroize::Zeroizing;

use super::unusable;
use crate::error::Error;

/// The label of a key under a passphrase (RFC 7468, section 11).
pub(super) const SEALED: &str = "ENCRYPTED PRIVATE KEY";
/// The label of a plain key (RFC 7468, section 10).
pub(super) const PLAIN: &str = "PRIVATE KEY";

/// Two files as one.
pub(super) fn joined(one: &[u8], two: &[u8]) -> Zeroizing<Vec<u8>> {
    let room = one.len().saturating_add(two.len()).saturating_add(1);
    let mut both = Zeroizing::new(Vec::with_capacity(room));
    both.extend_from_slice(one);
    both.push(b'\n');
    both.extend_from_slice(two);
    both
}

/// Whether the key is under a passphrase.
pub(super) fn is_sealed(text: &str) -> bool {
    labels(text).any(|label| label == SEALED)
}

/// Whether there is a key of any kind.
pub(super) fn has_key(text: &str) -> bool {
    labels(text).any(|label| label.ends_with("PRIVATE KEY"))
}

/// Refuses what is not one key and one certificate, and says what it is instead.
pub(super) fn check(path: &Path, text: &str) -> Result<(), Error> {
    let refused = |reason: &str| Err(unusable(path, &reason));
    let of_kind = |wanted: &str| labels(text).filter(|label| *label == wanted).count();
    let keys = of_kind(PLAIN).saturating_add(of_kind(SEALED));
    let other_key = labels(text).find(|label| label.ends_with("PRIVATE KEY"));
    match (keys, of_kind("CERTIFICATE"), other_key) {
        (1, 1, _) => Ok(()),
        (0, _, Some(label)) => Err(unusable(
            path,
            &format!(
                "its key is a {label:?}, expected PKCS #8; `openssl pkcs8 -topk8` writes that"
            ),
        )),
        (0, 0, None) => refused("it holds neither a key nor a certificate in PEM"),
        (0, _, None) => refused("it holds a certificate and no key"),
        (1, 0, _) => refused("it holds a key and no certificate"),
        (1, _, _) => refused("it holds several certificates, expected one"),
        (_, _, _) => refused("it holds several keys, expected one"),
    }
}

/// The certificate, from its first line to its last.
pub(super) fn certificate(text: &str) -> Option<&str> {
    const END: &str = "-----END CERTIFICATE-----\n";
    let start = text.find("-----BEGIN CERTIFICATE-----")?;
    let length = text.get(start..)?.find(END.trim_end())?;
    let end = start.checked_add(length)?.checked_add(END.len())?;
    text.get(start..end.min(text.len()))
}

/// The labels of all blocks, in order.
fn labels(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        line.trim_end()
            .strip_prefix("-----BEGIN ")?
            .strip_suffix("-----")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(labels: &[&str]) -> String {
        let text: String = labels
            .iter()
            .map(|label| format!("-----BEGIN {label}-----\nAA==\n-----END {label}-----\n"))
            .collect();
        match check(Path::new("it"), &text) {
            Ok(()) => "good".to_owned(),
            Err(Error::Identity { reason, .. }) => reason,
            Err(other) => other.to_string(),
        }
    }

    #[test]
    fn says_what_a_file_holds_instead_of_a_key_and_a_certificate() {
        for (labels, expected) in [
            (&["PRIVATE KEY", "CERTIFICATE"][..], "good"),
            (&["CERTIFICATE", SEALED], "good"),
            (&[], "it holds neither a key nor a certificate in PEM"),
            (
                &["PUBLIC KEY"],
                "it holds neither a key nor a certificate in PEM",
            ),
            (&["CERTIFICATE"], "it holds a certificate and no key"),
            (&["PRIVATE KEY"], "it holds a key and no certificate"),
            (
                &["PRIVATE KEY", SEALED, "CERTIFICATE"],
                "it holds several keys, expected one",
            ),
            (
                &["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"],
                "it holds several certificates, expected one",
            ),
            (
                &["EC PARAMETERS", "EC PRIVATE KEY", "CERTIFICATE"],
                "its key is a \"EC PRIVATE KEY\", expected PKCS #8; `openssl pkcs8 -topk8` writes \
                 that",
            ),
        ] {
            assert_eq!(said(labels), expected, "{labels:?}");
        }
    }
}

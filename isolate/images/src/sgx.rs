//! The runtime as an SGX enclave: what Gramine, a library operating system, has to be told.
//!
//! MRENCLAVE follows from Gramine's own loader and from this text; `gramine-sgx-sign` computes it.
//! `docs/reference/sgx.md` says what of this kind of isolate there is and what is missing.

use std::path::Path;

use veracruz_policy::Sha256;

use crate::ImageError;

/// The text with its gaps.
const TEMPLATE: &str = include_str!("../sgx/veracruz-runtime.manifest.template");

/// Enclaves have a size that is a power of two.
const SIZES: std::ops::RangeInclusive<u64> = 256 << 20..=1 << 40;

/// Gramine's helper threads, and the least that the runtime has.
const THREADS: std::ops::RangeInclusive<u32> = 8..=4096;

/// What an enclave is made of.
#[derive(Clone, Copy, Debug)]
pub struct Enclave<'a> {
    /// Gramine's library operating system, absolute: `libsysdb.so`.
    pub libos: &'a Path,
    /// The runtime, absolute.
    pub runtime: &'a Path,
    /// The runtime's digest.
    pub sha256: Sha256,
    /// Bytes of memory: a power of two from 256 MiB to 1 TiB. All of it is taken at the start.
    pub bytes: u64,
    /// Threads, Gramine's own among them: 8 to 4096.
    pub threads: u32,
}

/// The manifest of an enclave, for `gramine-sgx-sign`.
///
/// # Errors
/// `Differs` where a path is not absolute or has letters that cannot stand in it, and where a number
/// is out of its bounds.
pub fn gramine_manifest(enclave: &Enclave<'_>) -> Result<String, ImageError> {
    if !SIZES.contains(&enclave.bytes) || !enclave.bytes.is_power_of_two() {
        return Err(ImageError::differs(
            "enclave size",
            "a power of two from 256 MiB to 1 TiB",
            enclave.bytes,
        ));
    }
    if !THREADS.contains(&enclave.threads) {
        return Err(ImageError::differs("threads", "8 to 4096", enclave.threads));
    }
    let size = format!("{}M", enclave.bytes >> 20);
    let gaps = [
        ("libos", path("library operating system", enclave.libos)?),
        ("runtime", path("runtime", enclave.runtime)?),
        ("sha256", enclave.sha256.to_string()),
        ("enclave_size", size),
        ("threads", enclave.threads.to_string()),
    ];
    Ok(gaps.iter().fold(TEMPLATE.to_owned(), |text, (gap, value)| {
        text.replace(&format!("{{{{ {gap} }}}}"), value)
    }))
}

/// A path as it stands in a text of TOML, between quotation marks and without escapes.
fn path(part: &'static str, path: &Path) -> Result<String, ImageError> {
    let plain =
        |letter: char| letter.is_ascii_graphic() && !matches!(letter, '"' | '\\' | '{' | '}');
    match path.to_str() {
        Some(text) if path.is_absolute() && text.chars().all(plain) => Ok(text.to_owned()),
        _ => Err(ImageError::differs(
            part,
            "an absolute path of printable ASCII without spaces, quotation marks, backslashes and braces",
            path.display(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::Value;

    fn enclave() -> Enclave<'static> {
        Enclave {
            libos: Path::new("/usr/lib/x86_64-linux-gnu/gramine/libsysdb.so"),
            runtime: Path::new("/opt/veracruz/veracruz-runtime"),
            sha256: Sha256::from_bytes([0xab; 32]),
            bytes: 1 << 30,
            threads: 64,
        }
    }

    fn parsed(enclave: &Enclave<'_>) -> Value {
        let text = gramine_manifest(enclave).unwrap();
        assert!(!text.contains("{{"), "a gap was left: {text}");
        Value::Table(text.parse().unwrap())
    }

    #[test]
    fn a_manifest_is_filled_and_names_the_runtime_by_its_digest() {
        let manifest = parsed(&enclave());
        let at = |path: &[&str]| path.iter().fold(&manifest, |value, key| &value[*key]);
        let text = |path: &[&str]| at(path).as_str().unwrap();
        let libos = "file:/usr/lib/x86_64-linux-gnu/gramine/libsysdb.so";
        let runtime = "file:/opt/veracruz/veracruz-runtime";
        assert_eq!(text(&["loader", "entrypoint", "uri"]), libos);
        assert_eq!(text(&["libos", "entrypoint"]), "/veracruz-runtime");
        assert_eq!(text(&["sgx", "enclave_size"]), "1024M");
        assert_eq!(at(&["sgx", "max_threads"]).as_integer(), Some(64));
        let mounts = at(&["fs", "mounts"]).as_array().unwrap();
        assert_eq!(mounts.len(), 1);
        assert_eq!(mounts[0]["uri"].as_str(), Some(runtime));
        assert_eq!(mounts[0]["path"].as_str(), Some("/veracruz-runtime"));
        let trusted = at(&["sgx", "trusted_files"]).as_array().unwrap();
        assert_eq!(trusted[0].as_str(), Some(libos));
        assert_eq!(trusted[1]["uri"].as_str(), Some(runtime));
        assert_eq!(
            trusted[1]["sha256"].as_str(),
            Some("ab".repeat(32).as_str())
        );
    }

    #[test]
    fn an_enclave_for_users_cannot_be_debugged_and_takes_nothing_from_the_host() {
        let manifest = parsed(&enclave());
        assert_eq!(manifest["sgx"]["debug"].as_bool(), Some(false));
        assert_eq!(manifest["sgx"]["remote_attestation"].as_str(), Some("dcap"));
        // What the documentation calls insecure, or lets pass unmeasured.
        let text = gramine_manifest(&enclave()).unwrap();
        for word in [
            "insecure__",
            "allowed_files",
            "passthrough",
            "file_check_policy",
        ] {
            assert!(!text.contains(word), "{word}");
        }
    }

    #[test]
    fn what_cannot_stand_in_a_manifest_is_refused() {
        let refused = |change: fn(&mut Enclave<'static>)| {
            let mut enclave = enclave();
            change(&mut enclave);
            matches!(gramine_manifest(&enclave), Err(ImageError::Differs { .. }))
        };
        assert!(refused(|enclave| enclave.bytes = 3 << 28));
        assert!(refused(|enclave| enclave.bytes = 1 << 27));
        assert!(refused(|enclave| enclave.threads = 4));
        assert!(refused(|enclave| enclave.runtime = Path::new("relative")));
        assert!(refused(
            |enclave| enclave.runtime = Path::new("/a\", x = \"b")
        ));
        assert!(refused(
            |enclave| enclave.libos = Path::new("/{{ runtime }}")
        ));
    }
}

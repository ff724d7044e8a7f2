//! The policies that come with the examples are ones that this version accepts, and that their
//! parties would.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use veracruz_policy::{FilePath, Policy};
use veracruz_session::Identity;

/// The policy template of every example.
fn templates() -> Vec<PathBuf> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs/examples");
    let folders = std::fs::read_dir(examples).unwrap();
    let templates = folders.map(|entry| entry.unwrap().path().join("policy.template.json"));
    let templates: Vec<_> = templates.filter(|path| path.is_file()).collect();
    assert!(!templates.is_empty(), "no example has a policy");
    templates
}

/// The policy with a certificate for each `{{…_certificate}}`, and some digest for all else.
fn filled(template: &Path) -> Policy {
    let mut document = std::fs::read_to_string(template).unwrap();
    while let Some((_, rest)) = document.split_once("{{") {
        let (field, _) = rest.split_once("}}").unwrap();
        let value = match field.strip_suffix("_certificate") {
            Some(name) => {
                let identity = Identity::generate(name).unwrap();
                identity.certificate_pem().unwrap().replace('\n', "\\n")
            }
            None => "0f".repeat(32),
        };
        document = document.replace(&format!("{{{{{field}}}}}"), &value);
    }
    Policy::parse(document.as_bytes())
        .unwrap_or_else(|errors| panic!("{}: {errors}", template.display()))
}

#[test]
fn the_policy_of_psi_is_valid_once_it_is_filled_in() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs/examples");
    let policy = filled(&examples.join("psi/policy.template.json"));
    let summary = policy
        .file(&FilePath::parse("/output/summary.json").unwrap())
        .unwrap();
    assert_eq!(summary.receivers.len(), 2, "acme and globex");
    assert!(policy.unprotected());
}

/// Examples have no end, since they are run for years, and start in processes.
#[test]
fn no_example_has_a_policy_that_check_warns_of() {
    for template in templates() {
        let policy = filled(&template);
        let names = policy.check_names();
        for warning in policy.warnings().iter().chain(&names) {
            let is_meant = ["VC-0184", "VC-0186"].contains(&warning.code());
            assert!(is_meant, "{}: {warning}", template.display());
        }
    }
}

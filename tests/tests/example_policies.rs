//! The policies that come with the examples are ones that this version accepts.

use std::path::Path;

use veracruz_policy::{FilePath, Policy};
use veracruz_session::Identity;

#[test]
fn the_policy_of_psi_is_valid_once_it_is_filled_in() {
    let template =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs/examples/psi/policy.template.json");
    let mut document = std::fs::read_to_string(template).unwrap();
    for participant in ["acme", "globex", "lab"] {
        let certificate = Identity::generate(participant)
            .unwrap()
            .certificate_pem()
            .unwrap();
        let field = format!("{{{{{participant}_certificate}}}}");
        document = document.replace(&field, &certificate.replace('\n', "\\n"));
    }
    for field in ["program_sha256", "runtime_sha256", "attester_key"] {
        document = document.replace(&format!("{{{{{field}}}}}"), &"0f".repeat(32));
    }
    let policy = Policy::parse(document.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));

    let summary = policy
        .file(&FilePath::parse("/output/summary.json").unwrap())
        .unwrap();
    assert_eq!(summary.receivers.len(), 2, "acme and globex");
    assert!(policy.unprotected());
}

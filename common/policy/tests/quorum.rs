//! A policy that demands a quorum: what it says, what it must not say, and what it is called.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use support::{GOOD, edited_all, errors, parse};
use veracruz_policy::{
    InstanceId, IsolateKind, Policy, QuorumError, QuorumMember, QuorumSet, Severity,
};

const DIGEST: &str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

/// The good policy with these kinds in its quorum and a virtual machine beside its process.
fn with_quorum(kinds: &str, edits: &[(&str, &str)]) -> String {
    let microvm = format!(
        "\"isolates\": {{ \"microvm\": {{ \"image\": \"{DIGEST}\", \"attesters\": \"{DIGEST}\" }},"
    );
    let quorum = format!("\"unprotected\": true, \"quorum\": {kinds},");
    let mut all = vec![
        ("\"isolates\": {", microvm.as_str()),
        ("\"unprotected\": true,", quorum.as_str()),
    ];
    all.extend(edits);
    let document = edited_all(&all);
    let mut document: serde_json::Value = serde_json::from_str(&document).unwrap();
    document["approval"]["required"] = serde_json::json!(["acme", "globex", "lab"]);
    document.to_string()
}

fn good() -> Policy {
    parse(&with_quorum(r#"["process", "microvm"]"#, &[]))
}

fn codes(document: &str) -> Vec<(String, &'static str)> {
    let errors = errors(document);
    let all = errors.as_slice().iter();
    all.map(|error| (error.pointer().to_owned(), error.code()))
        .collect()
}

fn member(byte: u8, kind: IsolateKind) -> QuorumMember {
    QuorumMember {
        instance: InstanceId::from_bytes([byte; 32]),
        kind,
    }
}

#[test]
fn a_quorum_is_a_list_of_kinds() {
    assert_eq!(
        good().quorum(),
        [IsolateKind::Process, IsolateKind::Microvm]
    );
    assert!(parse(GOOD).quorum().is_empty());
}

#[test]
fn a_quorum_has_two_kinds_at_least_and_each_once() {
    assert_eq!(codes(&with_quorum("[\"process\"]", &[]))[0].0, "/quorum");
    assert_eq!(
        codes(&with_quorum(r#"["process", "process"]"#, &[]))[0].0,
        "/quorum/1"
    );
    assert_eq!(
        codes(&with_quorum(r#"["process", "trustzone"]"#, &[]))[0].0,
        "/quorum/1"
    );
    assert_eq!(
        codes(&with_quorum("{\"isolates\": 2}", &[]))[0].0,
        "/quorum"
    );
}

#[test]
fn every_kind_of_a_quorum_is_described_and_no_other() {
    let sgx = with_quorum(r#"["process", "microvm", "sgx"]"#, &[]);
    assert_eq!(codes(&sgx), [("/quorum/2".to_owned(), "VC-0174")]);
    let tpm = format!(
        "{{ \"tpm\": {{ \"pcrs\": {{ \"4\": \"{DIGEST}\" }}, \"aks\": \"{DIGEST}\" }}, \"microvm\""
    );
    let quorum = with_quorum(r#"["process", "microvm"]"#, &[]);
    let beside = quorum.replace("{\"microvm\"", &tpm);
    assert_eq!(codes(&beside), [("/isolates/tpm".to_owned(), "VC-0175")]);
}

#[test]
fn whoever_provides_signs_the_quorum() {
    let policy = good();
    let provider = policy.files().iter().find_map(|file| file.provider.clone());
    let provider = provider.unwrap();
    let mut document: serde_json::Value =
        serde_json::from_str(&with_quorum(r#"["process", "microvm"]"#, &[])).unwrap();
    let others: Vec<&str> = policy
        .participants()
        .iter()
        .map(|one| one.name.as_str())
        .filter(|name| *name != provider.as_str())
        .collect();
    document["approval"]["required"] = serde_json::json!(others);
    let found = codes(&document.to_string());
    assert!(!found.is_empty());
    assert!(found.iter().all(|(at, code)| {
        *code == "VC-0176" && at.starts_with("/files/") && at.ends_with("/provider")
    }));
}

#[test]
fn whoever_signs_the_quorum_appraises_it() {
    let mut document: serde_json::Value =
        serde_json::from_str(&with_quorum(r#"["process", "microvm"]"#, &[])).unwrap();
    document["participants"]["acme"]["trust"] = "verifier".into();
    let found = codes(&document.to_string());
    assert!(found.contains(&("/participants/acme/trust".to_owned(), "VC-0177")));
}

#[test]
fn a_quorum_is_warned_about_as_the_weakest_in_secrecy() {
    let codes = |policy: &Policy| -> Vec<&'static str> {
        policy.warnings().iter().map(|one| one.code()).collect()
    };
    let policy = good();
    assert!(codes(&policy).contains(&"VC-0178"));
    // Not as alternatives among which the host chooses: they are none.
    assert!(!codes(&policy).contains(&"VC-0195"));
    assert!(!codes(&parse(GOOD)).contains(&"VC-0178"));
}

#[test]
fn native_nan_is_warned_about_where_processors_may_differ() {
    let warned = |nan: &str| {
        let mut document: serde_json::Value =
            serde_json::from_str(&with_quorum(r#"["process", "microvm"]"#, &[])).unwrap();
        document["execution"]["nan"] = nan.into();
        let policy = parse(&document.to_string());
        policy.warnings().iter().any(|one| one.code() == "VC-0179")
    };
    assert!(warned("native"));
    assert!(!warned("canonical"));
}

#[test]
fn every_reader_is_told_that_all_isolates_have_all_data() {
    let policy = good();
    for reader in policy.participants() {
        let text = policy.explain(Some(reader)).to_string();
        assert!(text.contains("weakens secrecy"), "{text}");
        assert!(text.contains("Your client appraises isolates of the kinds process and microvm"));
    }
    assert!(!parse(GOOD).explain(None).to_string().contains("quorum"));
}

#[test]
fn a_quorum_that_comes_or_goes_is_a_grave_change() {
    let two = parse(&with_quorum(r#"["process", "microvm"]"#, &[]));
    let one = parse(GOOD);
    let about = |old: &Policy, new: &Policy| -> Vec<Severity> {
        let changes = old.diff(new);
        let quorum = changes.iter().filter(|change| {
            let mut pointers = change.sentence.pointers.iter();
            pointers.any(|at| at == "/quorum")
        });
        quorum.map(|change| change.severity).collect()
    };
    assert!(about(&one, &two).contains(&Severity::Strengthens));
    assert!(about(&one, &two).contains(&Severity::Weakens));
    assert_eq!(about(&two, &one), [Severity::Weakens]);
}

#[test]
fn a_set_is_one_isolate_of_each_kind_in_the_policys_order() {
    use IsolateKind::{Microvm, Process};
    let policy = good();
    let set = QuorumSet::new(&policy, &[member(1, Process), member(2, Microvm)]).unwrap();
    assert!(set.contains(&InstanceId::from_bytes([2; 32])));
    assert!(!set.contains(&InstanceId::from_bytes([3; 32])));
    let refused = |members: &[QuorumMember]| QuorumSet::new(&policy, members).unwrap_err();
    assert_eq!(
        refused(&[member(1, Process)]),
        QuorumError::Count {
            expected: 2,
            found: 1
        }
    );
    assert_eq!(
        refused(&[member(2, Microvm), member(1, Process)]),
        QuorumError::Kind {
            expected: Process,
            found: Microvm
        }
    );
    assert_eq!(
        refused(&[member(1, Process), member(1, Microvm)]),
        QuorumError::Twice {
            instance: InstanceId::from_bytes([1; 32])
        }
    );
    assert_eq!(
        QuorumSet::new(&parse(GOOD), &[]).unwrap_err(),
        QuorumError::NoQuorum
    );
}

/// Computed with python3's `hashlib` from the documentation of `QuorumSet::id` alone.
#[test]
fn the_name_of_a_set_is_what_its_documentation_says() {
    use IsolateKind::{Microvm, Process};
    let set = |one, two| {
        let members = [member(one, Process), member(two, Microvm)];
        QuorumSet::new(&good(), &members).unwrap().id().to_string()
    };
    assert_eq!(
        set(1, 2),
        "b5296d439df741379eacdfe91970dfbc89425a5968b0b3c87d05e0cbc7ea6d1b"
    );
    assert_ne!(set(1, 2), set(2, 1));
}

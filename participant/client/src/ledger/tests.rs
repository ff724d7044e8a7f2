//! What a ledger refuses, keeps and tells.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use veracruz_policy::ParticipantName;
use veracruz_protocol::{APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, Instances, RunOutcome};

use super::*;

const POLICY: PolicyHash = PolicyHash::from_bytes([1; 32]);
const ONE: InstanceId = InstanceId::from_bytes([2; 32]);
const TWO: InstanceId = InstanceId::from_bytes([3; 32]);
const NOON: Timestamp = Timestamp::from_seconds(1_795_176_000);

fn ledger() -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::beside(&folder.path().join("acme.pem"));
    (folder, ledger)
}

#[test]
fn refuses_a_second_instance_unless_told_to_go_on() {
    let (_folder, ledger) = ledger();
    ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
    ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
    let Err(Error::SecondInstance {
        earlier, at, found, ..
    }) = ledger.provision(&POLICY, &TWO, false, NOON)
    else {
        panic!("accepted")
    };
    assert_eq!((earlier, at, found), (ONE, NOON, TWO));
    // Another policy is another matter.
    ledger
        .provision(&PolicyHash::from_bytes([9; 32]), &TWO, false, NOON)
        .unwrap();
    ledger.provision(&POLICY, &TWO, true, NOON).unwrap();
    ledger.provision(&POLICY, &TWO, false, NOON).unwrap();
    let all: Vec<_> = ledger
        .provisioned(&POLICY)
        .unwrap()
        .iter()
        .map(|entry| entry.instance)
        .collect();
    assert_eq!(all, [ONE, TWO]);
}

#[test]
fn a_refusal_leaves_no_trace() {
    let (_folder, ledger) = ledger();
    ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
    let before = fs::read(ledger.path()).unwrap();
    ledger.provision(&POLICY, &TWO, false, NOON).unwrap_err();
    assert_eq!(fs::read(ledger.path()).unwrap(), before);
}

#[test]
fn the_same_contents_keep_their_secrets_and_others_get_new_ones() {
    let (_folder, ledger) = ledger();
    let path = FilePath::parse("/input/a").unwrap();
    let (one, two) = (Sha256::of(b"1"), Sha256::of(b"2"));
    let secrets = |instance, digest| {
        let secrets = ledger
            .upload_secrets(&POLICY, instance, &path, digest)
            .unwrap();
        (*secrets.salt, *secrets.share)
    };
    let first = secrets(&ONE, &one);
    assert_ne!(first.0, first.1);
    assert_eq!(secrets(&ONE, &one), first);
    assert_ne!(secrets(&TWO, &one), first);
    assert_ne!(secrets(&ONE, &two), first);
    // What was committed once may be so still: its salt must not be lost.
    assert_eq!(secrets(&ONE, &one), first);
}

#[test]
fn it_is_for_its_owner_alone() {
    let (_folder, ledger) = ledger();
    ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
    let mode = fs::metadata(ledger.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::set_permissions(ledger.path(), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(
        ledger.provisioned(&POLICY),
        Err(Error::Ledger { .. })
    ));
}

#[test]
fn a_damaged_ledger_provisions_nothing() {
    let (_folder, ledger) = ledger();
    ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
    let whole = fs::read(ledger.path()).unwrap();
    for length in 0..whole.len() {
        fs::write(ledger.path(), &whole[..length]).unwrap();
        let result = ledger.provision(&POLICY, &TWO, false, NOON);
        assert!(matches!(result, Err(Error::Ledger { .. })), "{length}");
    }
}

#[test]
fn two_at_once_cannot_both_be_first() {
    let (_folder, ledger) = ledger();
    let accepted = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let ledger = ledger.clone();
                let instance = InstanceId::from_bytes([number; 32]);
                scope.spawn(move || ledger.provision(&POLICY, &instance, false, NOON).is_ok())
            })
            .collect();
        threads
            .into_iter()
            .filter(|_| true)
            .map(|thread| thread.join().unwrap())
            .filter(|ok| *ok)
            .count()
    });
    assert_eq!(accepted, 1);
}

#[test]
fn openings_are_found_by_path_and_digest() {
    let (_folder, ledger) = ledger();
    let path = FilePath::parse("/output/a").unwrap();
    let digest = Sha256::of(b"1");
    ledger
        .note_opening(&POLICY, &ONE, &path, &digest, &[5; 32])
        .unwrap();
    assert_eq!(ledger.openings(&POLICY, &path, &digest).unwrap(), [[5; 32]]);
    assert!(
        ledger
            .openings(&POLICY, &path, &Sha256::of(b"2"))
            .unwrap()
            .is_empty()
    );
}

/// A ledger as a version of this program wrote it. These files are kept for ever.
fn written_by(contents: &str) -> (tempfile::TempDir, Ledger) {
    let (folder, ledger) = ledger();
    files::create_new(ledger.path(), contents.as_bytes(), 0o600).unwrap();
    (folder, ledger)
}

const VERSION_1: &str = include_str!("../../tests/data/ledger/version-1.json");
const VERSION_2: &str = include_str!("../../tests/data/ledger/version-2.json");

#[test]
fn a_ledger_of_version_1_is_read_and_goes_on_as_version_2_with_all_that_was_in_it() {
    let (_folder, ledger) = written_by(VERSION_1);
    let entries = ledger.entries().unwrap();
    assert_eq!(fs::read_to_string(ledger.path()).unwrap(), VERSION_1);
    let [entry] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!((entry.policy, &entry.name), (POLICY, &None));
    let [instance] = entry.instances.as_slice() else {
        panic!("{entry:?}")
    };
    assert_eq!((instance.instance, instance.provisioned), (ONE, Some(NOON)));
    assert_eq!(instance.uploads[0].path.as_str(), "/input/a");
    assert_eq!(instance.uploads[0].at, None);
    assert_eq!(instance.receipts[0].run, 1);

    ledger
        .note_run(&POLICY, &ONE, 1, RunOutcome::Finished, NOON)
        .unwrap();
    let path = FilePath::parse("/input/a").unwrap();
    let digest = Sha256::of(b"1");
    let openings = ledger.openings(&POLICY, &path, &digest).unwrap();
    assert_eq!(openings, [[6; 32]], "the salt is still there");
    assert!(
        fs::read_to_string(ledger.path())
            .unwrap()
            .contains("\"version\": 2")
    );
}

#[test]
fn a_ledger_of_version_2_is_written_as_it_was_kept() {
    let (_folder, kept) = written_by(VERSION_2);
    let entries = kept.entries().unwrap();
    let instance = &entries[0].instances[0];
    assert_eq!(entries[0].name.as_deref(), Some("overlap"));
    assert_eq!(instance.runs[0].outcome, RunOutcome::Finished);
    assert_eq!(instance.uploads[0].at, Some(NOON));
    assert_eq!(entries[0].approvals[0].instances, None);
    assert_eq!(entries[0].approvals[1].instances, Some(vec![ONE]));
    // A change and its opposite: what comes out is the same, byte by byte.
    kept.locked(|document| {
        document.policies.insert("x".into(), PolicyEntry::default());
        Ok(())
    })
    .unwrap();
    kept.locked(|document| {
        document.policies.remove("x");
        Ok(())
    })
    .unwrap();
    let now = fs::read_to_string(kept.path()).unwrap();
    assert_eq!(now.trim_end(), VERSION_2.trim_end());
}

#[test]
fn a_ledger_of_a_later_version_is_neither_read_nor_written() {
    let later = VERSION_2.replace("\"version\": 2", "\"version\": 3, \"more\": {}");
    let (_folder, ledger) = written_by(&later);
    for result in [
        ledger.provisioned(&POLICY).map(|_| ()),
        ledger.provision(&POLICY, &ONE, true, NOON),
        ledger.note_run(&POLICY, &ONE, 1, RunOutcome::Failed, NOON),
    ] {
        assert!(
            matches!(
                result,
                Err(Error::LedgerVersion {
                    expected: 2,
                    found: 3,
                    ..
                })
            ),
            "{result:?}"
        );
    }
    assert_eq!(fs::read_to_string(ledger.path()).unwrap(), later);
}

#[test]
fn a_second_instance_is_refused_with_what_the_first_one_got_and_did() {
    let (_folder, ledger) = ledger();
    ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
    let entrusted = || match ledger.check_instance(&POLICY, &TWO) {
        Err(Error::SecondInstance { entrusted, .. }) => entrusted,
        other => panic!("{other:?}"),
    };
    assert_eq!(entrusted(), "an approval and no file");
    let path = FilePath::parse("/input/a").unwrap();
    ledger
        .upload_secrets(&POLICY, &ONE, &path, &Sha256::of(b"1"))
        .unwrap();
    ledger
        .note_run(&POLICY, &ONE, 1, RunOutcome::Finished, NOON)
        .unwrap();
    let said = entrusted();
    assert!(said.starts_with("/input/a at 20"), "{said}");
    assert!(said.ends_with("Z, run 1 finished"), "{said}");
    ledger.check_instance(&POLICY, &ONE).unwrap();
}

#[test]
fn a_run_is_noted_once_and_stays_as_it_ended() {
    let (_folder, ledger) = ledger();
    let later = Timestamp::from_seconds(NOON.seconds() + 1);
    for (outcome, at) in [
        (RunOutcome::Running, NOON),
        (RunOutcome::Finished, later),
        (RunOutcome::Running, NOON),
        (RunOutcome::Failed, NOON),
    ] {
        ledger.note_run(&POLICY, &TWO, 1, outcome, at).unwrap();
    }
    let entries = ledger.entries().unwrap();
    let instance = &entries[0].instances[0];
    assert_eq!((instance.instance, instance.provisioned), (TWO, None));
    let runs: Vec<_> = instance
        .runs
        .iter()
        .map(|run| (run.outcome, run.at))
        .collect();
    assert_eq!(runs, [(RunOutcome::Finished, later)]);
    // It was looked at, and got nothing: it is no first instance.
    ledger.check_instance(&POLICY, &ONE).unwrap();
}

#[test]
fn an_approval_signed_offline_counts_where_it_names_isolates() {
    let statement = |instances| ApprovalStatement {
        purpose: APPROVAL_PURPOSE.into(),
        policy: POLICY,
        participant: ParticipantName::parse("acme").unwrap(),
        instances,
        programs: vec![],
        nbf: 0,
        exp: NOON.seconds(),
        iat: 0,
        jti: ApprovalId::from_random(&[1; 16]),
    };
    let (_folder, ledger) = ledger();
    let sign = |instances, again| ledger.note_approval(&statement(instances), again, NOON);
    sign(Instances::Any, false).unwrap();
    ledger.check_instance(&POLICY, &ONE).unwrap();
    // Two at once are one decision; a third one later is another.
    sign(Instances::These(vec![ONE, TWO]), false).unwrap();
    let three = InstanceId::from_bytes([4; 32]);
    let refused = sign(Instances::These(vec![ONE, three]), false);
    assert!(
        matches!(refused, Err(Error::SecondInstance { found, .. }) if found == three),
        "{refused:?}"
    );
    sign(Instances::These(vec![three]), true).unwrap();
    assert_eq!(ledger.provisioned(&POLICY).unwrap().len(), 3);
    assert_eq!(ledger.entries().unwrap()[0].approvals.len(), 3);
}

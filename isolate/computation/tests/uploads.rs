//! What an upload is: exclusive, resumable, committed whole or not at all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::*;
use veracruz_computation::{BodyEnd, Effect, Grant, Upload};
use veracruz_policy::Sha256;
use veracruz_protocol::{
    Content, ErrorCode, FileRole, Missing, Presence, ProgramState,
    header::{ContentRange, Range},
};
use zeroize::Zeroizing;

const BYTES: &[u8] = b"0123456789";

/// A computation in which acme may upload.
fn bench() -> Bench {
    let mut bench = Bench::new(&Variant::default());
    bench.approve("acme").unwrap();
    bench
}

fn begin(bench: &mut Bench, upload: Upload) -> Result<Grant, ErrorCode> {
    let session = bench.session("acme");
    let reply = bench
        .machine
        .begin_upload(&session, &path(ACME), upload, NOW);
    bench.take(reply)
}

/// The headers of a body that goes on at an offset.
fn rest(offset: u64) -> Upload {
    let length = BYTES.len() as u64;
    Upload {
        body_length: Some(length - offset),
        range: ContentRange::from_offset(offset, length),
        ..headers(BYTES)
    }
}

fn commit(bench: &mut Bench, grant: Grant) -> Result<Content, ErrorCode> {
    let reply = bench.machine.commit_upload(grant.lease, Sha256::of(BYTES));
    bench.take(reply)
}

#[test]
fn an_upload_cut_at_any_byte_leaves_nothing_committed_and_can_be_resumed() {
    for cut in 0..BYTES.len() as u64 {
        let mut bench = bench();
        let grant = begin(&mut bench, headers(BYTES)).unwrap();
        let storage = grant.storage;
        bench.machine.append(&grant.lease, cut).unwrap();
        let end = bench.machine.suspend_upload(grant.lease).unwrap();
        assert!(matches!(end, BodyEnd::Cut(view) if view.offset == cut && !view.active));
        assert!(!bench.present(ACME));

        let session = bench.session("acme");
        let head = bench.machine.head(&session, &path(ACME)).unwrap();
        assert_eq!(head.upload.unwrap().offset, cut);
        let grant = begin(&mut bench, rest(cut)).unwrap();
        assert_eq!((grant.offset, grant.length), (cut, 10));
        // From 0 it is another upload, otherwise the same goes on.
        assert_eq!(grant.storage == storage, cut > 0);
        bench.machine.append(&grant.lease, 10 - cut).unwrap();
        commit(&mut bench, grant).unwrap();
        assert!(bench.present(ACME));
    }
}

#[test]
fn a_file_can_be_sent_in_parts() {
    let mut bench = bench();
    for first in [0, 4, 8] {
        let last = 9.min(first + 3);
        let range = ContentRange::new(first, last, 10);
        let body_length = Some(last - first + 1);
        let grant = begin(
            &mut bench,
            Upload {
                body_length,
                range,
                ..headers(BYTES)
            },
        )
        .unwrap();
        bench
            .machine
            .append(&grant.lease, last - first + 1)
            .unwrap();
        if last == 9 {
            assert!(bench.machine.is_whole(&grant.lease));
            commit(&mut bench, grant).unwrap();
        } else {
            assert!(!bench.machine.is_whole(&grant.lease));
            let end = bench.machine.suspend_upload(grant.lease).unwrap();
            assert!(matches!(end, BodyEnd::Part(view) if view.offset == last + 1));
        }
    }
    assert!(bench.present(ACME));
}

#[test]
fn refuses_to_commit_before_the_last_byte() {
    let mut bench = bench();
    let grant = begin(&mut bench, headers(BYTES)).unwrap();
    bench.machine.append(&grant.lease, 9).unwrap();
    assert!(!bench.machine.is_whole(&grant.lease));
    assert_eq!(commit(&mut bench, grant), Err(ErrorCode::UploadCut));
    // What arrived is kept.
    let grant = begin(&mut bench, rest(9)).unwrap();
    bench.machine.append(&grant.lease, 1).unwrap();
    commit(&mut bench, grant).unwrap();
}

#[test]
fn refuses_bytes_beyond_the_announced_length_before_they_are_stored() {
    let mut bench = bench();
    let grant = begin(&mut bench, headers(BYTES)).unwrap();
    for bytes in [11, u64::MAX] {
        let refused = bench.machine.append(&grant.lease, bytes).map_err(code);
        assert_eq!(refused, Err(ErrorCode::UploadCut));
    }
    bench.machine.append(&grant.lease, 10).unwrap();
    assert_eq!(
        bench.machine.append(&grant.lease, 1).map_err(code),
        Err(ErrorCode::UploadCut)
    );
    commit(&mut bench, grant).unwrap();
}

#[test]
fn a_newer_connection_goes_on_where_the_older_one_hangs() {
    let mut bench = bench();
    let hanging = begin(&mut bench, headers(BYTES)).unwrap();
    bench.machine.append(&hanging.lease, 5).unwrap();
    // Not at another offset, and not with another file: then the older one keeps its place.
    assert_eq!(begin(&mut bench, rest(4)), Err(ErrorCode::UploadOffset));
    let other = Upload {
        digest: Some(Sha256::of(b"other")),
        ..rest(5)
    };
    assert_eq!(begin(&mut bench, other), Err(ErrorCode::UploadDiffers));
    assert!(!bench.machine.is_whole(&hanging.lease));

    let newer = begin(&mut bench, rest(5)).unwrap();
    assert_eq!(newer.storage, hanging.storage);
    let late = bench.machine.append(&hanging.lease, 1).map_err(code);
    assert_eq!(late, Err(ErrorCode::UploadBusy));
    bench.machine.append(&newer.lease, 5).unwrap();
    assert!(!bench.machine.is_whole(&hanging.lease) && bench.machine.is_whole(&newer.lease));
    let reply = bench
        .machine
        .commit_upload(hanging.lease, Sha256::of(BYTES));
    assert_eq!(bench.take(reply), Err(ErrorCode::UploadBusy));
    commit(&mut bench, newer).unwrap();
    assert!(bench.present(ACME));
}

#[test]
fn a_newer_connection_starts_over_and_the_older_one_spoils_nothing() {
    let mut bench = bench();
    let older = begin(&mut bench, headers(BYTES)).unwrap();
    bench.machine.append(&older.lease, 5).unwrap();
    let newer = begin(&mut bench, headers(BYTES)).unwrap();
    assert!(bench.erased(older.storage) && newer.storage != older.storage);
    let late = bench.machine.suspend_upload(older.lease).map_err(code);
    assert_eq!(late, Err(ErrorCode::UploadBusy));
    bench.machine.append(&newer.lease, 10).unwrap();
    commit(&mut bench, newer).unwrap();
    assert!(bench.present(ACME));
}

#[test]
fn nobody_but_the_provider_takes_an_upload_over() {
    let mut bench = bench();
    let own = begin(&mut bench, headers(BYTES)).unwrap();
    for name in ["globex", "lab"] {
        let session = bench.session(name);
        let reply = bench
            .machine
            .begin_upload(&session, &path(ACME), headers(BYTES), NOW);
        assert_eq!(bench.take(reply), Err(ErrorCode::NotProvider));
    }
    bench.machine.append(&own.lease, 10).unwrap();
    commit(&mut bench, own).unwrap();
}

#[test]
fn refuses_to_go_on_anywhere_but_at_the_offset() {
    let mut bench = bench();
    assert_eq!(begin(&mut bench, rest(5)), Err(ErrorCode::UploadOffset));
    let grant = begin(&mut bench, headers(BYTES)).unwrap();
    bench.machine.append(&grant.lease, 5).unwrap();
    bench.machine.suspend_upload(grant.lease).unwrap();
    assert_eq!(begin(&mut bench, rest(4)), Err(ErrorCode::UploadOffset));
    assert_eq!(begin(&mut bench, rest(6)), Err(ErrorCode::UploadOffset));
}

#[test]
fn refuses_to_go_on_with_another_file_salt_or_share() {
    let mut bench = bench();
    let grant = begin(&mut bench, headers(BYTES)).unwrap();
    bench.machine.append(&grant.lease, 5).unwrap();
    bench.machine.suspend_upload(grant.lease).unwrap();
    let other = Some(Zeroizing::new([7; 32]));
    for upload in [
        Upload {
            digest: Some(Sha256::of(b"other")),
            ..rest(5)
        },
        Upload {
            salt: other.clone(),
            ..rest(5)
        },
        Upload {
            share: other,
            ..rest(5)
        },
        Upload {
            body_length: Some(6),
            range: ContentRange::from_offset(5, 11),
            ..rest(5)
        },
    ] {
        assert_eq!(begin(&mut bench, upload), Err(ErrorCode::UploadDiffers));
    }
}

#[test]
fn refuses_and_erases_what_is_not_the_announced_digest() {
    let mut bench = bench();
    let grant = begin(&mut bench, headers(BYTES)).unwrap();
    bench.machine.append(&grant.lease, 10).unwrap();
    let storage = grant.storage;
    let reply = bench
        .machine
        .commit_upload(grant.lease, Sha256::of(b"others"));
    assert_eq!(bench.take(reply), Err(ErrorCode::DigestMismatch));
    assert!(bench.erased(storage) && !bench.present(ACME));
    assert_eq!(begin(&mut bench, rest(5)), Err(ErrorCode::UploadOffset));
}

#[test]
fn refuses_a_program_whose_digest_differs() {
    let mut bench = bench();
    // Announced as what it is: refused before a byte is sent.
    assert_eq!(
        bench.upload("lab", PROGRAM, b"other"),
        Err(ErrorCode::PinMismatch)
    );
    // Announced as the pinned one: refused when it is whole.
    let session = bench.session("lab");
    let announced = headers(program_bytes());
    let reply = bench
        .machine
        .begin_upload(&session, &path(PROGRAM), announced, NOW);
    let grant = bench.take(reply).unwrap();
    bench
        .machine
        .append(&grant.lease, program_bytes().len() as u64)
        .unwrap();
    let reply = bench
        .machine
        .commit_upload(grant.lease, Sha256::of(b"a progran"));
    assert_eq!(bench.take(reply), Err(ErrorCode::DigestMismatch));
    assert!(
        !bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Compile { .. }))
    );
}

#[test]
fn accepts_an_input_only_from_a_provider_that_approved_or_is_not_asked_to() {
    let mut bench = Bench::new(&Variant::default());
    assert_eq!(
        bench.upload("acme", ACME, BYTES),
        Err(ErrorCode::ApprovalFirst)
    );
    let variant = Variant {
        required: r#"["globex"]"#,
        ..Variant::default()
    };
    let mut bench = Bench::new(&variant);
    assert!(bench.upload("acme", ACME, BYTES).is_ok());
    assert_eq!(
        bench.upload("globex", GLOBEX, BYTES),
        Err(ErrorCode::ApprovalFirst)
    );
}

#[test]
fn only_its_provider_uploads_and_deletes_a_file() {
    let mut bench = bench();
    for (name, file, expected) in [
        ("globex", ACME, ErrorCode::NotProvider),
        ("acme", OUTPUT, ErrorCode::NotProvider),
        ("acme", BETWEEN, ErrorCode::NotProvider),
        ("acme", "/input/other", ErrorCode::FileUnknown),
    ] {
        assert_eq!(bench.upload(name, file, BYTES), Err(expected));
        let session = bench.session(name);
        let reply = bench.machine.delete(&session, &path(file));
        assert_eq!(bench.take(reply), Err(expected));
    }
}

#[test]
fn refuses_sizes_beyond_the_policy_before_anything_is_stored() {
    let mut bench = bench();
    let large = Upload {
        body_length: Some(101),
        ..headers(BYTES)
    };
    assert_eq!(begin(&mut bench, large), Err(ErrorCode::FileTooLarge));
    let range = ContentRange::new(0, 0, u64::MAX);
    let large = Upload {
        body_length: Some(1),
        range,
        ..headers(BYTES)
    };
    assert_eq!(begin(&mut bench, large), Err(ErrorCode::FileTooLarge));
    let unknown = Upload {
        body_length: None,
        ..headers(BYTES)
    };
    assert_eq!(begin(&mut bench, unknown), Err(ErrorCode::LengthRequired));
    let wrong = Upload {
        body_length: Some(3),
        ..rest(5)
    };
    assert_eq!(begin(&mut bench, wrong), Err(ErrorCode::RangeMalformed));
}

#[test]
fn every_upload_has_a_digest_a_salt_and_a_share_that_were_drawn() {
    let mut bench = bench();
    let zero = || Some(Zeroizing::new([0; 32]));
    let good = || headers(BYTES);
    let digest = Upload {
        digest: None,
        ..good()
    };
    assert_eq!(begin(&mut bench, digest), Err(ErrorCode::DigestMissing));
    for upload in [
        Upload {
            salt: None,
            ..good()
        },
        Upload {
            share: None,
            ..good()
        },
        Upload {
            salt: zero(),
            ..good()
        },
        Upload {
            share: zero(),
            ..good()
        },
        Upload {
            share: good().salt,
            ..good()
        },
    ] {
        assert_eq!(begin(&mut bench, upload), Err(ErrorCode::SecretMissing));
    }
}

#[test]
fn an_empty_file_is_a_file() {
    let mut bench = bench();
    let content = bench.upload("acme", ACME, b"").unwrap();
    assert_eq!(content.length, 0);
    assert!(bench.present(ACME));
}

#[test]
fn a_new_upload_leaves_the_committed_file_until_it_is_whole() {
    let mut bench = bench();
    bench.upload("acme", ACME, b"first").unwrap();
    let grant = begin(&mut bench, headers(BYTES)).unwrap();
    assert!(bench.present(ACME));
    bench.machine.append(&grant.lease, 10).unwrap();
    commit(&mut bench, grant).unwrap();
    let session = bench.session("acme");
    let head = bench.machine.head(&session, &path(ACME)).unwrap();
    assert_eq!(head.content.unwrap().sha256, Sha256::of(BYTES));
    assert_eq!(
        bench
            .effects
            .iter()
            .filter(|e| matches!(e, Effect::Erase(_)))
            .count(),
        1
    );
}

#[test]
fn a_withdrawal_erases_files_and_unfinished_uploads() {
    let mut bench = bench();
    bench.upload("acme", ACME, b"first").unwrap();
    let grant = begin(&mut bench, headers(BYTES)).unwrap();
    let session = bench.session("acme");
    let reply = bench.machine.withdraw(&session);
    bench.take(reply).unwrap();
    assert!(!bench.present(ACME) && bench.erased(grant.storage));
    assert_eq!(
        bench.machine.append(&grant.lease, 1).map_err(code),
        Err(ErrorCode::UploadErased)
    );
    assert_eq!(commit(&mut bench, grant), Err(ErrorCode::UploadErased));
}

#[test]
fn a_storage_failure_erases_the_upload() {
    let mut bench = bench();
    let grant = begin(&mut bench, headers(BYTES)).unwrap();
    let storage = grant.storage;
    let reply = bench.machine.abort_upload(grant.lease);
    bench.take(reply).unwrap();
    assert!(bench.erased(storage));
    assert!(begin(&mut bench, headers(BYTES)).is_ok());
}

#[test]
fn others_see_of_an_input_only_that_it_is_there() {
    let mut bench = bench();
    let grant = begin(&mut bench, headers(BYTES)).unwrap();
    let view = |bench: &Bench, name: &str| {
        bench
            .status(name)
            .files
            .iter()
            .find(|view| view.path == path(ACME))
            .unwrap()
            .clone()
    };
    assert_eq!(view(&bench, "globex").presence, Presence::Absent);
    assert_eq!(view(&bench, "globex").upload, None);
    assert!(view(&bench, "acme").upload.unwrap().active);
    bench.machine.append(&grant.lease, 10).unwrap();
    commit(&mut bench, grant).unwrap();
    let others = view(&bench, "globex");
    assert_eq!((others.presence, others.content), (Presence::Present, None));
    let own = view(&bench, "acme");
    assert_eq!(own.content.unwrap().sha256, Sha256::of(BYTES));
    assert_eq!(own.role, FileRole::Input);
    for name in ["globex", "lab"] {
        let session = bench.session(name);
        let head = bench.machine.head(&session, &path(ACME)).map_err(code);
        assert_eq!(head, Err(ErrorCode::NotReceiver));
        let read = bench
            .machine
            .read(&session, &path(ACME), None)
            .map_err(code);
        assert_eq!(read, Err(ErrorCode::NotReceiver));
    }
}

#[test]
fn everybody_learns_the_digest_of_a_program_and_nobody_its_bytes() {
    let mut bench = Bench::new(&Variant {
        pinned: false,
        ..Variant::default()
    });
    bench.provide_program();
    for name in ["acme", "globex", "lab"] {
        let session = bench.session(name);
        let head = bench.machine.head(&session, &path(PROGRAM)).unwrap();
        assert_eq!(head.content.unwrap().sha256, Sha256::of(program_bytes()));
        let range = Range::parse("bytes=0-0");
        let read = bench
            .machine
            .read(&session, &path(PROGRAM), range)
            .map_err(code);
        assert_eq!(read, Err(ErrorCode::NotReceiver));
    }
}

#[test]
fn only_its_provider_learns_why_a_program_was_refused() {
    let mut bench = Bench::new(&Variant::default());
    bench.upload("lab", PROGRAM, program_bytes()).unwrap();
    let view = |bench: &Bench, name: &str| {
        bench
            .status(name)
            .files
            .iter()
            .find(|view| view.path == path(PROGRAM))
            .unwrap()
            .clone()
    };
    assert_eq!(view(&bench, "acme").program, Some(ProgramState::Compiling));
    let missing = Missing::Compilation {
        path: path(PROGRAM),
    };
    assert!(bench.status("acme").missing.contains(&missing));
    let storage = bench.effects.iter().find_map(|effect| match effect {
        Effect::Compile { storage, .. } => Some(*storage),
        _ => None,
    });
    let reply = bench
        .machine
        .compiled(storage.unwrap(), Err("not WebAssembly".into()));
    bench.take(reply).unwrap();
    assert_eq!(view(&bench, "acme").program, Some(ProgramState::Refused));
    assert_eq!(view(&bench, "acme").refusal, None);
    assert_eq!(
        view(&bench, "lab").refusal.as_deref(),
        Some("not WebAssembly")
    );
    assert!(bench.status("acme").missing.contains(&missing));
    // It is refused once: a later report about the same contents changes nothing.
    let reply = bench.machine.compiled(storage.unwrap(), Ok(()));
    assert!(bench.take(reply).is_err());
}

#[test]
fn a_provided_file_with_receivers_is_shown_to_them_as_soon_as_it_is_there() {
    let mut bench = Bench::new(&Variant {
        shown_to: Some("globex"),
        ..Variant::default()
    });
    let read = |bench: &Bench, name: &str| {
        let session = bench.session(name);
        bench
            .machine
            .read(&session, &path(PROGRAM), None)
            .map_err(code)
    };
    assert_eq!(read(&bench, "globex"), Err(ErrorCode::FileAbsent));
    bench.provide_program();
    let program = read(&bench, "globex").unwrap();
    assert_eq!(program.content.sha256, Sha256::of(program_bytes()));
    // It stands in the receipt by its digest: there is no commitment to open.
    assert_eq!(program.opening, None);
    assert_eq!(read(&bench, "acme"), Err(ErrorCode::NotReceiver));
    assert_eq!(read(&bench, "lab"), Err(ErrorCode::NotReceiver));
}

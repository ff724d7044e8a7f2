//! Who has approved what, and when that ends.

mod support;

use support::*;
use veracruz_policy::{InstanceId, ParticipantName, PolicyHash, Sha256};
use veracruz_protocol::{
    ApprovalId, ApprovalStatement, ComputationState, ErrorCode, Instances, Missing, ProgramDigest,
    WithdrawnWhen,
};

/// Approves in acme's session with a statement that was changed before it was signed.
fn changed(bench: &mut Bench, change: impl FnOnce(&mut ApprovalStatement)) -> Option<ErrorCode> {
    let mut statement = bench.statement("acme");
    change(&mut statement);
    bench.carry("acme", &sign(&statement, &key("acme"))).err()
}

#[test]
fn accepts_an_approval_and_shows_the_signed_statement() {
    let mut bench = Bench::new(&Variant::default());
    let compact = sign(&bench.statement("acme"), &key("acme"));
    bench.carry("acme", &compact).unwrap();
    let status = bench.status("globex");
    assert_eq!(
        status.approvals[0].statement.as_deref(),
        Some(compact.as_str())
    );
    assert!(!bench.approved("globex"));
}

#[test]
fn a_signed_approval_can_be_carried_by_another_participant() {
    let mut bench = Bench::new(&Variant::default());
    let compact = sign(&bench.statement("acme"), &key("acme"));
    bench.carry("globex", &compact).unwrap();
    assert!(bench.approved("acme"));
    assert!(!bench.approved("globex"));
}

#[test]
fn refuses_an_approval_that_another_key_signed() {
    let mut bench = Bench::new(&Variant::default());
    for other in ["globex", "mallory"] {
        let compact = sign(&bench.statement("acme"), &key(other));
        assert_eq!(
            bench.carry("acme", &compact),
            Err(ErrorCode::ApprovalSignature)
        );
    }
    assert!(!bench.approved("acme"));
}

#[test]
fn refuses_an_approval_with_any_bit_of_its_signature_changed() {
    let mut bench = Bench::new(&Variant::default());
    let compact = sign(&bench.statement("acme"), &key("acme"));
    let (input, signature) = compact.rsplit_once('.').unwrap();
    let signature = data_encoding::BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .unwrap();
    for bit in 0..512 {
        let mut changed: [u8; 64] = signature.clone().try_into().unwrap();
        changed[bit / 8] ^= 1 << (bit % 8);
        let compact = veracruz_protocol::Jws::compact(input, &changed);
        assert_eq!(
            bench.carry("acme", &compact),
            Err(ErrorCode::ApprovalSignature)
        );
    }
}

#[test]
fn refuses_an_approval_for_another_purpose_policy_or_participant() {
    let mut bench = Bench::new(&Variant::default());
    assert_eq!(
        changed(&mut bench, |s| s.purpose = "veracruz-quorum-v1".into()),
        Some(ErrorCode::ApprovalPurpose)
    );
    assert_eq!(
        changed(&mut bench, |s| s.policy = PolicyHash::from_bytes([9; 32])),
        Some(ErrorCode::ApprovalPolicy)
    );
    assert_eq!(
        changed(&mut bench, |s| s.participant =
            ParticipantName::parse("mallory").unwrap()),
        Some(ErrorCode::ApprovalParticipant)
    );
    assert_eq!(
        changed(&mut bench, |s| s.participant =
            ParticipantName::parse("globex").unwrap()),
        Some(ErrorCode::ApprovalSignature)
    );
}

#[test]
fn refuses_an_approval_for_another_instance() {
    let mut bench = Bench::new(&Variant::default());
    let other = InstanceId::from_bytes([1; 32]);
    assert_eq!(
        changed(&mut bench, |s| s.instances = Instances::These(vec![other])),
        Some(ErrorCode::ApprovalInstance)
    );
    assert_eq!(
        changed(&mut bench, |s| s.instances =
            Instances::These(vec![other, INSTANCE])),
        None
    );
}

#[test]
fn accepts_any_instance_only_where_all_programs_are_pinned() {
    let mut bench = Bench::new(&Variant::default());
    assert_eq!(changed(&mut bench, |s| s.instances = Instances::Any), None);
    let mut bench = Bench::new(&Variant {
        pinned: false,
        ..Variant::default()
    });
    bench.provide_program();
    assert_eq!(
        changed(&mut bench, |s| s.instances = Instances::Any),
        Some(ErrorCode::ApprovalAnyInstance)
    );
}

#[test]
fn an_approval_names_the_digest_of_every_unpinned_program_as_it_is() {
    let mut bench = Bench::new(&Variant {
        pinned: false,
        ..Variant::default()
    });
    let program = |byte| {
        vec![ProgramDigest {
            path: path(PROGRAM),
            sha256: Sha256::from_bytes([byte; 32]),
        }]
    };
    // There is no program yet: nobody can know what is approved.
    assert_eq!(
        changed(&mut bench, |_| ()),
        Some(ErrorCode::ApprovalPrograms)
    );
    assert_eq!(
        changed(&mut bench, |s| s.programs = program(1)),
        Some(ErrorCode::ApprovalPrograms)
    );
    bench.provide_program();
    assert_eq!(
        changed(&mut bench, |s| s.programs.clear()),
        Some(ErrorCode::ApprovalPrograms)
    );
    assert_eq!(
        changed(&mut bench, |s| s.programs = program(1)),
        Some(ErrorCode::ApprovalPrograms)
    );
    assert_eq!(changed(&mut bench, |_| ()), None);
}

#[test]
fn refuses_an_approval_that_names_other_files_as_programs() {
    let mut bench = Bench::new(&Variant::default());
    let other = ProgramDigest {
        path: path(ACME),
        sha256: Sha256::from_bytes([1; 32]),
    };
    assert_eq!(
        changed(&mut bench, |s| s.programs = vec![other]),
        Some(ErrorCode::ApprovalPrograms)
    );
}

#[test]
fn refuses_an_approval_before_and_after_its_time() {
    let mut bench = Bench::new(&Variant::default());
    assert_eq!(
        changed(&mut bench, |s| s.nbf = NOW + 1),
        Some(ErrorCode::ApprovalNotYet)
    );
    assert_eq!(
        changed(&mut bench, |s| s.exp = NOW),
        Some(ErrorCode::ApprovalExpired)
    );
    assert_eq!(
        changed(&mut bench, |s| s.exp = i64::MIN),
        Some(ErrorCode::ApprovalExpired)
    );
    assert_eq!(changed(&mut bench, |s| s.nbf = NOW), None);
}

#[test]
fn an_approval_stops_counting_when_it_expires() {
    let mut bench = Bench::ready(&Variant::default());
    let session = bench.session("acme");
    let (seen, late) = (bench.machine.tag(), NOW + 1000);
    assert_eq!(bench.machine.state(late - 1), ComputationState::Ready);
    assert_eq!(bench.machine.state(late), ComputationState::Awaiting);
    let reply = bench.machine.start_run(&session, Some(seen), late);
    assert_eq!(bench.take(reply).unwrap_err(), ErrorCode::RunNotReady);
    // It is still shown: others see by its own `exp` that it is over.
    let shown = bench.machine.status(&bench.session("globex"), late);
    assert!(shown.approvals[0].statement.is_some());
    let missing = Missing::Approval {
        participant: ParticipantName::parse("acme").unwrap(),
    };
    assert!(shown.missing.contains(&missing));
}

#[test]
fn refuses_an_identifier_that_was_used() {
    let mut bench = Bench::new(&Variant::default());
    let compact = sign(&bench.statement("acme"), &key("acme"));
    bench.carry("acme", &compact).unwrap();
    assert_eq!(
        bench.carry("acme", &compact),
        Err(ErrorCode::ApprovalReplayed)
    );
    // Another participant may have drawn the same.
    let id = ApprovalId::from_random(&[1; 16]);
    let mut statement = bench.statement("globex");
    statement.jti = id;
    bench
        .carry("globex", &sign(&statement, &key("globex")))
        .unwrap();
}

#[test]
fn after_a_withdrawal_only_its_own_session_can_approve_again() {
    let mut bench = Bench::new(&Variant::default());
    bench.approve("acme").unwrap();
    let prepared = sign(&bench.statement("acme"), &key("acme"));
    let session = bench.session("acme");
    let reply = bench.machine.withdraw(&session);
    assert_eq!(
        bench.take(reply).unwrap().withdrawn,
        WithdrawnWhen::BeforeRun
    );
    assert!(!bench.approved("acme"));
    assert_eq!(
        bench.carry("globex", &prepared),
        Err(ErrorCode::ApprovalParticipant)
    );
    let shown = bench.status("lab").approvals[0].withdrawal.unwrap();
    assert_eq!(
        (shown.withdrawn, shown.run),
        (WithdrawnWhen::BeforeRun, None)
    );
    bench.carry("acme", &prepared).unwrap();
    assert_eq!(bench.status("lab").approvals[0].withdrawal, None);
}

#[test]
fn refuses_everything_on_a_connection_without_evidence() {
    let mut bench = Bench::new(&Variant::default());
    let session = bench.machine.session("acme", false).unwrap();
    let compact = sign(&bench.statement("acme"), &key("acme"));
    let refused = Err(ErrorCode::AttestationRequired);
    let reply = bench.machine.approve(&session, &compact, NOW);
    assert_eq!(bench.take(reply).map(|_| ()), refused);
    let reply = bench.machine.withdraw(&session);
    assert_eq!(bench.take(reply).map(|_| ()), refused);
    let reply = bench
        .machine
        .begin_upload(&session, &path(ACME), headers(b""), NOW);
    assert_eq!(bench.take(reply).map(|_| ()), refused);
    assert_eq!(
        bench
            .machine
            .head(&session, &path(ACME))
            .map(|_| ())
            .map_err(code),
        refused
    );
    assert_eq!(
        bench
            .machine
            .read(&session, &path(OUTPUT), None)
            .map(|_| ())
            .map_err(code),
        refused
    );
    assert_eq!(
        bench.machine.run(&session, 1).map(|_| ()).map_err(code),
        refused
    );
    assert_eq!(
        bench.machine.receipt(&session, 1).map(|_| ()).map_err(code),
        refused
    );
    // The status is open: a client learns which instance it has to attest.
    assert_eq!(bench.machine.status(&session, NOW).instance, INSTANCE);
}

#[test]
fn nobody_but_participants_has_a_session() {
    let bench = Bench::new(&Variant::default());
    assert!(bench.machine.session("mallory", true).is_none());
    assert!(bench.machine.session("", true).is_none());
}

#[test]
fn replacing_a_program_voids_all_approvals_and_erases_the_inputs_of_others() {
    let mut bench = Bench::ready(&Variant {
        pinned: false,
        ..Variant::default()
    });
    assert_eq!(bench.status("lab").state, ComputationState::Ready);
    bench.upload("lab", PROGRAM, b"another program").unwrap();
    assert!(!bench.approved("acme") && !bench.approved("globex"));
    assert!(!bench.present(ACME) && !bench.present(GLOBEX));
    assert!(bench.present(PROGRAM));
}

#[test]
fn deleting_a_program_voids_all_approvals_and_erases_the_inputs_of_others() {
    let mut bench = Bench::ready(&Variant::default());
    let session = bench.session("lab");
    let reply = bench.machine.delete(&session, &path(PROGRAM));
    bench.take(reply).unwrap();
    assert!(!bench.approved("acme") && !bench.approved("globex"));
    assert!(!bench.present(ACME) && !bench.present(GLOBEX) && !bench.present(PROGRAM));
}

#[test]
fn a_void_erases_unfinished_uploads_of_inputs_too() {
    let mut bench = Bench::ready(&Variant {
        pinned: false,
        ..Variant::default()
    });
    let session = bench.session("acme");
    let reply = bench
        .machine
        .begin_upload(&session, &path(ACME), headers(b"new"), NOW);
    let grant = bench.take(reply).unwrap();
    bench.upload("lab", PROGRAM, b"another program").unwrap();
    assert!(bench.erased(grant.storage));
    assert_eq!(
        bench.machine.append(&grant.lease, 1).map_err(code),
        Err(ErrorCode::UploadErased)
    );
}

#[test]
fn uploading_the_same_program_again_voids_nothing() {
    let mut bench = Bench::ready(&Variant {
        pinned: false,
        ..Variant::default()
    });
    bench.upload("lab", PROGRAM, program_bytes()).unwrap();
    assert!(bench.approved("acme") && bench.present(ACME));
    assert_eq!(bench.status("lab").state, ComputationState::Ready);
}

#[test]
fn an_old_approval_does_not_come_back_after_a_program_was_replaced() {
    let mut bench = Bench::new(&Variant {
        pinned: false,
        ..Variant::default()
    });
    bench.provide_program();
    let compact = sign(&bench.statement("acme"), &key("acme"));
    bench.carry("acme", &compact).unwrap();
    bench.upload("lab", PROGRAM, b"another program").unwrap();
    assert_eq!(
        bench.carry("lab", &compact),
        Err(ErrorCode::ApprovalPrograms)
    );
    bench.upload("lab", PROGRAM, program_bytes()).unwrap();
    assert_eq!(
        bench.carry("lab", &compact),
        Err(ErrorCode::ApprovalReplayed)
    );
}

#[test]
fn the_time_of_an_accepted_approval_bounds_the_time_from_below() {
    let expires = Some("2027-01-16T00:00:00Z"); // 1800057600
    let variant = Variant {
        expires,
        ..Variant::default()
    };
    let mut bench = Bench::new(&variant);
    // The host's clock stands still in the past; an approval was signed later than that.
    let mut statement = bench.statement("globex");
    (statement.iat, statement.nbf, statement.exp) = (NOW + 500, NOW, NOW + 5000);
    bench
        .carry("globex", &sign(&statement, &key("globex")))
        .unwrap();
    assert_eq!(
        changed(&mut bench, |s| s.exp = NOW + 500),
        Some(ErrorCode::ApprovalExpired)
    );
    assert_eq!(changed(&mut bench, |s| s.exp = NOW + 501), None);
}

#[test]
fn nobody_can_date_an_approval_so_far_ahead_that_all_others_have_expired() {
    let mut bench = Bench::new(&Variant::default());
    let day = 24 * 60 * 60;
    let ahead = |bench: &mut Bench, by: i64| {
        changed(bench, |statement| {
            (statement.iat, statement.exp) = (NOW + by, NOW + by + 100);
        })
    };
    assert_eq!(ahead(&mut bench, day + 1), Some(ErrorCode::ApprovalNotYet));
    assert_eq!(ahead(&mut bench, day), None);
}

#[test]
fn an_approval_that_was_refused_does_not_move_the_time() {
    let mut bench = Bench::new(&Variant::default());
    assert_eq!(
        changed(&mut bench, |s| (s.iat, s.exp, s.purpose) =
            (NOW + 500, NOW + 900, "x".into())),
        Some(ErrorCode::ApprovalPurpose)
    );
    assert_eq!(changed(&mut bench, |s| s.exp = NOW + 1), None);
}

#[test]
fn refuses_approvals_and_uploads_after_the_policy_expired() {
    let variant = Variant {
        expires: Some("2027-01-15T08:00:00Z"),
        ..Variant::default()
    }; // NOW
    let mut bench = Bench::new(&variant);
    assert_eq!(changed(&mut bench, |_| ()), Some(ErrorCode::PolicyExpired));
    assert_eq!(
        bench.upload("lab", PROGRAM, program_bytes()),
        Err(ErrorCode::PolicyExpired)
    );
    assert_eq!(bench.status("lab").state, ComputationState::Closed);
}

#[test]
fn an_approval_signed_after_the_expiry_shows_that_it_has_come() {
    let variant = Variant {
        expires: Some("2027-01-15T08:05:00Z"),
        ..Variant::default()
    };
    let mut bench = Bench::new(&variant);
    assert_eq!(
        changed(&mut bench, |s| s.iat = NOW + 300),
        Some(ErrorCode::PolicyExpired)
    );
    assert_eq!(changed(&mut bench, |s| s.iat = NOW + 299), None);
}

#[test]
fn the_state_tag_changes_with_every_approval_withdrawal_and_file() {
    let mut bench = Bench::new(&Variant::default());
    let mut last = bench.machine.tag();
    let mut moved = |bench: &Bench| {
        let moved = bench.machine.tag() > last;
        last = bench.machine.tag();
        moved
    };
    bench.provide_program();
    assert!(moved(&bench));
    bench.approve("acme").unwrap();
    assert!(moved(&bench));
    bench.upload("acme", ACME, b"x").unwrap();
    assert!(moved(&bench));
    assert_eq!(
        bench.upload("acme", GLOBEX, b"x"),
        Err(ErrorCode::NotProvider)
    );
    assert!(!moved(&bench));
    let session = bench.session("acme");
    let reply = bench.machine.withdraw(&session);
    bench.take(reply).unwrap();
    assert!(moved(&bench));
}

/// Signed by python3's `cryptography` with the program in docs/reference/api.md, for the policy of
/// `Variant::default()` and the instance of these tests.
#[test]
fn accepts_an_approval_that_another_implementation_signed() {
    let mut bench = Bench::new(&Variant::default());
    bench
        .carry("acme", include_str!("identities/approval-by-python.jws"))
        .unwrap();
    assert!(bench.approved("acme"));
}

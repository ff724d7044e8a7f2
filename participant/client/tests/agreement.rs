//! Approvals without a connection: signed, judged, enough or not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;

use fake::{NOW, PROGRAM, World, path};
use veracruz_client::{
    Agreement, ApprovalFlaw, ApprovalTerms, Error, Identity, InstanceId, Sha256, Timestamp,
    approval_jws, check_approval, named_programs,
};
use veracruz_protocol::{Instances, Jws, ProgramDigest};

const X: InstanceId = InstanceId::from_bytes([1; 32]);
const Y: InstanceId = InstanceId::from_bytes([2; 32]);

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

fn these(list: &[InstanceId]) -> Instances {
    Instances::These(list.to_vec())
}

fn sign(
    world: &World,
    who: &Identity,
    instances: Instances,
    programs: &[ProgramDigest],
) -> Result<String, Error> {
    let terms = ApprovalTerms {
        instances,
        programs: programs.to_vec(),
        not_before: NOW,
        expires: later(60),
    };
    approval_jws(&world.policy, who, terms, NOW)
}

/// Who is missing, and where a run could start.
fn judged(
    world: &World,
    approvals: &[String],
    instance: Option<InstanceId>,
    now: Timestamp,
) -> (Vec<String>, Vec<Option<InstanceId>>) {
    let given = approvals.iter().map(|jws| ("file".to_owned(), jws.clone()));
    let agreement = Agreement::judge(&world.policy, given, instance.as_ref(), now);
    assert!(agreement.is_genuine());
    assert_eq!(agreement.is_complete(), !agreement.places.is_empty());
    let missing = agreement.missing.iter().map(ToString::to_string).collect();
    let places = agreement
        .places
        .iter()
        .map(|place| place.instance)
        .collect();
    (missing, places)
}

/// The pin of the policy's program, which some tests take out.
fn unpinned() -> World {
    World::with(&[(&format!("\"sha256\": [\"{}\"], ", Sha256::of(PROGRAM)), "")])
}

fn program(contents: &[u8]) -> ProgramDigest {
    ProgramDigest {
        path: path("/program/p.wasm"),
        sha256: Sha256::of(contents),
    }
}

#[test]
fn approvals_are_enough_where_all_that_are_required_hold() {
    let world = World::new();
    let by = |who, instances| sign(&world, who, instances, &[]).unwrap();
    let (acme, globex) = (&world.acme, &world.globex);
    let any = by(acme, Instances::Any);
    let none: Vec<String> = vec![];
    for (approvals, missing, places) in [
        (vec![], vec!["acme", "globex"], vec![]),
        (vec![any.clone()], vec!["globex"], vec![]),
        (
            vec![any.clone(), by(globex, Instances::Any)],
            vec![],
            vec![None],
        ),
        (
            vec![any.clone(), by(globex, these(&[X]))],
            vec![],
            vec![Some(X)],
        ),
        (
            vec![by(acme, these(&[X, Y])), by(globex, these(&[Y]))],
            vec![],
            vec![Some(Y)],
        ),
        // Nobody is missing, and they are at different places.
        (
            vec![by(acme, these(&[X])), by(globex, these(&[Y]))],
            vec![],
            vec![],
        ),
        // Two statements of one participant count together.
        (
            vec![
                by(acme, these(&[X])),
                by(acme, these(&[Y])),
                by(globex, these(&[X, Y])),
            ],
            vec![],
            vec![Some(X), Some(Y)],
        ),
    ] {
        let found = judged(&world, &approvals, None, NOW);
        let missing: Vec<_> = missing.into_iter().map(str::to_owned).collect();
        assert_eq!(found, (missing, places), "{approvals:?}");
    }
    let both = [any, by(globex, these(&[Y]))];
    let at = |instance| judged(&world, &both, Some(instance), NOW);
    assert_eq!(at(Y), (none.clone(), vec![Some(Y)]));
    assert_eq!(at(X), (vec!["globex".to_owned()], vec![]));
    let late = judged(&world, &both, None, later(60));
    assert_eq!(late, (vec!["acme".to_owned(), "globex".to_owned()], vec![]));
    let early = judged(&world, &both, None, later(-1));
    assert_eq!(early.0.len(), 2);
    assert_eq!(
        judged(&world, &both, None, later(59)),
        (none, vec![Some(Y)])
    );
}

#[test]
fn those_who_mean_different_programs_have_not_agreed() {
    let world = unpinned();
    let by = |who, contents| sign(&world, who, these(&[X]), &[program(contents)]).unwrap();
    let differ = [by(&world.acme, b"one"), by(&world.globex, b"two")];
    assert_eq!(judged(&world, &differ, None, NOW), (vec![], vec![]));
    let same = [by(&world.acme, b"one"), by(&world.globex, b"one")];
    assert_eq!(judged(&world, &same, None, NOW), (vec![], vec![Some(X)]));
}

#[test]
fn what_is_not_signed_by_its_author_for_this_policy_is_refused_with_the_reason() {
    let (world, other) = (World::new(), World::new());
    let good = sign(&world, &world.acme, Instances::Any, &[]).unwrap();
    let statement = check_approval(&world.policy, &good).unwrap();
    let forge = |change: &dyn Fn(&mut veracruz_protocol::ApprovalStatement)| {
        let mut statement = statement.clone();
        change(&mut statement);
        let input = Jws::signing_input(&statement);
        Jws::compact(&input, &world.acme.sign_es256(input.as_bytes()).unwrap())
    };
    let name = |name| veracruz_policy::ParticipantName::parse(name).unwrap();
    let flaw = |jws: &str| check_approval(&world.policy, jws).unwrap_err();

    let forged = forge(&|statement| statement.participant = name("globex"));
    assert!(
        matches!(flaw(&forged), ApprovalFlaw::Signature { participant } if participant == "globex")
    );
    let stranger = forge(&|statement| statement.participant = name("mallory"));
    assert!(matches!(flaw(&stranger), ApprovalFlaw::Participant { found } if found == "mallory"));
    let purpose = forge(&|statement| statement.purpose = "veracruz-receipt-v1".into());
    assert!(matches!(flaw(&purpose), ApprovalFlaw::Purpose { .. }));
    let policy = forge(&|statement| statement.policy = other.policy.hash());
    assert!(
        matches!(flaw(&policy), ApprovalFlaw::Policy { found, .. } if found == other.policy.hash())
    );
    let surplus = forge(&|statement| statement.programs = vec![program(b"one")]);
    assert!(matches!(
        flaw(&surplus),
        ApprovalFlaw::ProgramSurplus { .. }
    ));
    assert!(matches!(flaw("e30.e30.e30"), ApprovalFlaw::Malformed(_)));
    let turned = good.replace("eyJ", "eyK");
    assert!(matches!(flaw(&turned), ApprovalFlaw::Malformed(_)));

    let given = [("a".to_owned(), good), ("b".to_owned(), forged)];
    let agreement = Agreement::judge(&world.policy, given, None, NOW);
    assert!(!agreement.is_genuine());
    assert_eq!(agreement.missing, [name("globex")]);
}

#[test]
fn nothing_is_signed_that_every_isolate_refuses() {
    let world = World::new();
    let open = unpinned();
    let terms = |result: Result<String, Error>| match result.unwrap_err() {
        Error::ApprovalTerms(flaw) => *flaw,
        other => panic!("{other}"),
    };
    let flaw = terms(sign(&open, &open.acme, Instances::Any, &[]));
    assert_eq!(
        flaw,
        ApprovalFlaw::AnyInstance {
            path: path("/program/p.wasm")
        }
    );
    let flaw = terms(sign(&open, &open.acme, these(&[X]), &[]));
    assert!(matches!(flaw, ApprovalFlaw::ProgramOpen { .. }));
    for list in [&[][..], &[X, X], &[X; 65]] {
        let flaw = terms(sign(&world, &world.acme, these(list), &[]));
        assert!(matches!(flaw, ApprovalFlaw::Instances { .. }), "{flaw:?}");
    }
    let stranger = Identity::generate("stranger").unwrap();
    let error = sign(&world, &stranger, Instances::Any, &[]).unwrap_err();
    assert!(matches!(error, Error::NotAParticipant { .. }));

    let over = World::with(&[(
        "\"unprotected\": true,",
        "\"unprotected\": true, \"expires\": \"2026-11-20T12:00:00Z\",",
    )]);
    let error = sign(&over, &over.acme, Instances::Any, &[]).unwrap_err();
    assert!(matches!(error, Error::PolicyExpired { .. }));
    let past = ApprovalTerms::until(&world.policy, Instances::Any, vec![], NOW, NOW);
    let flaw = terms(approval_jws(&world.policy, &world.acme, past, NOW));
    assert!(matches!(flaw, ApprovalFlaw::Over { .. }));
}

#[test]
fn a_program_that_the_policy_pins_is_compared_and_not_named() {
    let (world, open) = (World::new(), unpinned());
    let meant = [(path("/program/p.wasm"), Sha256::of(PROGRAM))];
    assert_eq!(named_programs(&world.policy, &meant).unwrap(), []);
    assert_eq!(
        named_programs(&open.policy, &meant).unwrap(),
        [program(PROGRAM)]
    );
    let other = [(path("/program/p.wasm"), Sha256::of(b"other"))];
    let error = named_programs(&world.policy, &other).unwrap_err();
    assert!(matches!(error, Error::PinMismatch { .. }));
    let input = [(path("/input/acme"), Sha256::of(b""))];
    let error = named_programs(&world.policy, &input).unwrap_err();
    assert!(
        matches!(&error, Error::ApprovalTerms(flaw) if matches!(**flaw, ApprovalFlaw::ProgramSurplus { .. }))
    );
    let error = named_programs(&open.policy, &[]).unwrap_err();
    assert!(matches!(error, Error::ApprovalTerms(_)));
}

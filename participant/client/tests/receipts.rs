//! Receipts with what is at hand beside them: inputs, approvals, another isolate's receipt.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;

use std::fs;

use fake::receipts::{RESULT, SALT, issue, payload};
use fake::{Fake, NOW, World, path, provisioning};
use veracruz_client::{
    ApprovalTerms, Clock, Collateral, Compared, Comparison, Error, Identity, JudgedBy, Opening,
    ReceiptPayload, Sha256, Source, Verification, approval_jws, compare_receipts, verify_kept,
};
use veracruz_policy::ParticipantName;
use veracruz_protocol::{Instances, header};
use veracruz_receipt::{Commitment, Outcome};

fn judged(
    receipt: &[u8],
    world: &World,
    openings: &[Opening],
    approvals: &[String],
) -> Result<Verification, Error> {
    let by = JudgedBy {
        at: NOW,
        clock: Clock::Here,
        collateral: &Collateral::none(),
        today: NOW,
    };
    verify_kept(receipt, &world.policy, openings, approvals, by)
}

/// Uploads an input to the fake, and puts what it was given into a payload.
async fn uploaded(world: &World, fake: &Fake, contents: &'static [u8]) -> ReceiptPayload {
    let mut connection = world.attested(fake).await;
    let input = path("/input/acme");
    let ledger = world.ledger();
    let mut entrusted = provisioning(&ledger);
    entrusted.again = true;
    connection
        .upload(
            &input,
            &Source::Bytes(contents.into()),
            entrusted,
            &mut |_, _| {},
        )
        .await
        .unwrap();
    let (salt, _) = fake.state().secrets.last().unwrap().clone();
    let salt = header::parse_bytes(&salt).unwrap();
    let mut payload = payload(world, fake);
    payload
        .inputs
        .insert(input, Commitment::to(&salt, &Sha256::of(contents)));
    payload
}

#[tokio::test]
async fn an_own_input_is_opened_by_the_salt_in_the_ledger() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let payload = uploaded(&world, &fake, b"my rows").await;
    let receipt = issue(&payload, &world, &fake);
    let (input, ledger) = (path("/input/acme"), world.ledger());

    let opening = ledger
        .opening(&payload, &input, &Sha256::of(b"my rows"))
        .unwrap();
    let verification = judged(&receipt, &world, &[opening], &[]).unwrap();
    let went_in = verification
        .proved()
        .iter()
        .any(|line| line.contains("went into the run as /input/acme"));
    assert!(went_in, "{:?}", verification.proved());

    // Other contents were never uploaded; the ledger says so before anything is judged.
    let error = ledger
        .opening(&payload, &input, &Sha256::of(b"other rows"))
        .err()
        .unwrap();
    assert!(matches!(error, Error::ReceiptUnfit { .. }), "{error:?}");
    // The same contents in another run, whose salt this was not.
    let mut other = payload.clone();
    other.inputs.insert(
        input.clone(),
        Commitment::to(&[9; 32], &Sha256::of(b"my rows")),
    );
    let opening = ledger
        .opening(&other, &input, &Sha256::of(b"my rows"))
        .unwrap();
    let error = judged(&issue(&other, &world, &fake), &world, &[opening], &[]).unwrap_err();
    assert_eq!(error.code(), "VC-0621");
}

fn approval(world: &World, identity: &Identity, fake: &Fake) -> String {
    let expires = veracruz_client::Timestamp::from_seconds(NOW.seconds() + 3600);
    let instances = Instances::These(vec![fake.instance()]);
    let terms = ApprovalTerms::until(&world.policy, instances, Vec::new(), expires, NOW);
    approval_jws(&world.policy, identity, terms, NOW).unwrap()
}

#[tokio::test]
async fn the_receipt_says_which_approvals_at_hand_counted() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let acme = approval(&world, &world.acme, &fake);
    // Approved again after it was taken back, say: good, and not what the run started with.
    let late = approval(&world, &world.globex, &fake);
    let mut payload = payload(&world, &fake);
    let name = |name: &str| ParticipantName::parse(name).unwrap();
    payload
        .approvals
        .insert(name("acme"), Sha256::of(acme.as_bytes()));
    let receipt = issue(&payload, &world, &fake);

    let verification = judged(&receipt, &world, &[], &[acme.clone(), late]).unwrap();
    let counted: Vec<bool> = verification
        .approvals
        .iter()
        .map(|one| one.counted)
        .collect();
    assert_eq!(counted, [true, false]);
    let proved = verification.proved();
    assert!(
        proved
            .iter()
            .any(|line| line.contains("acme signed the approval at hand"))
    );
    let not_proved = verification.not_proved();
    assert!(
        not_proved
            .iter()
            .any(|line| line.starts_with("the approvals of globex:"))
    );

    // One of another policy, by keys that this one does not have.
    let strangers = World::new();
    let strange = approval(&strangers, &strangers.acme, &fake);
    let error = judged(&receipt, &world, &[], &[strange]).unwrap_err();
    assert!(matches!(error, Error::ReceiptUnfit { .. }), "{error:?}");
    let damaged = acme.get(1..).unwrap().to_owned();
    let error = judged(&receipt, &world, &[], &[damaged]).unwrap_err();
    assert!(matches!(error, Error::ReceiptUnfit { .. }), "{error:?}");
}

#[tokio::test]
async fn what_an_unprotected_isolate_says_rests_on_no_hardware() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let receipt = issue(&payload(&world, &fake), &world, &fake);
    let verification = judged(&receipt, &world, &[], &[]).unwrap();
    assert!(veracruz_client::rests_on(verification.technology).starts_with("NO hardware"));
    let not_proved = verification.not_proved();
    assert!(
        not_proved
            .iter()
            .any(|line| line.starts_with("that the host is honest"))
    );
    assert!(
        not_proved
            .iter()
            .any(|line| line.starts_with("when the run was"))
    );
}

/// What acme's ledger opens of two runs.
fn compared(
    world: &World,
    one: &ReceiptPayload,
    other: &ReceiptPayload,
    outputs: &[Opening],
) -> Result<Comparison, Error> {
    let (ledger, policy) = (world.ledger(), world.policy.hash());
    compare_receipts(one, other, outputs, |path, commitment| {
        ledger.opened(&policy, path, commitment)
    })
}

fn result(contents: &[u8], salt: [u8; 32]) -> Opening {
    Opening {
        path: path("/output/result"),
        content: Sha256::of(contents),
        salt,
    }
}

#[tokio::test]
async fn two_isolates_that_gave_the_same_from_the_same_are_found_equal_by_openings() {
    let world = World::new();
    let (first, second) = (Fake::start(&world).await, Fake::start(&world).await);
    let one = uploaded(&world, &first, b"my rows").await;
    let mut other = uploaded(&world, &second, b"my rows").await;
    let input = path("/input/acme");
    assert_ne!(
        one.inputs[&input], other.inputs[&input],
        "each has a salt of its own"
    );
    let salt = [6; 32];
    other
        .outputs
        .insert(path("/output/result"), result(RESULT, salt).commitment());

    let openings = [result(RESULT, SALT), result(RESULT, salt)];
    let found = compared(&world, &one, &other, &openings).unwrap();
    assert!(found.is_equal(), "{found:?}");

    // Without the files nobody can tell, and nobody says so.
    let found = compared(&world, &one, &other, &[]).unwrap();
    assert_eq!(found.unknown_outputs(), [&path("/output/result")]);
    assert!(!found.is_equal() && found.incomparable.is_empty());

    // Another result from the same inputs.
    other.outputs.insert(
        path("/output/result"),
        result(b"another", salt).commitment(),
    );
    let openings = [result(RESULT, SALT), result(b"another", salt)];
    let found = compared(&world, &one, &other, &openings).unwrap();
    assert_eq!(found.differing(), [&path("/output/result")]);
    assert!(found.incomparable.is_empty() && !found.is_equal());
    // A file that came out of neither.
    let error = compared(&world, &one, &other, &[result(b"strange", SALT)]).unwrap_err();
    assert!(matches!(error, Error::ReceiptUnfit { .. }), "{error:?}");
}

#[tokio::test]
async fn runs_that_say_nothing_about_each_other_are_not_compared_and_it_is_said_why() {
    let world = World::new();
    let (first, second) = (Fake::start(&world).await, Fake::start(&world).await);
    let one = uploaded(&world, &first, b"my rows").await;
    let because = |other: &ReceiptPayload| -> String {
        compared(&world, &one, other, &[])
            .unwrap()
            .incomparable
            .join("; ")
    };
    assert_eq!(because(&one), "they are of one and the same run");

    let other_rows = uploaded(&world, &second, b"other rows").await;
    assert_eq!(
        because(&other_rows),
        "they had different inputs: /input/acme"
    );
    let found = compared(&world, &one, &other_rows, &[]).unwrap();
    assert_eq!(found.inputs[0].found, Compared::Differ);

    let same_rows = uploaded(&world, &second, b"my rows").await;
    let mut failed = same_rows.clone();
    failed.outcome = Outcome::Failed;
    failed.outputs.clear();
    assert_eq!(
        because(&failed),
        "the second run failed, so nothing came out of it"
    );
    let mut program = same_rows.clone();
    program
        .programs
        .insert(path("/program/p.wasm"), Sha256::of(b"another"));
    assert_eq!(
        because(&program),
        "they had different programs: /program/p.wasm"
    );
    let mut policy = same_rows;
    policy.policy = veracruz_client::PolicyHash::from_bytes([1; 32]);
    assert!(because(&policy).starts_with("they are for two policies"));
}

#[tokio::test]
async fn a_receipt_that_is_there_is_not_replaced_nor_anything_beside_it() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let receipt = issue(&payload(&world, &fake), &world, &fake);
    fake.state().canned.insert(
        "GET /v1/runs/1/receipt".into(),
        (200, veracruz_protocol::media::RECEIPT, receipt.clone()),
    );
    let kept = veracruz_client::KeptReceipt::at(world.file("r.receipt"));
    let mut connection = world.attested(&fake).await;
    connection
        .store_receipt(1, kept.path(), &world.ledger(), NOW)
        .await
        .unwrap();
    let appraisal = fs::read(kept.appraisal_path()).unwrap();
    let error = connection
        .store_receipt(1, kept.path(), &world.ledger(), NOW)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::DestinationExists { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read(kept.appraisal_path()).unwrap(), appraisal);
    let kept = kept.overwriting();
    // What does not hold replaces nothing.
    let other = Fake::start(&world).await;
    let strange = issue(&payload(&world, &other), &world, &other);
    for bytes in [strange, b"garbage".to_vec()] {
        let answer = (200, veracruz_protocol::media::RECEIPT, bytes);
        fake.state()
            .canned
            .insert("GET /v1/runs/1/receipt".into(), answer);
        connection
            .store_receipt(1, kept.clone(), &world.ledger(), NOW)
            .await
            .unwrap_err();
        assert_eq!(kept.read().unwrap(), receipt);
    }
    let receipt = issue(&payload(&world, &fake), &world, &fake);
    let answer = (200, veracruz_protocol::media::RECEIPT, receipt.clone());
    fake.state()
        .canned
        .insert("GET /v1/runs/1/receipt".into(), answer);
    connection
        .store_receipt(1, kept.clone(), &world.ledger(), NOW)
        .await
        .unwrap();
    assert_eq!(kept.read().unwrap(), receipt);
}

//! What goes where is worked out, and all that is wrong with it said, before anything is sent.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod fake;

use std::fs;
use std::path::Path;

use fake::{Fake, NOW, PROGRAM, World, path, provisioning};
use veracruz_client::{
    Assignment, Destination, Dial, DownloadPlan, Error, Line, Origin, RateLimit, UploadPlan,
    Uploads,
};
use veracruz_policy::ParticipantName;
use veracruz_protocol::ErrorCode;

fn me() -> ParticipantName {
    ParticipantName::parse("acme").unwrap()
}

fn assignments(texts: &[String]) -> Vec<Assignment> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn uploads(world: &World, texts: &[String]) -> Result<UploadPlan, Error> {
    UploadPlan::make(&world.policy, &me(), &assignments(texts))
}

fn downloads(world: &World, texts: &[String], overwrite: bool) -> Result<DownloadPlan, Error> {
    DownloadPlan::make(&world.policy, &me(), &assignments(texts), None, overwrite)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn everything_by_its_path_below_a_folder() {
    let world = World::new();
    let folder = world.file("data");
    fs::create_dir_all(folder.join("input")).unwrap();
    fs::create_dir_all(folder.join("program")).unwrap();
    fs::write(folder.join("input/acme"), "a").unwrap();
    fs::write(folder.join("input/globex"), "g").unwrap();
    let all = [Assignment::all(&folder).unwrap()];
    let plan = UploadPlan::make(&world.policy, &me(), &all).unwrap();
    let planned: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(planned, ["/input/acme"]);
    let missing: Vec<&str> = plan.missing.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(missing, ["/program/p.wasm"]);
    // Somebody else's.
    assert_eq!(plan.unknown, [folder.join("input/globex")]);
    assert_eq!(plan.bytes(), 1);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let world = World::new();
    let folder = world.folder.path();
    fs::write(folder.join("large"), vec![0; (16 << 20) + 1]).unwrap();
    fs::write(folder.join("small"), "s").unwrap();
    let one = |policy: &str, local: &str| format!("{policy}={}", text(&folder.join(local)));
    let code = |texts: &[String]| {
        let error = uploads(&world, texts).unwrap_err();
        (ErrorCode::parse(error.code()).unwrap(), error)
    };
    let (found, error) = code(&[one("/input/acme", "large"), one("/input/globex", "small")]);
    assert_eq!(found, ErrorCode::FileTooLarge);
    let Error::Several(errors) = &error else {
        panic!("{error:?}")
    };
    assert!(matches!(errors[1], Error::NotProvider { .. }));
    assert!(error.to_string().starts_with("2 files"), "{error}");

    for (texts, expected) in [
        (vec![one("/input/nobody", "small")], ErrorCode::FileUnknown),
        (
            vec![one("/input/acme", "nothing")],
            ErrorCode::FileUnreadable,
        ),
        (vec![one("/input/acme", ".")], ErrorCode::AssignmentWrong),
        (
            vec![one("/input/acme", "small"); 2],
            ErrorCode::AssignmentWrong,
        ),
        (
            vec!["/input/acme=-".into(), "/program/p.wasm=-".into()],
            ErrorCode::AssignmentWrong,
        ),
        (vec![one("/output/", ".")], ErrorCode::AssignmentWrong),
        (vec![one("/input/", "nowhere")], ErrorCode::AssignmentWrong),
        (vec![one("/program/*", "*")], ErrorCode::AssignmentWrong),
    ] {
        assert_eq!(code(&texts).0, expected, "{texts:?}");
    }
}

#[test]
fn what_a_star_stands_for_is_a_part_of_a_name() {
    let world = World::with(&[("/input/acme", "/input/x..y")]);
    let folder = world.file("data");
    fs::create_dir(&folder).unwrap();
    fs::write(world.file("secret"), "s").unwrap();
    // `*` stands for `..` here.
    let texts = [format!("/input/x*y={}/*/secret", text(&folder))];
    let error = uploads(&world, &texts).unwrap_err();
    assert_eq!(error.code(), ErrorCode::PathLeadsOut.as_str(), "{error}");
}

#[test]
fn a_device_is_read_once_and_a_folder_gets_the_file_by_its_name() {
    let world = World::new();
    let plan = uploads(&world, &["/input/acme=/dev/null".into()]).unwrap();
    assert_eq!(plan.files[0].from, Origin::Stream("/dev/null".into()));
    let folder = world.folder.path();
    let plan = downloads(
        &world,
        &[format!("/output/result={}/", text(folder))],
        false,
    )
    .unwrap();
    let Destination::File { path, .. } = &plan.files[0].to else {
        panic!("{plan:?}")
    };
    assert_eq!(*path, folder.join("result"));
    fs::write(path, "old").unwrap();
    let again = [format!("/output/result={}", text(path))];
    let error = downloads(&world, &again, false).unwrap_err();
    assert!(matches!(error, Error::DestinationExists { .. }));
    assert!(downloads(&world, &again, true).is_ok());
    let error = downloads(&world, &["/output/=out".into()], false).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotReleased.as_str());
    let error = downloads(&world, &["/input/=out".into()], false).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AssignmentWrong.as_str());
}

#[tokio::test]
async fn a_pin_is_checked_before_the_first_byte_is_sent_and_several_lines_carry_several_files() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let ledger = world.ledger();
    fs::write(world.file("acme"), vec![1; 500_000]).unwrap();
    fs::write(world.file("p.wasm"), "another").unwrap();
    let texts = [
        format!("/input/acme={}", text(&world.file("acme"))),
        format!("/program/p.wasm={}", text(&world.file("p.wasm"))),
    ];
    let plan = uploads(&world, &texts).unwrap();
    let error = Uploads::prepare(&plan, &world.policy).await.unwrap_err();
    assert!(matches!(error, Error::PinMismatch { .. }), "{error:?}");

    fs::write(world.file("p.wasm"), PROGRAM).unwrap();
    let plan = uploads(&world, &texts).unwrap();
    let ready = Uploads::prepare(&plan, &world.policy).await.unwrap();
    let dial = Dial {
        host: fake.address.as_str().into(),
        policy: world.policy.clone(),
        identity: world.acme.clone(),
        instance: fake.instance(),
        accept_unprotected: true,
        collateral: Default::default(),
        limit: RateLimit::none(),
    };
    let lines = (0..3).map(|_| Line::new(dial.clone(), NOW)).collect();
    let sent = ready
        .send(lines, provisioning(&ledger), &|_, _, _| {})
        .await
        .unwrap();
    let lengths: Vec<u64> = sent.iter().map(|sent| sent.length).collect();
    assert_eq!(lengths, [500_000, PROGRAM.len() as u64]);
    let state = fake.state();
    assert_eq!(
        state.files.get(path("/input/acme").as_str()).map(Vec::len),
        Some(500_000)
    );
    assert_eq!(
        state.files.get("/program/p.wasm").map(Vec::as_slice),
        Some(PROGRAM)
    );
}

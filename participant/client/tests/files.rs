//! Uploads go on where they broke off, downloads are checked before they are in place, and
//! nothing is entrusted to a second isolate by accident.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use fake::{Fake, NOW, PROGRAM, World, path, provisioning};
use veracruz_client::{
    Dial, DownloadOptions, Error, FilePath, Identity, Line, RateLimit, Sha256, Source, Uploaded,
};
use veracruz_protocol::{ErrorCode, Problem, media};

fn input() -> FilePath {
    path("/input/acme")
}

/// Bytes that do not repeat soon.
fn contents(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| u8::try_from(index * 7919 % 251).unwrap())
        .collect()
}

fn dial(world: &World, fake: &Fake) -> Dial {
    Dial {
        host: fake.address.as_str().into(),
        policy: world.policy.clone(),
        identity: world.acme.clone(),
        instance: fake.instance(),
        accept_unprotected: true,
        collateral: Arc::default(),
        limit: RateLimit::none(),
    }
}

/// Uploads over a new line.
async fn upload_resuming(
    dial: &Dial,
    path: &FilePath,
    source: &Source,
    provisioning: veracruz_client::Provisioning<'_>,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Uploaded, Error> {
    let prepared = source.prepare().await?;
    Line::new(dial.clone(), NOW)
        .upload(path, &prepared, provisioning, progress)
        .await
}

#[tokio::test]
async fn a_file_is_uploaded_whole_and_not_twice() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let bytes = contents(1_000_000);
    fs::write(world.file("input"), &bytes).unwrap();
    let source = Source::File(world.file("input"));
    let mut told = Vec::new();
    let uploaded = connection
        .upload(
            &input(),
            &source,
            provisioning(&ledger),
            &mut |so_far, all| told.push((so_far, all)),
        )
        .await
        .unwrap();
    let expected = Uploaded {
        sha256: Sha256::of(&bytes),
        length: 1_000_000,
        resumed_at: 0,
    };
    assert_eq!(uploaded, expected);
    assert_eq!(fake.state().files.get("/input/acme"), Some(&bytes));
    assert_eq!(told.last(), Some(&(1_000_000, 1_000_000)));
    assert!(told.is_sorted());

    fake.state().requests.clear();
    let again = connection
        .upload(&input(), &source, provisioning(&ledger), &mut |_, _| {})
        .await
        .unwrap();
    assert_eq!(again.resumed_at, 1_000_000);
    assert_eq!(fake.state().requests, ["HEAD /v1/files/input/acme"]);
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    for source in [Source::Bytes("".into()), Source::File("/dev/null".into())] {
        fake.state().files.clear();
        connection
            .upload(&input(), &source, provisioning(&ledger), &mut |_, _| {})
            .await
            .unwrap();
        assert_eq!(fake.state().files.get("/input/acme"), Some(&Vec::new()));
    }
}

#[tokio::test]
async fn an_upload_cut_anywhere_goes_on_with_the_same_secrets() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let dial = dial(&world, &fake);
    let bytes = contents(48);
    fs::write(world.file("input"), &bytes).unwrap();
    for cut in 0..=bytes.len() {
        let source = match cut % 2 {
            0 => Source::File(world.file("input")),
            _ => Source::Bytes(bytes.clone().into()),
        };
        let ledger = veracruz_client::Ledger::at(world.file(&format!("ledger-{cut}")));
        {
            let mut state = fake.state();
            state.files.clear();
            state.secrets.clear();
            state.cut_upload_after = Some(cut);
        }
        let uploaded = upload_resuming(
            &dial,
            &input(),
            &source,
            provisioning(&ledger),
            &mut |_, _| {},
        )
        .await
        .unwrap();
        assert_eq!(uploaded.resumed_at, cut as u64, "{cut}");
        let state = fake.state();
        assert_eq!(state.files.get("/input/acme"), Some(&bytes), "{cut}");
        let same = |pair: &[(String, String)]| pair.first() == pair.last();
        assert!(state.secrets.windows(2).all(same), "{cut}");
    }
}

#[tokio::test]
async fn a_large_upload_goes_on_too() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let dial = dial(&world, &fake);
    let ledger = world.ledger();
    let bytes = contents(3_000_001);
    fs::write(world.file("input"), &bytes).unwrap();
    let source = Source::File(world.file("input"));
    fake.state().cut_upload_after = Some(2_000_000);
    let uploaded = upload_resuming(
        &dial,
        &input(),
        &source,
        provisioning(&ledger),
        &mut |_, _| {},
    )
    .await;
    assert_eq!(uploaded.unwrap().resumed_at, 2_000_000);
    assert_eq!(fake.state().files.get("/input/acme"), Some(&bytes));
}

#[tokio::test]
async fn a_broken_connection_is_an_error_and_stays_one() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    fake.state().cut_upload_after = Some(10);
    let source = Source::Bytes(contents(100).into());
    let result = connection
        .upload(&input(), &source, provisioning(&ledger), &mut |_, _| {})
        .await;
    assert!(result.unwrap_err().is_connection_lost());
    fake.state().requests.clear();
    assert!(connection.status().await.unwrap_err().is_connection_lost());
    assert!(fake.state().requests.is_empty());
}

#[tokio::test]
async fn an_upload_does_not_go_on_at_another_isolate() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    // The host starts another isolate in the place of the first.
    let other = Fake::start(&world).await;
    let dial = Dial {
        host: other.address.as_str().into(),
        ..dial(&world, &fake)
    };
    let ledger = world.ledger();
    let source = Source::Bytes("x".into());
    let result = upload_resuming(
        &dial,
        &input(),
        &source,
        provisioning(&ledger),
        &mut |_, _| {},
    )
    .await;
    assert!(
        matches!(result, Err(Error::HandshakeRefused { .. })),
        "{result:?}"
    );
    assert!(other.state().requests.is_empty());
}

#[tokio::test]
async fn a_second_isolate_gets_nothing_unless_it_is_meant() {
    let world = World::new();
    let first = Fake::start(&world).await;
    let second = Fake::start_as(&world, Identity::generate("isolate").unwrap()).await;
    let ledger = world.ledger();
    let source = Source::Bytes("x".into());
    let mut connection = world.attested(&first).await;
    connection
        .upload(&input(), &source, provisioning(&ledger), &mut |_, _| {})
        .await
        .unwrap();

    let mut connection = world.attested(&second).await;
    second.state().requests.clear();
    let result = connection
        .upload(&input(), &source, provisioning(&ledger), &mut |_, _| {})
        .await;
    let Err(Error::SecondInstance {
        earlier, found, at, ..
    }) = result
    else {
        panic!("{result:?}")
    };
    assert_eq!(
        (earlier, found, at),
        (first.instance(), second.instance(), NOW)
    );
    // Nor may it have an approval, which would make it run.
    let result = connection
        .submit_jws("e30.e30.e30", provisioning(&ledger))
        .await;
    assert!(matches!(result, Err(Error::SecondInstance { .. })));
    assert!(second.state().requests.is_empty());

    let again = veracruz_client::Provisioning {
        again: true,
        ..provisioning(&ledger)
    };
    connection
        .upload(&input(), &source, again, &mut |_, _| {})
        .await
        .unwrap();
    let (one, two) = (
        first.state().secrets.clone(),
        second.state().secrets.clone(),
    );
    assert_ne!(one, two, "each isolate gets secrets of its own");
}

#[tokio::test]
async fn what_the_policy_does_not_allow_is_not_even_sent() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    fake.state().requests.clear();
    let ledger = world.ledger();
    let small = Source::Bytes("x".into());
    let large = Source::Bytes(vec![0; (16 << 20) + 1].into());
    let upload =
        async |connection: &mut veracruz_client::Connection<_>, file: &str, source: &Source| {
            connection
                .upload(&path(file), source, provisioning(&ledger), &mut |_, _| {})
                .await
                .unwrap_err()
        };
    let error = upload(&mut connection, "/input/globex", &small).await;
    assert!(matches!(error, Error::NotProvider { .. }), "{error:?}");
    let error = upload(&mut connection, "/output/result", &small).await;
    assert!(matches!(error, Error::NotProvider { .. }), "{error:?}");
    let error = upload(&mut connection, "/input/nobody", &small).await;
    assert!(matches!(error, Error::FileUnknown { .. }), "{error:?}");
    let error = upload(&mut connection, "/input/acme", &large).await;
    assert!(matches!(error, Error::FileTooLarge { .. }), "{error:?}");
    let error = upload(&mut connection, "/program/p.wasm", &small).await;
    let Error::PinMismatch {
        expected, found, ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (expected, found),
        (&Sha256::of(PROGRAM).to_string(), &Sha256::of(b"x"))
    );
    assert!(fake.state().requests.is_empty());
    assert!(!ledger.path().exists());
}

#[tokio::test]
async fn the_isolates_own_refusal_comes_through_with_its_code() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let problem = Problem::new(ErrorCode::PinMismatch)
        .expected("one")
        .found("another");
    fake.state().canned.insert(
        "PUT /v1/files/program/p.wasm".into(),
        (422, media::PROBLEM, problem.to_json().into_bytes()),
    );
    let source = Source::Bytes("x".into());
    let error = connection
        .upload_unchecked(
            &path("/program/p.wasm"),
            &source,
            provisioning(&ledger),
            &mut |_, _| {},
        )
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::PinMismatch.as_str());
    assert_eq!(
        error.expected_and_found(),
        Some(("one".into(), "another".into()))
    );
    assert!(!error.hint().is_empty());
}

#[tokio::test]
async fn a_refusal_before_the_body_is_through_is_understood() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let ledger = world.ledger();
    let problem = Problem::new(ErrorCode::ApprovalFirst)
        .to_json()
        .into_bytes();
    fake.state().canned.insert(
        "PUT /v1/files/input/acme".into(),
        (409, media::PROBLEM, problem),
    );
    let source = Source::Bytes(vec![1; 16 << 20].into());
    for _ in 0..10 {
        let mut connection = world.attested(&fake).await;
        let error = connection
            .upload(&input(), &source, provisioning(&ledger), &mut |_, _| {})
            .await
            .unwrap_err();
        assert_eq!(error.code(), ErrorCode::ApprovalFirst.as_str(), "{error:?}");
    }
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_read_is_noticed() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let file = world.file("input");
    fs::write(&file, contents(8_000_000)).unwrap();
    let source = Source::File(file.clone());
    let mut shrink = |_, _| fs::write(&file, b"short").unwrap();
    let error = connection
        .upload(&input(), &source, provisioning(&ledger), &mut shrink)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::FileChanged { .. }), "{error:?}");
    assert!(!fake.state().files.contains_key("/input/acme"));
}

#[tokio::test]
async fn a_result_is_put_in_place_for_its_owner_alone() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let (ledger, destination) = (world.ledger(), world.file("result"));
    let bytes = contents(700_000);
    fake.state()
        .files
        .insert("/output/result".into(), bytes.clone());
    let options = DownloadOptions {
        ledger: &ledger,
        overwrite: false,
    };
    let result = path("/output/result");
    let downloaded = connection
        .download(&result, &destination, options, &mut |_, _| {})
        .await
        .unwrap();
    assert_eq!(fs::read(&destination).unwrap(), bytes);
    assert_eq!(downloaded.sha256, Sha256::of(&bytes));
    assert_eq!(
        fs::metadata(&destination).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // What opens the receipt's commitment is kept.
    let openings = ledger
        .openings(&world.policy.hash(), &result, &downloaded.sha256)
        .unwrap();
    assert_eq!(openings, [[5; 32]]);
    assert_eq!(connection.head(&result).await.unwrap().length, 700_000);

    let error = connection
        .download(&result, &destination, options, &mut |_, _| {})
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::DestinationExists { .. }),
        "{error:?}"
    );
    let options = DownloadOptions {
        overwrite: true,
        ..options
    };
    connection
        .download(&result, &destination, options, &mut |_, _| {})
        .await
        .unwrap();
    assert_eq!(only_files(&world, "result"), ["result"]);
}

#[tokio::test]
async fn damaged_bytes_are_never_put_in_place() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let (ledger, destination) = (world.ledger(), world.file("result"));
    {
        let mut state = fake.state();
        state.files.insert("/output/result".into(), contents(1000));
        state.flip_download = true;
    }
    let options = DownloadOptions {
        ledger: &ledger,
        overwrite: true,
    };
    fs::write(&destination, "old").unwrap();
    let error = connection
        .download(
            &path("/output/result"),
            &destination,
            options,
            &mut |_, _| {},
        )
        .await
        .unwrap_err();
    let Error::DownloadDiffers { expected, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*expected, Sha256::of(&contents(1000)));
    assert_eq!(fs::read(&destination).unwrap(), b"old");
    assert_eq!(only_files(&world, "result"), ["result"]);
}

#[tokio::test]
async fn a_download_cut_anywhere_goes_on_or_begins_again() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let ledger = world.ledger();
    let bytes = contents(50);
    fake.state()
        .files
        .insert("/output/result".into(), bytes.clone());
    let options = DownloadOptions {
        ledger: &ledger,
        overwrite: true,
    };
    let result = path("/output/result");
    let destination = world.file("result");
    for cut in 1..bytes.len() {
        fake.state().cut_download_after = Some(cut);
        let mut connection = world.attested(&fake).await;
        let broken = connection
            .download(&result, &destination, options, &mut |_, _| {})
            .await;
        assert!(broken.unwrap_err().is_connection_lost(), "{cut}");
        let mut connection = world.attested(&fake).await;
        let downloaded = connection
            .download(&result, &destination, options, &mut |_, _| {})
            .await
            .unwrap();
        // How much arrived before the break is the network's affair.
        assert!(downloaded.resumed_at <= cut as u64, "{cut}");
        assert_eq!(fs::read(&destination).unwrap(), bytes, "{cut}");
    }
}

#[tokio::test]
async fn a_result_larger_than_the_policy_allows_is_refused_before_it_is_read() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    fake.state()
        .files
        .insert("/output/result".into(), vec![0; (1 << 20) + 1]);
    let options = DownloadOptions {
        ledger: &ledger,
        overwrite: false,
    };
    let error = connection
        .download(
            &path("/output/result"),
            &world.file("result"),
            options,
            &mut |_, _| {},
        )
        .await
        .unwrap_err();
    assert!(matches!(error, Error::ReplyMalformed { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_not_released_says_so() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let options = DownloadOptions {
        ledger: &ledger,
        overwrite: false,
    };
    let error = connection
        .download(
            &path("/output/result"),
            &world.file("result"),
            options,
            &mut |_, _| {},
        )
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotReleased.as_str());
    let error = connection.head(&path("/output/result")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::FileAbsent.as_str());
    assert!(!world.file("result").exists());
}

fn only_files(world: &World, containing: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(containing))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_line_goes_on_with_a_download_as_often_as_it_breaks() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let ledger = world.ledger();
    let bytes = contents(100);
    fake.state()
        .files
        .insert("/output/result".into(), bytes.clone());
    fake.state().cut_download_after = Some(9);
    let options = DownloadOptions {
        ledger: &ledger,
        overwrite: false,
    };
    let (result, destination) = (path("/output/result"), world.file("result"));
    let mut line = Line::new(dial(&world, &fake), NOW);
    // Each answer breaks off after nine bytes.
    let mut cut = |so_far, _| {
        if so_far > 0 {
            fake.state().cut_download_after = Some(9);
        }
    };
    let downloaded = line
        .download(&result, &destination, options, &mut cut)
        .await
        .unwrap();
    assert_eq!(downloaded.sha256, Sha256::of(&bytes));
    assert_eq!(fs::read(&destination).unwrap(), bytes);
    // How much arrived before each break is the network's affair.
    assert!(line.dialled() > 1, "{}", line.dialled());
    assert_eq!(only_files(&world, "result"), ["result"]);

    // What is there is not fetched again, nor is anything asked.
    fake.state().requests.clear();
    let error = line
        .download(&result, &destination, options, &mut |_, _| {})
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::DestinationExists { .. }),
        "{error:?}"
    );
    assert!(fake.state().requests.is_empty());
}

#[tokio::test]
async fn a_download_that_was_whole_but_not_in_place_is_not_fetched_again() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let ledger = world.ledger();
    let bytes = contents(300_000);
    fake.state()
        .files
        .insert("/output/result".into(), bytes.clone());
    let options = DownloadOptions {
        ledger: &ledger,
        overwrite: false,
    };
    let (result, destination) = (path("/output/result"), world.file("result"));
    let mut line = Line::new(dial(&world, &fake), NOW);
    // Somebody puts a file there meanwhile.
    let mut appear = |_, _| fs::write(&destination, "mine").unwrap();
    let error = line
        .download(&result, &destination, options, &mut appear)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::DestinationExists { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read(&destination).unwrap(), b"mine");
    assert_eq!(
        only_files(&world, "result").len(),
        2,
        "what arrived is kept"
    );

    let options = DownloadOptions {
        overwrite: true,
        ..options
    };
    let downloaded = line
        .download(&result, &destination, options, &mut |_, _| {})
        .await
        .unwrap();
    assert_eq!(downloaded.resumed_at, 300_000);
    assert!(downloaded.opening.is_some());
    assert_eq!(fs::read(&destination).unwrap(), bytes);
    assert_eq!(only_files(&world, "result"), ["result"]);
}

#[tokio::test]
async fn what_is_passed_on_is_whole_and_leaves_no_file() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let ledger = world.ledger();
    let bytes = contents(1000);
    {
        let mut state = fake.state();
        state.files.insert("/output/result".into(), bytes.clone());
        state.cut_download_after = Some(500);
    }
    let result = path("/output/result");
    let mut line = Line::new(dial(&world, &fake), NOW);
    let (downloaded, mut file) = line
        .download_unnamed(&result, &ledger, &mut |_, _| {})
        .await
        .unwrap();
    let mut passed_on = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut passed_on).unwrap();
    assert_eq!((passed_on, downloaded.length), (bytes, 1000));
    assert!(only_files(&world, "result").is_empty());
}

#[tokio::test]
async fn a_file_that_changes_after_it_was_hashed_is_noticed() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let file = world.file("input");
    fs::write(&file, contents(1000)).unwrap();
    let prepared = Source::File(file.clone()).prepare().await.unwrap();
    // As long as before.
    fs::write(&file, vec![0; 1000]).unwrap();
    let error = connection
        .upload_prepared(&input(), &prepared, provisioning(&ledger), &mut |_, _| {})
        .await
        .unwrap_err();
    assert!(matches!(error, Error::FileChanged { .. }), "{error:?}");
    assert_eq!(error.code(), ErrorCode::FileChanged.as_str());
    assert!(!fake.state().files.contains_key("/input/acme"));
}

#[tokio::test]
async fn a_limited_upload_takes_its_time() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let ledger = world.ledger();
    let dial = Dial {
        limit: "200KiB/s".parse().unwrap(),
        ..dial(&world, &fake)
    };
    let source = Source::Bytes(contents(150 << 10).into());
    let start = std::time::Instant::now();
    upload_resuming(
        &dial,
        &input(),
        &source,
        provisioning(&ledger),
        &mut |_, _| {},
    )
    .await
    .unwrap();
    let took = start.elapsed();
    assert!(took >= std::time::Duration::from_millis(450), "{took:?}");
}

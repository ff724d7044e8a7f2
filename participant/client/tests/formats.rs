//! What is kept with a receipt is read for ever: an example of each version, and the published
//! description (`docs/reference/receipt.cddl`) against both with a tool that is not ours.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it is skipped"
)]

mod fake;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use fake::receipts::{issue, payload};
use fake::{Fake, NOW, World, path};
use veracruz_client::{DatedAppraisal, Error, KeptReceipt, OpeningFile, Policy, Sha256};
use veracruz_protocol::media;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../common/receipt/tests/fixtures")
}

fn fixture(name: &str) -> String {
    fs::read_to_string(fixtures().join(name)).unwrap()
}

/// The receipt that the examples are about.
fn receipt() -> Vec<u8> {
    let mut digits = fixture("receipt-v1.hex");
    digits.retain(|character| !character.is_whitespace());
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).unwrap()
}

fn policy() -> Policy {
    Policy::parse(fixture("policy.json").as_bytes()).unwrap()
}

#[test]
fn appraisals_of_every_version_are_read_for_ever() {
    let read = |name: &str| DatedAppraisal::verify(&fixture(name), &receipt(), &policy()).unwrap();
    let first = read("appraisal-v1.jws");
    assert_eq!((first.participant(), first.at()), ("acme", NOW));
    assert_eq!(first.collateral(), None);
    let second = read("appraisal-v2.jws");
    assert_eq!((second.participant(), second.at()), ("globex", NOW));
    let collateral = [Sha256::of(b"one"), Sha256::of(b"two")];
    assert_eq!(second.collateral(), Some(&collateral[..]));
}

#[test]
fn an_appraisal_of_a_version_to_come_is_refused_as_such() {
    let jws = fixture("appraisal-v2.jws");
    let parts: Vec<&str> = jws.split('.').collect();
    let payload = String::from_utf8(BASE64URL_NOPAD.decode(parts[1].as_bytes()).unwrap()).unwrap();
    let newer = payload.replace("appraisal-v2", "appraisal-v3");
    let jws = [
        parts[0],
        &BASE64URL_NOPAD.encode(newer.as_bytes()),
        parts[2],
    ]
    .join(".");
    let error = DatedAppraisal::verify(&jws, &receipt(), &policy()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it has version 3, expected 1 or 2: use a newer veracruz"),
        "{error}"
    );
}

/// An opening at `name.opening.json` in a new folder, read from there.
fn opening(json: &str) -> Result<Option<OpeningFile>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("overlap.csv");
    fs::write(OpeningFile::beside(&file), json).unwrap();
    OpeningFile::read(&file)
}

#[test]
fn openings_of_every_version_are_read_for_ever() {
    for name in ["opening-v1-without-number.json", "opening-v1.json"] {
        let opening = opening(&fixture(name)).unwrap().unwrap();
        assert_eq!(opening.path, path("/output/overlap.csv"), "{name}");
        assert_eq!(opening.salt, [3; 32], "{name}");
    }
}

#[test]
fn an_opening_of_a_version_to_come_and_one_that_is_none_are_told_apart() {
    let newer = fixture("opening-v1.json").replace("\"version\": 1", "\"version\": 2, \"x\": 3");
    let error = opening(&newer).err().unwrap().to_string();
    assert!(
        error.contains("version 2, expected 1: use a newer veracruz"),
        "{error}"
    );
    for none in ["", "{}", "[1]", "{\"path\":\"/a\",\"opening\":\"00\"}"] {
        let error = opening(none).err().unwrap().to_string();
        assert!(
            error.contains("not what `veracruz download` writes"),
            "{error}"
        );
    }
}

/// `zcbor`, where there is one.
fn zcbor() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("zcbor"))
        .find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no `zcbor` (`cargo xtask test` installs it)");
    }
    found
}

/// Whether `zcbor` finds that a file is `rule` of the published description.
fn fits(zcbor: &Path, rule: &str, file: &Path) -> bool {
    let cddl = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/receipt.cddl");
    let output = Command::new(zcbor)
        .arg("validate")
        .arg("--cddl")
        .arg(cddl)
        .args(["--entry-type", rule, "--input"])
        .arg(file)
        .output()
        .unwrap();
    // Other codes are wrong usage of the tool.
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1)), "{output:?}");
    code == Some(0)
}

#[tokio::test]
async fn what_is_written_and_what_was_written_fits_the_published_description() {
    let Some(zcbor) = zcbor() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, contents: &[u8]| {
        let file = folder.path().join(name);
        fs::write(&file, contents).unwrap();
        file
    };
    let hex =
        |name: &str, bytes: &[u8]| file(name, data_encoding::HEXLOWER.encode(bytes).as_bytes());
    let said = |name: &str, jws: &str| {
        let payload = jws.split('.').nth(1).unwrap();
        file(name, &BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap())
    };

    // Of today, by the code.
    let world = World::new();
    let fake = Fake::start(&world).await;
    let today = issue(&payload(&world, &fake), &world, &fake);
    fake.state().canned.insert(
        "GET /v1/runs/1/receipt".into(),
        (200, media::RECEIPT, today.clone()),
    );
    let kept = KeptReceipt::at(world.file("receipt"));
    let mut connection = world.attested(&fake).await;
    connection
        .store_receipt(1, kept.path(), &world.ledger(), NOW)
        .await
        .unwrap();
    let appraisal = fs::read_to_string(kept.appraisal_path()).unwrap();
    let output = world.file("result");
    let opening = OpeningFile {
        path: path("/output/result"),
        salt: [5; 32],
    };
    opening.keep(&output).unwrap();

    let good = [
        ("veracruz-receipt", hex("today.cborhex", &today)),
        ("veracruz-receipt", hex("v1.cborhex", &receipt())),
        ("appraisal", said("today.json", &appraisal)),
        ("appraisal", said("v1.json", &fixture("appraisal-v1.jws"))),
        ("appraisal", said("v2.json", &fixture("appraisal-v2.jws"))),
        ("opening-file", OpeningFile::beside(&output)),
        ("opening-file", fixtures().join("opening-v1.json")),
        (
            "opening-file",
            fixtures().join("opening-v1-without-number.json"),
        ),
    ];
    for (rule, file) in good {
        assert!(fits(&zcbor, rule, &file), "{} is no {rule}", file.display());
    }

    // The tool says no as well.
    let mut newer = today.clone();
    newer[1] = 2;
    let bad = [
        ("veracruz-receipt", hex("newer.cborhex", &newer)),
        ("veracruz-receipt", hex("short.cborhex", &today[..today.len() - 1])),
        ("appraisal", file("more.json", b"{\"purpose\":\"veracruz-appraisal-v1\",\"receipt\":\"\",\"participant\":\"a\",\"at\":1,\"more\":1}")),
        ("opening-file", file("less.json", b"{\"path\":\"/a\"}")),
    ];
    for (rule, file) in bad {
        assert!(!fits(&zcbor, rule, &file), "{} is a {rule}", file.display());
    }
}

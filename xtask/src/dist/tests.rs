//! Archives of made-up parts, looked into with the tools that users have.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::process;
use std::process::Command;

/// Something that measures as `veracruz` does.
const VERACRUZ: &str = r#"#!/bin/sh
case "$*" in
    *--out*) for last; do :; done; printf corim > "$last" ;;
    *) printf '{"runtime":"00","file":"/somewhere","isolates":{}}' ;;
esac
"#;

fn parts(folder: &Path) -> Parts {
    cache::make(&folder.join("images/microvm")).unwrap();
    for (name, text) in [
        ("veracruz", VERACRUZ),
        ("veracruz-runtime", "a runtime"),
        ("images/microvm/image.json", "{}"),
    ] {
        cache::write(&folder.join(name), text).unwrap();
    }
    let program = folder.join("veracruz");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    Parts::of(folder).unwrap()
}

fn scratch(name: &str) -> Scratch {
    Scratch::beside(&std::env::temp_dir().join(format!("dist-{name}"))).unwrap()
}

/// What an archive lists: mode, owner, date and name of each file.
fn listed(archive: &Path) -> Vec<String> {
    let mut tar = Command::new("tar");
    tar.args(["--list", "--verbose", "--numeric-owner", "--utc", "--file"]);
    let text = process::output(tar.arg(archive)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn archive(out: &Path, role: &str) -> PathBuf {
    let system = std::env::consts::ARCH;
    out.join(format!("veracruz-{role}-{VERSION}-{system}-linux.tar.gz"))
}

#[test]
fn archives_are_complete_and_their_checksums_right() {
    let folder = scratch("complete");
    let (parts, out) = (parts(folder.path()), folder.path().join("out"));
    write(&parts, "terms", None, &out).unwrap();
    assert!(sign::holds(&out));
    let has = |role: &str, file: &str| {
        let file = format!("linux/{file}");
        listed(&archive(&out, role))
            .iter()
            .any(|line| line.ends_with(&file))
    };
    for file in [
        "veracruz",
        "README.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "THIRD-PARTY.txt",
        "reference-values/process.json",
        "reference-values/process.corim",
        "reference-values/microvm.json",
    ] {
        assert!(has("client", file), "client: {file}");
        assert!(has("host", file), "host: {file}");
    }
    for file in ["veracruz-runtime", "images/microvm/image.json"] {
        assert!(has("host", file), "host: {file}");
        assert!(!has("client", file), "client: {file}");
    }
    // Every file but the checksums is in them.
    let sums = cache::read(&out.join(sign::SUMS)).unwrap();
    for file in reference::names(&out).unwrap() {
        assert!(
            file == sign::SUMS || sums.contains(&format!("  {file}\n")),
            "{file}"
        );
    }
    // What was measured here does not say where.
    let values = out.join(format!("reference-values-{VERSION}-process.json"));
    assert!(!cache::read(&values).unwrap().contains("/somewhere"));
}

#[test]
fn a_file_that_was_changed_is_found_out() {
    let folder = scratch("changed");
    let (parts, out) = (parts(folder.path()), folder.path().join("out"));
    write(&parts, "terms", None, &out).unwrap();
    cache::write(&archive(&out, "client"), "something else").unwrap();
    assert!(!sign::holds(&out));
}

#[test]
fn the_same_parts_are_the_same_bytes_and_tell_nothing_of_the_machine() {
    let folder = scratch("same");
    let parts = parts(folder.path());
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    write(&parts, "terms", None, &one).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    write(&parts, "terms", None, &other).unwrap();
    let sums = |out: &Path| cache::read(&out.join(sign::SUMS)).unwrap();
    assert_eq!(sums(&one), sums(&other));
    for line in listed(&archive(&one, "host")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words.get(1), Some(&"0/0"), "{line}");
        assert_eq!(
            words.get(3..5),
            Some(&["1970-01-01", "00:00"][..]),
            "{line}"
        );
        let modes = ["drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"];
        assert!(
            words.first().is_some_and(|mode| modes.contains(mode)),
            "{line}"
        );
    }
}

#[test]
fn a_signature_is_checked_with_a_tool_that_everybody_has_and_other_keys_are_refused() {
    let folder = scratch("signed");
    let (parts, out) = (parts(folder.path()), folder.path().join("out"));
    let key = |name: &str, options: &[&str]| {
        let file = folder.path().join(name);
        let mut make = Command::new("openssl");
        make.args(["genpkey"]).args(options).arg("-out").arg(&file);
        process::output(&mut make).expect("openssl");
        file
    };
    let good = key(
        "p256.pem",
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    );
    write(&parts, "terms", Some(&good), &out).unwrap();
    let check = || {
        let [public, signature, sums] =
            ["signing-key.pub", "SHA256SUMS.sig", sign::SUMS].map(|name| out.join(name));
        process::output(&mut sign::verify(&public, &signature, &sums)).is_some()
    };
    assert!(check());
    let sums = cache::read(&out.join(sign::SUMS)).unwrap();
    cache::write(&out.join(sign::SUMS), &sums.to_uppercase()).unwrap();
    assert!(!check());

    let other = key("ed25519.pem", &["-algorithm", "ED25519"]);
    let before = reference::names(&out).unwrap();
    assert!(write(&parts, "terms", Some(&other), &out).is_err());
    assert_eq!(
        reference::names(&out).unwrap(),
        before,
        "what was there stays"
    );
}

#[test]
fn options_are_read_in_any_order_and_nothing_else_is() {
    let parse = |text: &str| {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    };
    let options = parse("--images --out o --key k").unwrap();
    assert_eq!(options.key, Some("k".into()));
    assert!(options.with_images && options.built.is_none());
    assert!(parse("--key").is_err());
    assert!(parse("x").is_err());
}

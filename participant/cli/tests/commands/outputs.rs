//! Files that are there, disks that are full, pipes that are closed.

use super::desk::{Desk, texts};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Commands that write a file, offline, and which.
const WRITERS: &[(&str, &[&str])] = &[
    (
        "identity new --name acme --out FOLDER/new.pem",
        &["new.pem", "new.crt"],
    ),
    (
        "policy new psi --data acme=acme.crt --data globex=globex.crt --program-by lab=lab.crt \
         --program program.wasm --runtime runtime --expires never \
         --attester fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9 \
         --out FOLDER/policy.json",
        &["policy.json"],
    ),
    (
        "policy approve policy.json --identity acme.pem --any-instance --yes --out FOLDER/a.jws",
        &["a.jws"],
    ),
    (
        "measure runtime --format corim --out FOLDER/runtime.corim",
        &["runtime.corim"],
    ),
    (
        "man --out FOLDER",
        &["veracruz.1", "veracruz-policy-check.1"],
    ),
    (
        "verifier init --name verifier.example --state FOLDER",
        &["ca.key", "ca.crt", "verifier.toml"],
    ),
    ("collateral add globex.crt --collateral FOLDER", &[]),
];

/// All files below a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let name = path.to_string_lossy().into_owned();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn what_is_there_already_is_not_overwritten() {
    for (line, written) in WRITERS {
        for taken in *written {
            let desk = Desk::new();
            fs::create_dir(desk.file("out")).unwrap();
            desk.write(&format!("out/{taken}"), b"mine");
            let output = desk.call(&line.replace("FOLDER", "out"));
            let (_, stderr) = texts(&output);
            assert_eq!(output.status.code(), Some(3), "{line}: {stderr}");
            assert!(stderr.contains("error[VC-0811]"), "{line}: {stderr}");
            let mine = fs::read(desk.file(&format!("out/{taken}"))).unwrap();
            assert_eq!(mine, b"mine", "{line}");
        }
    }
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    for (line, _) in WRITERS {
        let desk = Desk::new();
        fs::create_dir(desk.file("out")).unwrap();
        // A tmpfs that is full, in a mount namespace of its own, and a look at what is in it.
        let script = "exec 3>left; mount -t tmpfs -o size=4k,nr_inodes=64 none out && \
             head -c 4096 /dev/zero > out/filler && \
             { \"$0\" \"$@\"; code=$?; rm out/filler; find out -type f >&3; exit $code; }";
        // Whether the command makes the folder itself, or finds it.
        let makes = ["man", "verifier", "collateral"];
        let makes = makes.iter().any(|command| line.starts_with(command));
        let folder = if makes { "out/there" } else { "out" };
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .arg(env!("CARGO_BIN_EXE_veracruz"))
            .args(line.replace("FOLDER", folder).split_whitespace())
            .current_dir(desk.path())
            .env("HOME", desk.path());
        let Ok(output) = command.output() else {
            println!("skipped: no `unshare` to make a small disk with");
            return;
        };
        let (_, stderr) = texts(&output);
        if stderr.contains("unshare") || stderr.contains("mount:") {
            println!("skipped: no mount namespaces here: {stderr}");
            return;
        }
        assert_eq!(output.status.code(), Some(3), "{line}: {stderr}");
        assert!(stderr.contains("error[VC-0865]: "), "{line}: {stderr}");
        let left = fs::read_to_string(desk.file("left")).unwrap();
        assert_eq!(left, "", "{line} left something behind");
    }
}

#[test]
fn a_full_standard_output_is_an_error() {
    let desk = Desk::new();
    for line in [
        "--help",
        "policy check policy.json",
        "--json policy check policy.json",
        "policy schema",
        "completions bash",
        "man",
        "config show",
        "isolates",
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = desk
            .command()
            .args(line.split_whitespace())
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        let (_, stderr) = texts(&output);
        assert_eq!(output.status.code(), Some(3), "{line}: {stderr}");
        assert!(stderr.contains("VC-0865"), "{line}: {stderr}");
    }
}

#[test]
fn a_closed_pipe_is_no_error_and_no_panic() {
    let desk = Desk::new();
    for (line, code) in [
        ("--help", 0),
        ("policy schema", 0),
        ("completions zsh", 0),
        ("isolates", 0),
        ("policy diff policy.json overlap.json", 9),
        ("policy check broken.json", 3),
        ("nonsense", 2),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let errors = writer.try_clone().unwrap();
        let status = desk
            .command()
            .args(line.split_whitespace())
            .arg0("veracruz")
            .stdout(writer)
            .stderr(errors)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(code), "{line}");
    }
}

#[test]
fn nothing_is_left_beside_what_was_written() {
    for (line, written) in WRITERS {
        let desk = Desk::new();
        fs::create_dir(desk.file("out")).unwrap();
        let output = desk.call(&line.replace("FOLDER", "out"));
        assert_eq!(output.status.code(), Some(0), "{line}: {output:?}");
        let found = files(&desk.file("out"));
        for name in *written {
            assert!(
                found.keys().any(|path| path.ends_with(name)),
                "{line}: no {name}"
            );
        }
        let parts: Vec<_> = found
            .keys()
            .filter(|path| path.contains(".part") || path.contains(".veracruz-"))
            .collect();
        assert!(parts.is_empty(), "{line}: {parts:?}");
    }
}

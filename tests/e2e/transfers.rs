//! Folders, patterns and streams; what is there already, disks without room, pipes that close.

use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use veracruz_cli::local::{LocalError, Party};
use veracruz_tests::{World, refusal};

/// A computation in which acme shows globex three files of at most 4 MiB.
struct Shown {
    world: World,
    policy: PathBuf,
}

impl Shown {
    fn start(name: &str) -> Option<Self> {
        let world = World::start()?;
        let policy = world.policy(name, |document| {
            for file in ["a", "b", "c"] {
                document["files"][format!("/input/more/{file}.csv")] =
                    json!({ "provider": "acme", "receivers": ["globex"], "max_bytes": "4MiB" });
            }
        });
        world.launch(&policy).expect("an isolate");
        world.approve_all(&policy);
        Some(Self { world, policy })
    }

    fn call(&self, party: &Party, command: &str, more: &[&str]) -> Result<Value, LocalError> {
        let more: Vec<&OsStr> = more.iter().map(OsStr::new).collect();
        let target = self.world.target(&self.policy);
        party.call(&target, &[command], &more)
    }

    /// A command as a person gives it, with pipes.
    fn command(&self, party: &Party, command: &str, more: &[&str]) -> Command {
        let mut built = Command::new(&self.world.executable);
        built.arg(command).arg("--policy").arg(&self.policy);
        let host = self.world.deployment.participants.to_string();
        built.args(["--host", &host, "--accept-unprotected", "--identity"]);
        built.arg(&party.identity).args(more);
        built
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        built
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn folders_and_patterns_stand_for_files_of_the_policy_and_nothing_leads_out_of_them() {
    let Some(shown) = Shown::start("folders") else {
        return;
    };
    let (acme, globex) = (&shown.world.acme, &shown.world.globex);
    let data = acme.folder.join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("a.csv"), "aa").unwrap();
    fs::write(data.join("b.csv"), "bbb").unwrap();
    fs::write(data.join("notes.txt"), "n").unwrap();
    let folder = format!("/input/more/={}/", text(&data));

    let planned = shown.call(acme, "upload", &[&folder, "--dry-run"]).unwrap();
    let paths = |document: &Value, list: &str| -> Vec<String> {
        let entries = document[list].as_array().cloned().unwrap_or_default();
        let path = |entry: &Value| entry["path"].as_str().unwrap_or_default().to_owned();
        entries.iter().map(path).collect()
    };
    assert_eq!(
        paths(&planned, "files"),
        ["/input/more/a.csv", "/input/more/b.csv"]
    );
    assert_eq!(paths(&planned, "missing"), ["/input/more/c.csv"]);
    assert_eq!(planned["unknown"], json!([text(&data.join("notes.txt"))]));
    let nothing = shown.call(globex, "download", &["/input/more/=nowhere"]);
    assert_eq!(refusal(nothing).code, "VC-0405", "a dry run sends nothing");

    // All that is wrong is said at once, and nothing is sent.
    fs::write(data.join("b.csv"), vec![0; (4 << 20) + 1]).unwrap();
    symlink("/etc/passwd", data.join("c.csv")).unwrap();
    let refused = refusal(shown.call(acme, "upload", &[&folder]));
    assert!(
        refused.message.contains("b.csv") && refused.message.contains("c.csv"),
        "{refused}"
    );
    let refused = refusal(shown.call(globex, "download", &["/input/more/=nowhere"]));
    assert_eq!(refused.code, "VC-0405");
    fs::write(data.join("b.csv"), "bbb").unwrap();
    fs::remove_file(data.join("c.csv")).unwrap();

    let pattern = format!("/input/more/*.csv={}/*.csv", text(&data));
    let sent = shown.call(acme, "upload", &[&pattern]).unwrap();
    assert_eq!(paths(&sent, "files").len(), 2);

    let out = globex.folder.join("out");
    let into = format!("/input/more/={}", text(&out));
    let got = shown.call(globex, "download", &[&into]).unwrap();
    assert_eq!(
        paths(&got, "files"),
        ["/input/more/a.csv", "/input/more/b.csv"]
    );
    assert_eq!(got["absent"], json!(["/input/more/c.csv"]));
    assert_eq!(fs::read(out.join("a.csv")).unwrap(), b"aa");
    // What is there already is said before anything is fetched, and stays.
    fs::write(out.join("a.csv"), "mine").unwrap();
    fs::remove_file(out.join("b.csv")).unwrap();
    let refused = refusal(shown.call(globex, "download", &[&into]));
    assert_eq!((refused.code.as_str(), refused.exit), ("VC-0811", Some(3)));
    assert_eq!(fs::read(out.join("a.csv")).unwrap(), b"mine");
    assert!(!out.join("b.csv").exists());
    shown.call(globex, "download", &[&into, "--force"]).unwrap();
    assert_eq!(fs::read(out.join("a.csv")).unwrap(), b"aa");

    // By their paths in the policy, and not through a link.
    let all = globex.folder.join("all");
    let arguments = ["--all", "--output", &text(&all)];
    shown.call(globex, "download", &arguments).unwrap();
    assert_eq!(fs::read(all.join("input/more/b.csv")).unwrap(), b"bbb");
    let linked = globex.folder.join("linked");
    let elsewhere = globex.folder.join("elsewhere");
    fs::create_dir(&linked).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, linked.join("input")).unwrap();
    let arguments = ["--all", "--output", &text(&linked)];
    assert_eq!(
        refusal(shown.call(globex, "download", &arguments)).code,
        "VC-0876"
    );
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn streams_are_checked_before_they_are_sent_or_passed_on() {
    let Some(shown) = Shown::start("streams") else {
        return;
    };
    let (acme, globex) = (&shown.world.acme, &shown.world.globex);
    let contents: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();

    let upload = |bytes: &[u8]| {
        let mut command = shown.command(acme, "upload", &["/input/more/a.csv=-"]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // It may have heard enough.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        child.wait_with_output().unwrap()
    };
    let refused = upload(&vec![0; (4 << 20) + 1]);
    assert_eq!(refused.status.code(), Some(3));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("/input/more/a.csv") && said.contains("4194304"),
        "{said}"
    );
    let sent = upload(&contents);
    assert!(sent.status.success(), "{sent:?}");

    let output = |more: &[&str]| {
        let mut arguments = vec!["/input/more/a.csv", "-o", "-"];
        arguments.extend(more);
        shown.command(globex, "download", &arguments)
    };
    let got = output(&[]).output().unwrap();
    assert!(
        got.status.success(),
        "{}",
        String::from_utf8_lossy(&got.stderr)
    );
    assert!(got.stdout == contents, "{} bytes", got.stdout.len());
    let refused = output(&["--json"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));

    // A disk without room, and a reader who has seen enough.
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let refused = output(&[]).stdout(full).output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("VC-0865"), "{said}");
    let mut child = output(&[]).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(first, contents[..10]);

    // The rate holds for what comes as for what goes.
    let start = Instant::now();
    let limited = output(&["--limit-rate", "1MiB/s"]).output().unwrap();
    assert!(limited.stdout == contents);
    assert!(
        start.elapsed() >= Duration::from_millis(2300),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_full_disk_keeps_what_has_arrived_and_the_same_command_goes_on() {
    let Some(shown) = Shown::start("full") else {
        return;
    };
    let (acme, globex) = (&shown.world.acme, &shown.world.globex);
    let source = acme.folder.join("source");
    fs::write(&source, vec![7; 3 << 20]).unwrap();
    let assignment = format!("/input/more/a.csv={}", text(&source));
    shown.call(acme, "upload", &[&assignment]).unwrap();

    let small = globex.folder.join("small");
    fs::create_dir(&small).unwrap();
    let out = text(&small.join("a.csv"));
    let command = shown.command(globex, "download", &["/input/more/a.csv", "-o", &out]);
    // In name spaces of its own there can be a disk of two megabytes, and then one of eight.
    let script = "mount -t tmpfs -o size=2m none \"$0\" || exit 77; \"$@\"; code=$?; \
        ls -A \"$0\" >&2; mount -o remount,size=8m \"$0\"; \"$@\" || exit 78; ls -A \"$0\"; exit $code";
    let ended = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(&small)
        .arg(command.get_program())
        .args(command.get_args())
        .output();
    let Ok(ended) = ended else {
        println!("skipped: there is no unshare");
        return;
    };
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    if matches!(ended.status.code(), Some(1 | 77)) && !said.contains("VC-") {
        println!("skipped: a small disk cannot be mounted here: {said}");
        return;
    }
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.contains("VC-0865") && said.contains(".part"), "{said}");
    let left = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(left.contains("a.csv") && !left.contains(".part"), "{left}");
}

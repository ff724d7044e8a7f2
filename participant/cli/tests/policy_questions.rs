//! `veracruz policy new` on a terminal: a real one, which `script` of util-linux makes.
#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A process behind a terminal, and what it has shown so far.
struct Terminal {
    child: Child,
    shown: Arc<Mutex<String>>,
    /// What was shown up to here was looked at.
    seen: usize,
}

impl Terminal {
    /// None where this machine has no `script` of util-linux.
    fn start(folder: &Path, command: &str) -> Option<Self> {
        let version = Command::new("script").arg("--version").output();
        let is_there = version.is_ok_and(|output| output.stdout.starts_with(b"script from util"));
        if !is_there {
            println!("skipped: this machine has no `script` of util-linux");
            return None;
        }
        let mut child = Command::new("script")
            .args([
                "--quiet",
                "--return",
                "--echo",
                "never",
                "--command",
                command,
                "/dev/null",
            ])
            .current_dir(folder)
            .env("TERM", "xterm")
            .env_remove("VERACRUZ_RUNTIME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let mut out = child.stdout.take().unwrap();
        let keep = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = out.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]);
                keep.lock().unwrap().push_str(&text);
            }
        });
        let terminal = Self {
            child,
            shown,
            seen: 0,
        };
        Some(terminal)
    }

    /// Waits for a question, and types the answer.
    fn answer(&mut self, question: &str, keys: &str) {
        let start = Instant::now();
        loop {
            let shown = self.shown.lock().unwrap().clone();
            if let Some(place) = shown[self.seen..].find(question) {
                self.seen += place + question.len();
                break;
            }
            let waited = start.elapsed() < Duration::from_secs(60);
            assert!(
                waited,
                "{question:?} was not asked:\n{}",
                &shown[self.seen..]
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut keyboard = self.child.stdin.as_ref().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
        keyboard.write_all(b"\r").unwrap();
        keyboard.flush().unwrap();
    }

    /// All that was shown, once the process has ended.
    fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        std::thread::sleep(Duration::from_millis(50));
        let shown = self.shown.lock().unwrap().clone();
        (code, shown)
    }
}

fn drafting() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../common/policy/tests/data");
    for name in ["acme", "globex", "lab"] {
        let certificate = fs::read(data.join(format!("{name}.pem"))).unwrap();
        fs::write(folder.path().join(format!("{name}.crt")), certificate).unwrap();
    }
    let hardware: serde_json::Value =
        serde_json::from_slice(&fs::read(data.join("hardware.json")).unwrap()).unwrap();
    let nitro = serde_json::json!({ "nitro": hardware["isolates"]["nitro"] });
    fs::write(folder.path().join("isolates.json"), nitro.to_string()).unwrap();
    folder
}

#[test]
fn a_person_is_asked_for_all_that_a_draft_needs() {
    let folder = drafting();
    let command = format!("{} policy new", env!("CARGO_BIN_EXE_veracruz"));
    let Some(mut terminal) = Terminal::start(folder.path(), &command) else {
        return;
    };
    // What will not do is asked for again.
    terminal.answer("What kind of computation?", "sums");
    terminal.answer("What kind of computation?", "\u{15}psi-sum");
    terminal.answer("What do the parties call it?", "sums");
    terminal.answer("Who provides data?", "acme");
    // There is an acme.crt, which is offered.
    terminal.answer("The file of acme's certificate", "");
    terminal.answer("Who else provides data?", "globex");
    terminal.answer("The file of globex's certificate", "globex.crt");
    terminal.answer("Who else provides data? (empty: nobody)", "");
    terminal.answer("Who provides the program?", "lab");
    terminal.answer("The file of lab's certificate", "");
    terminal.answer("The program's file", "");
    terminal.answer("Who else receives results?", "");
    terminal.answer("The acceptable isolates", "isolates.json");
    terminal.answer("When does it end?", "2030-01-02");
    terminal.answer("Where does the draft go?", "");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("made policy.json"), "{shown}");
    let document = fs::read(folder.path().join("policy.json")).unwrap();
    let draft = veracruz_policy::Policy::parse(&document).unwrap();
    assert_eq!(draft.name(), "sums");
    assert_eq!(draft.participants().len(), 3);
    assert_eq!(draft.expires().unwrap().to_string(), "2030-01-02T00:00:00Z");
    let outputs: Vec<_> = draft
        .files()
        .iter()
        .filter(|file| file.is_written())
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(outputs, ["/output/summary.json"]);
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let folder = drafting();
    let output = Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .args(["policy", "new"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}

//! A real terminal, which `script` of util-linux makes: for what asks people.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A process behind a terminal, and what it has shown so far.
pub(crate) struct Terminal {
    child: Child,
    shown: Arc<Mutex<String>>,
    /// What was shown up to here was looked at.
    seen: usize,
}

impl Terminal {
    /// None where this machine has no `script` of util-linux.
    pub(crate) fn start(folder: &Path, command: &str) -> Option<Self> {
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
    pub(crate) fn answer(&mut self, question: &str, keys: &str) {
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
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        std::thread::sleep(Duration::from_millis(50));
        let shown = self.shown.lock().unwrap().clone();
        (code, shown)
    }
}

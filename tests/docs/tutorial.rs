//! Executes every command of `docs/tutorial.md`, in order, each terminal with a folder and
//! variables of its own, and compares what is printed with what the page shows.
//!
//! A block is marked behind its opening fence: ` ```sh acme ` is typed in acme's terminal, `every`
//! stands for all of them, `service` is left running, `refused=5` ends with that exit code.

use crate::markdown::{Block, blocks};
use crate::{read, root, shown};
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use veracruz_tests::{Artifacts, Child};

/// How long a service has to print what the page shows.
const READY: Duration = Duration::from_secs(20);

/// The addresses that the page uses, which may be taken where the test runs.
const ADDRESSES: [&str; 2] = ["127.0.0.1:7443", "127.0.0.1:7444"];

#[test]
fn every_command_of_the_tutorial_does_what_the_tutorial_says() {
    let Some(built) = Artifacts::find() else {
        return;
    };
    let page = Page::read();
    let folder = tempfile::tempdir().unwrap();
    lay_out(&built, folder.path());
    let mut desk = Desk::new(folder.path(), page.terminals());
    for step in &page.steps {
        desk.execute(step);
    }
    assert_eq!(desk.services.len(), 2, "attester and host");

    let read_json = |path: &Path| serde_json::from_str::<serde_json::Value>(&read(path)).unwrap();
    let example = root().join("programs/examples/psi/data");
    let expected = read_json(&example.join("expected.json"));
    let got = read_json(&folder.path().join("target/tutorial/acme/summary.json"));
    for field in ["intersection", "sum_departures_2008", "sum_elevation_ft"] {
        assert_eq!(got[field], expected[field], "{field}");
    }
}

#[test]
fn every_block_of_the_tutorial_is_one_that_the_test_understands() {
    let page = Page::read();
    let terminals = page.terminals();
    let names: Vec<&str> = terminals.iter().map(String::as_str).collect();
    assert_eq!(names, ["acme", "attester", "globex", "host", "lab"]);
    let refused = page.steps.iter().filter(|step| step.exit != 0).count();
    assert!(refused >= 6, "{refused} refusals are shown");
}

/// The tutorial.
struct Page {
    steps: Vec<Step>,
}

/// A block of commands, and what they print where the page shows it.
struct Step {
    line: usize,
    /// The terminal, or `every`.
    terminal: String,
    commands: String,
    service: bool,
    exit: i32,
    shown: Option<String>,
}

impl Page {
    fn read() -> Self {
        let page = blocks(&read(&root().join("docs/tutorial.md")));
        let mut steps: Vec<Step> = Vec::new();
        let mut before = None;
        for block in page {
            match block.info.first().map(String::as_str) {
                Some("sh") => steps.push(Step::of(&block)),
                Some("text") => {
                    assert_eq!(before.as_deref(), Some("sh"), "line {}", block.line);
                    steps.last_mut().expect("a step").shown = Some(block.text);
                }
                // Shown, and not executed: the test begins with what was built.
                Some("console") => {}
                other => panic!("line {}: a block of {other:?}", block.line),
            }
            before = block.info.into_iter().next();
        }
        Self { steps }
    }

    fn terminals(&self) -> BTreeSet<String> {
        self.steps
            .iter()
            .map(|step| step.terminal.clone())
            .filter(|terminal| terminal != "every")
            .collect()
    }
}

impl Step {
    fn of(block: &Block) -> Self {
        let mut words = block.info.iter().skip(1);
        let mut step = Self {
            line: block.line,
            terminal: words.next().expect("a terminal").clone(),
            commands: block.text.clone(),
            service: false,
            exit: 0,
            shown: None,
        };
        for word in words {
            match word.split_once('=') {
                None if word == "service" => step.service = true,
                Some(("refused", code)) => step.exit = code.parse().expect("an exit code"),
                _ => panic!("line {}: {word:?}", step.line),
            }
        }
        step
    }
}

/// The terminals, and what was left running in them.
struct Desk {
    folder: PathBuf,
    terminals: BTreeSet<String>,
    /// Stand-ins for [`ADDRESSES`].
    addresses: [String; 2],
    // Dropped in the order in which they were started: the attester takes its isolates along.
    services: Vec<Child>,
}

impl Desk {
    fn new(folder: &Path, terminals: BTreeSet<String>) -> Self {
        // Both are taken at once, so that they differ, and free again for the host.
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses = free.map(|socket| socket.local_addr().unwrap().to_string());
        for terminal in &terminals {
            fs::write(folder.join(format!("{terminal}.state")), "").unwrap();
        }
        Self {
            folder: folder.to_owned(),
            terminals,
            addresses,
            services: Vec::new(),
        }
    }

    fn execute(&mut self, step: &Step) {
        if step.terminal != "every" {
            return self.execute_in(&step.terminal, step);
        }
        for terminal in self.terminals.clone() {
            self.execute_in(&terminal, step);
        }
    }

    fn execute_in(&mut self, terminal: &str, step: &Step) {
        let printed = self
            .folder
            .join(format!("{}.{terminal}.printed", step.line));
        let out = fs::File::create(&printed).unwrap();
        let mut bash = self.bash(terminal, step);
        bash.stdout(out.try_clone().unwrap()).stderr(out);
        let mut child = Child::spawn(&mut bash).expect("bash");
        let status = if step.service {
            let end = Instant::now() + READY;
            while !self.as_shown(step, &printed) && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(20));
            }
            assert!(
                child.is_running().unwrap(),
                "{}",
                self.context(step, &printed)
            );
            self.services.push(child);
            0
        } else {
            let limit = Duration::from_secs(120);
            let status = child.wait(limit).expect("the commands end");
            status.code().expect("an exit code")
        };
        assert_eq!(status, step.exit, "{}", self.context(step, &printed));
        assert!(
            self.as_shown(step, &printed),
            "{}",
            self.context(step, &printed)
        );
    }

    /// A shell that goes on where the terminal's last one ended: in its folder, with its variables.
    fn bash(&self, terminal: &str, step: &Step) -> Command {
        let commands = self.here(step.commands.trim_end());
        let script = if step.service {
            // The last line becomes the service itself, so that killing it leaves nothing.
            let (before, last) = commands.rsplit_once('\n').unwrap_or(("", &commands));
            format!("set -e; . \"$STATE\"\n{before}\nexec {last}\n")
        } else {
            format!(
                "set -e; . \"$STATE\"\n{commands}\n\
                 {{ declare -px; printf 'cd %q\\n' \"$PWD\"; }} > \"$STATE\"\n"
            )
        };
        let mut bash = Command::new("bash");
        bash.arg("-c").arg(script).current_dir(&self.folder);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("VERACRUZ_") {
                bash.env_remove(variable);
            }
        }
        bash.env("STATE", self.folder.join(format!("{terminal}.state")))
            .stdin(Stdio::null());
        bash
    }

    fn as_shown(&self, step: &Step, printed: &Path) -> bool {
        step.shown
            .as_ref()
            .is_none_or(|shown| shown::matches(&self.here(shown), &read(printed)))
    }

    /// The page's text with the addresses of this test.
    fn here(&self, text: &str) -> String {
        let replace = |text: String, (page, here): (&&str, &String)| text.replace(page, here);
        ADDRESSES
            .iter()
            .zip(&self.addresses)
            .fold(text.to_owned(), replace)
    }

    fn context(&self, step: &Step, printed: &Path) -> String {
        format!(
            "docs/tutorial.md:{}\n{}\nprinted:\n{}\nand the page shows:\n{}",
            step.line,
            self.here(&step.commands),
            read(printed),
            self.here(step.shown.as_deref().unwrap_or("(nothing)")),
        )
    }
}

/// What the page uses of the repository and of what was built, at the same places.
fn lay_out(built: &Artifacts, folder: &Path) {
    let programs = "programs/target/wasm32-wasip1/release";
    for made in ["target/release", "programs/examples", programs] {
        fs::create_dir_all(folder.join(made)).unwrap();
    }
    let example = root().join("programs/examples/psi");
    std::os::unix::fs::symlink(example, folder.join("programs/examples/psi")).unwrap();
    // Not links: `veracruz` looks for the runtime beside the file that it was started from.
    for (from, to) in [
        (&built.veracruz, "target/release/veracruz"),
        (&built.runtime, "target/release/veracruz-runtime"),
        (&built.psi_program, &format!("{programs}/psi.wasm")),
    ] {
        fs::copy(from, folder.join(to)).unwrap();
    }
}

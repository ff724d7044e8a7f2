//! The desk at which a page is followed: terminals, each with a folder and variables of its own,
//! and what was left running in them.

use super::page::{Course, Page, Step};
use crate::{read, root, shown};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use veracruz_tests::{Artifacts, Child};

/// How long something that is left running has to print what the page shows.
const READY: Duration = Duration::from_secs(30);

/// How long commands may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The ports that the pages use, which may be taken where the test runs.
const PORTS: [&str; 5] = [":7443", ":7444", ":7445", ":7446", ":7447"];

/// Variables that a page's services need to start virtual machines.
const MACHINES: [&str; 3] = ["VERACRUZ_QEMU", "VERACRUZ_VSOCK", "VERACRUZ_IMAGES"];

/// Terminals in a folder that is gone when the desk is.
pub(crate) struct Desk {
    terminals: BTreeSet<String>,
    /// Stand-ins for [`PORTS`].
    ports: [String; PORTS.len()],
    // Dropped in the order in which they were started: the attester takes its isolates along.
    running: Vec<Running>,
    folder: tempfile::TempDir,
}

/// Something that was left running.
struct Running {
    step: Step,
    terminal: String,
    printed: PathBuf,
    child: Child,
}

impl Desk {
    /// A desk for the page, in a folder that looks like the repository after a build.
    pub(crate) fn new(built: &Artifacts, page: &Page) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        lay_out(built, folder.path());
        let terminals = page.terminals();
        for terminal in &terminals {
            fs::write(folder.path().join(format!("{terminal}.state")), "").unwrap();
        }
        Self {
            terminals,
            ports: free_ports(),
            running: Vec::new(),
            folder,
        }
    }

    /// Where the page is followed: the repository's root, as it were.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How much is running.
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }

    /// Follows the page to its end, and sees that it is as shown.
    pub(crate) fn follow(&mut self, page: &Page) {
        for step in &page.steps {
            if let Some(missing) = step.needs.as_deref().filter(|needed| !is_here(needed)) {
                println!("skipped: {}:{} needs {missing}", step.page, step.line);
            } else if step.terminal == "every" {
                for terminal in self.terminals.clone() {
                    self.execute(&terminal, step);
                }
            } else {
                self.execute(&step.terminal, step);
            }
        }
        let last: Vec<&Running> = self
            .running
            .iter()
            .filter(|running| running.step.course == Course::Meanwhile)
            .collect();
        for running in last {
            self.wait_until_shown(&running.step, &running.printed);
        }
    }

    fn execute(&mut self, terminal: &str, step: &Step) {
        if step.interrupts {
            self.interrupt(terminal);
        }
        let busy = |running: &Running| running.terminal == terminal;
        assert!(
            !self.running.iter().any(busy),
            "{}:{}: something is running in the terminal {terminal}",
            step.page,
            step.line
        );
        let printed = self.folder().join(format!(
            "{}.{}.{terminal}.printed",
            step.page.replace('/', "."),
            step.line
        ));
        let out = fs::File::create(&printed).unwrap();
        let mut bash = self.bash(terminal, step);
        bash.stdout(out.try_clone().unwrap()).stderr(out);
        let mut child = Child::spawn(&mut bash).expect("bash");
        match step.course {
            Course::Ends(code) => {
                let status = child.wait(LIMIT);
                let ended = status.ok().and_then(|status| status.code());
                let context = self.context(step, &printed);
                assert_eq!(ended, Some(code), "the exit code\n{context}");
                let shown = self.is_shown(step, &printed);
                assert!(shown, "what is printed is not as shown\n{context}");
                // For whoever writes a page, with `--nocapture`.
                println!("{context}");
            }
            Course::Service | Course::Meanwhile => {
                if step.course == Course::Service {
                    self.wait_until_shown(step, &printed);
                }
                let context = self.context(step, &printed);
                assert!(child.is_running().unwrap(), "it has ended\n{context}");
                self.running.push(Running {
                    step: step.clone(),
                    terminal: terminal.to_owned(),
                    printed,
                    child,
                });
            }
        }
    }

    /// Presses Ctrl-C in a terminal, and waits.
    fn interrupt(&mut self, terminal: &str) {
        let found = self.running.iter().position(|it| it.terminal == terminal);
        let found = found.unwrap_or_else(|| panic!("nothing is running in {terminal}"));
        let mut running = self.running.remove(found);
        if running.step.course == Course::Meanwhile {
            self.wait_until_shown(&running.step, &running.printed);
        }
        if running.child.is_running().unwrap() {
            let pid = i32::try_from(running.child.process().id()).unwrap();
            kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
        }
        let ended = running.child.wait(READY);
        assert!(ended.is_ok(), "{terminal} does not end at Ctrl-C");
    }

    /// A shell that goes on where the terminal's last one ended: in its folder, with its variables.
    fn bash(&self, terminal: &str, step: &Step) -> Command {
        // `set -a` exports all variables, so that a terminal keeps them.
        const SAVE: &str = "{ declare -px; printf 'cd %q\\n' \"$PWD\"; } > \"$STATE\"";
        let commands = self.here(step.commands.trim_end());
        let script = if matches!(step.course, Course::Ends(_)) {
            format!("set -ae; . \"$STATE\"\n{commands}\n{SAVE}\n")
        } else {
            // The last command becomes the service itself, so that killing it leaves nothing.
            let (before, last) = commands.split_at(last_command(&commands));
            format!("set -ae; . \"$STATE\"\n{before}\n{SAVE}\nexec {last}\n")
        };
        let mut bash = Command::new("bash");
        bash.arg("-c").arg(script).current_dir(self.folder());
        for (variable, _) in std::env::vars_os() {
            let name = variable.to_string_lossy();
            if name.starts_with("VERACRUZ_") && !MACHINES.contains(&name.as_ref()) {
                bash.env_remove(variable);
            }
        }
        if let Some(vectors) = vectors() {
            bash.env("VECTORS", vectors);
        }
        bash.env("STATE", self.folder().join(format!("{terminal}.state")))
            // Not what this machine's user keeps there.
            .env("HOME", self.folder().join("home"))
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null());
        bash
    }

    fn wait_until_shown(&self, step: &Step, printed: &Path) {
        let end = Instant::now() + READY;
        while !self.is_shown(step, printed) {
            let context = || self.context(step, printed);
            assert!(Instant::now() < end, "it is not as shown\n{}", context());
            std::thread::sleep(Duration::from_millis(10));
        }
        println!("{}", self.context(step, printed));
    }

    fn is_shown(&self, step: &Step, printed: &Path) -> bool {
        step.shown
            .as_ref()
            .is_none_or(|shown| shown::matches(&self.here(shown), &read(printed)))
    }

    /// The page's text with the ports of this test.
    fn here(&self, text: &str) -> String {
        let replace = |text: String, (page, here): (&&str, &String)| text.replace(page, here);
        PORTS.iter().zip(&self.ports).fold(text.to_owned(), replace)
    }

    fn context(&self, step: &Step, printed: &Path) -> String {
        format!(
            "{}:{}\n{}\nprinted:\n{}\nand the page shows:\n{}",
            step.page,
            step.line,
            self.here(&step.commands),
            read(printed),
            self.here(step.shown.as_deref().unwrap_or("(nothing)")),
        )
    }
}

/// Where the last command begins, which may go on over lines that end with a backslash.
fn last_command(commands: &str) -> usize {
    let mut begins = 0;
    let mut at = 0;
    for line in commands.split_inclusive('\n') {
        at += line.len();
        if !line.ends_with("\\\n") && at < commands.len() {
            begins = at;
        }
    }
    begins
}

/// Where evidence that was recorded on real hardware is, which is not part of the repository.
fn vectors() -> Option<PathBuf> {
    std::env::var_os("VERACRUZ_VECTORS")
        .map(PathBuf::from)
        .or_else(|| Some(root().parent()?.join("shared/vectors")))
        .filter(|folder| folder.is_dir())
}

/// Whether this machine has what a step needs.
fn is_here(needed: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    match needed {
        "vectors" => vectors().is_some(),
        "microvm" => veracruz_tests::microvm().is_some(),
        program => std::env::split_paths(&path).any(|folder| folder.join(program).is_file()),
    }
}

/// Ports that nobody listens at, one beside the other.
///
/// They are not those that the system gives out, which another test's connection could have by the
/// time a page's service takes it; and no other page has them, be it in this process or in another.
fn free_ports() -> [String; PORTS.len()] {
    const LOWEST: u32 = 10_240;
    const GROUPS: u32 = 4_400;
    static TURN: AtomicU32 = AtomicU32::new(0);
    loop {
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let group = (std::process::id() + turn * 97) % GROUPS;
        let mut port = LOWEST + group * 5;
        let ports = [(); PORTS.len()].map(|()| {
            port += 1;
            u16::try_from(port).expect("below the system's own")
        });
        if ports
            .iter()
            .all(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        {
            return ports.map(|port| format!(":{port}"));
        }
    }
}

/// What the pages use of the repository and of what was built, at the same places.
fn lay_out(built: &Artifacts, folder: &Path) {
    let programs = "programs/target/wasm32-wasip1/release";
    for made in ["home", "target/release", "programs", programs] {
        fs::create_dir_all(folder.join(made)).unwrap();
    }
    if let Some(images) = std::env::var_os("VERACRUZ_IMAGES") {
        std::os::unix::fs::symlink(images, folder.join("target/images")).unwrap();
    }
    let examples = root().join("programs/examples");
    std::os::unix::fs::symlink(examples, folder.join("programs/examples")).unwrap();
    // Not symbolic links: `veracruz` looks for the runtime beside the file that it was started from.
    let same = |from: &Path, to: &Path| {
        fs::hard_link(from, to)
            .or_else(|_| fs::copy(from, to).map(|_| ()))
            .unwrap();
    };
    same(&built.veracruz, &folder.join("target/release/veracruz"));
    let runtime = folder.join("target/release/veracruz-runtime");
    same(&built.runtime, &runtime);
    for entry in fs::read_dir(&built.programs).unwrap() {
        let program = entry.unwrap().path();
        if program.extension().is_some_and(|is| is == "wasm") {
            let name = program.file_name().unwrap();
            same(&program, &folder.join(programs).join(name));
        }
    }
}

#[test]
fn a_command_may_go_on_over_several_lines() {
    assert_eq!(last_command("host \\\n  --a"), 0);
    assert_eq!(last_command("cd x\nhost \\\n  --a"), 5);
    assert_eq!(last_command("cd x\nhost"), 5);
}

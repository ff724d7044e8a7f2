//! One run of one program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::tools::{Folder, Tools, read};

/// What came of a run. Its files live as long as it does.
#[derive(Debug)]
pub struct Run {
    /// The exit code; 134 where the program ended in a trap.
    pub code: i32,
    /// What it printed on standard error, without the statistics.
    pub stderr: String,
    /// What it used: the members of `veracruz exec --stats`, of the last stage.
    pub stats: Value,
    folder: Folder,
}

/// A compiled program without a policy: for guests that are no examples.
#[derive(Debug)]
pub struct Guest {
    tools: Tools,
    program: PathBuf,
    inputs: BTreeMap<String, Vec<u8>>,
    arguments: Vec<String>,
}

impl Guest {
    /// The program of a package, if it and `veracruz` were built.
    #[must_use]
    pub fn find(package: &str) -> Option<Self> {
        let tools = Tools::find()?;
        let program = tools.program(package)?;
        Some(Self::at(tools, program))
    }

    /// The program at a path.
    #[must_use]
    pub fn at(tools: Tools, program: PathBuf) -> Self {
        Self {
            tools,
            program,
            inputs: BTreeMap::new(),
            arguments: Vec::new(),
        }
    }

    /// Gives it an input.
    #[must_use]
    pub fn input(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.inputs.insert(path.to_owned(), content.into());
        self
    }

    /// Gives it arguments.
    #[must_use]
    pub fn arguments<'text>(mut self, arguments: impl IntoIterator<Item = &'text str>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(str::to_owned));
        self
    }

    /// Runs it.
    #[must_use]
    pub fn run(&self) -> Run {
        let mut run = Run::prepare(&self.inputs, ["/output/x", "/report/x"]);
        let mut command = run.command(&self.tools, &self.program);
        command.arg("--").args(&self.arguments);
        run.take(&mut command);
        run
    }
}

impl Run {
    /// Whether it succeeded, with what it said if not.
    #[must_use]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// An output as text; a report is at `/report/<participant>`.
    #[must_use]
    pub fn text(&self, path: &str) -> String {
        read(&self.folder.path().join(path.trim_start_matches('/')))
    }

    /// An output as JSON.
    #[must_use]
    pub fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Whether the program left anything at this path.
    #[must_use]
    pub fn wrote(&self, path: &str) -> bool {
        let file = self.folder.path().join(path.trim_start_matches('/'));
        file.metadata().is_ok_and(|file| file.len() > 0)
    }

    /// Lays out the files, and a folder for each of those that may be written.
    pub(crate) fn prepare<'path>(
        inputs: &BTreeMap<String, Vec<u8>>,
        outputs: impl IntoIterator<Item = &'path str>,
    ) -> Self {
        let folder = Folder::new();
        let place = |path: &str| {
            let path = folder.path().join(path.trim_start_matches('/'));
            let parent = path.parent().unwrap_or(Path::new("/"));
            let made = std::fs::create_dir_all(parent);
            made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            path
        };
        for (path, content) in inputs {
            let written = std::fs::write(place(path), content);
            written.unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        outputs.into_iter().for_each(|path| drop(place(path)));
        Self {
            code: 0,
            stderr: String::new(),
            stats: Value::Null,
            folder,
        }
    }

    /// `veracruz exec` with all folders of this run.
    pub(crate) fn command(&self, tools: &Tools, program: &Path) -> Command {
        let mut command = Command::new(&tools.veracruz);
        command.arg("exec").arg("--stats");
        let folders = std::fs::read_dir(self.folder.path());
        let folders = folders.unwrap_or_else(|error| panic!("{error}"));
        for entry in folders {
            let entry = entry.unwrap_or_else(|error| panic!("{error}"));
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() {
                let mapping = format!("{}:/{name}", entry.path().display());
                command.args(["--dir", &mapping]);
            }
        }
        command.arg(program);
        command
    }

    /// Runs a program of this machine over the same files, and gives its processor time in
    /// milliseconds: the shell can tell. None where it fails, as one without the SDK does, which looks
    /// for its files elsewhere.
    pub(crate) fn natively(
        &self,
        program: &Path,
        arguments: impl Iterator<Item = String>,
    ) -> Option<f64> {
        let script = "TIMEFORMAT='%U %S'; time \"$0\" \"$@\"";
        let output = Command::new("bash")
            .args(["-c", script])
            .arg(program)
            .args(arguments)
            .env("VERACRUZ_ROOT", self.folder.path())
            .output()
            .unwrap_or_else(|error| panic!("bash: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        let times = said.split_whitespace();
        let times = times.filter_map(|time| time.parse::<f64>().ok());
        let seconds: f64 = times.sum();
        output.status.success().then_some(seconds * 1000.0)
    }

    /// Bytes of all files below a folder.
    #[must_use]
    pub fn bytes_in(&self, folder: &str) -> u64 {
        fn bytes(path: &Path) -> u64 {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let sizes = entries.map(|entry| match entry.metadata() {
                Ok(found) if found.is_dir() => bytes(&entry.path()),
                found => found.map_or(0, |file| file.len()),
            });
            sizes.sum()
        }
        bytes(&self.folder.path().join(folder.trim_start_matches('/')))
    }

    /// What it used of the last stage's statistics, in milliseconds.
    #[must_use]
    pub fn milliseconds(&self, name: &str) -> Option<u64> {
        self.stats.get(name).and_then(Value::as_u64)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn take(&mut self, command: &mut Command) {
        let output = command.output();
        let Output { status, stderr, .. } = output.unwrap_or_else(|error| panic!("{error}"));
        self.code = status.code().unwrap_or(-1);
        let text = String::from_utf8_lossy(&stderr).into_owned();
        // The statistics are one line of JSON, the last one.
        let (said, stats) = match text.trim_end().rsplit_once('\n') {
            Some((said, last)) if last.starts_with('{') => (said.to_owned() + "\n", last),
            None if text.starts_with('{') => (String::new(), text.as_str()),
            _ => (text.clone(), ""),
        };
        self.stats = serde_json::from_str(stats).unwrap_or_default();
        self.stderr = said;
    }
}

//! An example: programs, policy, and the parties' files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::answers::assert_holds;
use crate::run::Run;
use crate::tools::{Tools, read};

/// An example whose inputs and policy can be changed before it runs.
#[derive(Debug)]
pub struct Example {
    folder: PathBuf,
    description: Value,
    policy: Value,
    inputs: BTreeMap<String, Vec<u8>>,
    programs: BTreeMap<String, PathBuf>,
    tools: Tools,
}

impl Example {
    /// The example in `folder` (`env!("CARGO_MANIFEST_DIR")`), with its own data; none, and a line that
    /// says why, where something was not built.
    #[must_use]
    pub fn find(folder: &str) -> Option<Self> {
        let folder = PathBuf::from(folder);
        let description = json(&folder.join("example.json"));
        let tools = Tools::find()?;
        let mut programs = BTreeMap::new();
        for (path, package) in members(&description, "programs") {
            programs.insert(path.clone(), tools.program(&text(package))?);
        }
        let inputs = members(&description, "inputs")
            .map(|(path, file)| (path.clone(), bytes(&folder.join(text(file)))))
            .collect();
        let template = description.get("policy").map(text);
        let template = template.unwrap_or_else(|| "policy.template.json".to_owned());
        let policy = filled(&json(&folder.join(template)), &tools);
        Some(Self {
            folder,
            description,
            policy,
            inputs,
            programs,
            tools,
        })
    }

    /// Has a party provide something else.
    #[must_use]
    pub fn input(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        assert!(self.inputs.contains_key(path), "{path} is no input");
        self.inputs.insert(path.to_owned(), content.into());
        self
    }

    /// Has the first stage called with other arguments.
    #[must_use]
    pub fn arguments<'text>(mut self, arguments: impl IntoIterator<Item = &'text str>) -> Self {
        let arguments = arguments.into_iter().map(Value::from).collect();
        match self.policy.pointer_mut("/pipeline/0") {
            Some(Value::Object(stage)) => stage.insert("args".to_owned(), arguments),
            _ => panic!("the policy has no stage"),
        };
        self
    }

    /// What the party provides.
    #[must_use]
    pub fn provided(&self, path: &str) -> String {
        let bytes = self.inputs.get(path).cloned();
        let bytes = bytes.unwrap_or_else(|| panic!("{path} is no input"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How many bytes all parties provide together, without programs.
    #[must_use]
    pub fn input_bytes(&self) -> usize {
        self.inputs.values().map(Vec::len).sum()
    }

    /// Runs all stages under the policy, until one fails.
    #[must_use]
    pub fn run(&self) -> Run {
        let mut run = self.prepare();
        let policy = run.folder().join("policy.json");
        let written = std::fs::write(&policy, self.policy.to_string());
        written.unwrap_or_else(|error| panic!("{}: {error}", policy.display()));
        for (number, stage) in (1..).zip(self.stages()) {
            let path = stage.get("program").map(text).unwrap_or_default();
            let program = self.programs.get(&path);
            let program = program.unwrap_or_else(|| panic!("{path} is not in example.json"));
            let mut command = run.command(&self.tools, program);
            command.arg("--policy").arg(&policy);
            command.args(["--stage", &number.to_string()]);
            run.take(&mut command);
            if run.code != 0 {
                break;
            }
        }
        run
    }

    /// Runs all stages natively, each as the program that was built for this machine, and gives the
    /// processor time in milliseconds of the last one; none where one was not built.
    #[must_use]
    pub fn run_natively(&self) -> Option<f64> {
        let run = self.prepare();
        let mut used = None;
        for stage in self.stages() {
            let path = stage.get("program").map(text).unwrap_or_default();
            let package = members(&self.description, "programs").find(|(of, _)| **of == path);
            let program = self.tools.native(&text(package?.1))?;
            let arguments = stage.get("args").and_then(Value::as_array);
            let arguments = arguments.into_iter().flatten().map(text);
            used = Some(run.natively(&program, arguments)?);
        }
        used
    }

    /// Compares what a run wrote with the published answers.
    pub fn assert_answers(&self, run: &Run) {
        for (path, answer) in members(&self.description, "answers") {
            match answer {
                Value::String(file) => {
                    let expected = read(&self.folder.join(file));
                    assert!(run.text(path) == expected, "{path} differs from {file}");
                }
                answer => assert_holds(&run.json(path), answer),
            }
        }
    }

    /// Replaces an input, runs, and expects a failure that names this file and line and tells
    /// nothing else; not even to other parties that there was one.
    pub fn assert_refuses(self, path: &str, content: impl Into<Vec<u8>>, failure: &str) {
        let run = self.input(path, content).run();
        assert_eq!(run.code, 1, "{}", run.stderr);
        let message = format!("{path}{failure}\n");
        assert_eq!(run.stderr, message);
    }
}

impl Example {
    fn prepare(&self) -> Run {
        let paths = members(&self.policy, "files").map(|(path, _)| path.as_str());
        Run::prepare(&self.inputs, paths.chain(["/report/x"]))
    }

    fn stages(&self) -> impl Iterator<Item = &Value> {
        let stages = self.policy.get("pipeline").and_then(Value::as_array);
        stages.into_iter().flatten()
    }
}

/// A template with certificates and digests, which are not looked at here.
fn filled(template: &Value, tools: &Tools) -> Value {
    let mut policy = template.to_string();
    let participants = members(template, "participants").enumerate();
    for (index, (name, _)) in participants {
        let certificate = Value::from(tools.certificate(index)).to_string();
        policy = policy.replace(&format!("\"{{{{{name}_certificate}}}}\""), &certificate);
    }
    let digest = "0f".repeat(32);
    while let Some((before, rest)) = policy.split_once("{{") {
        let Some((_, after)) = rest.split_once("}}") else {
            break;
        };
        policy = format!("{before}{digest}{after}");
    }
    serde_json::from_str(&policy).unwrap_or_else(|error| panic!("{error}"))
}

fn members<'value>(
    document: &'value Value,
    name: &str,
) -> impl Iterator<Item = (&'value String, &'value Value)> {
    let members = document.get(name).and_then(Value::as_object);
    members.into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

//! The draft as JSON.

use super::templates::{Output, Template, To};
use serde_json::{Map, Value, json};

/// Everything that goes into a draft.
pub(super) struct Draft {
    pub(super) template: &'static Template,
    pub(super) name: String,
    /// Those who provide data, with their certificates.
    pub(super) data: Vec<(String, String)>,
    /// Who provides the program.
    pub(super) author: (String, String),
    /// Others who receive something.
    pub(super) receivers: Vec<(String, String)>,
    /// SHA-256 of the program, where it is to be fixed.
    pub(super) program: Option<String>,
    pub(super) isolates: Value,
    pub(super) unprotected: bool,
    pub(super) expires: Option<String>,
}

/// Where the program stands.
const PROGRAM: &str = "/program/main.wasm";

impl Draft {
    /// The document, its fields in the order in which one reads them.
    pub(super) fn to_text(&self) -> String {
        let mut fields = vec![
            ("veracruz", json!(1)),
            ("name", json!(self.name)),
            ("description", json!(self.template.description)),
            ("participants", self.participants()),
            ("files", self.files()),
            ("pipeline", self.pipeline()),
            ("execution", json!({ "memory": "1GiB", "time": "10min" })),
            ("isolates", self.isolates.clone()),
        ];
        if self.unprotected {
            fields.push(("unprotected", json!(true)));
        }
        fields.push(("approval", self.approval()));
        if let Some(expires) = &self.expires {
            fields.push(("expires", json!(expires)));
        }
        if self.template.description.is_empty() {
            fields.retain(|(name, _)| *name != "description");
        }
        let members: Vec<String> = fields
            .into_iter()
            .map(|(name, value)| format!("  \"{name}\": {}", indented(&value)))
            .collect();
        format!("{{\n{}\n}}\n", members.join(",\n"))
    }

    fn participants(&self) -> Value {
        let everybody = self
            .data
            .iter()
            .chain([&self.author])
            .chain(&self.receivers);
        let members = everybody
            .map(|(name, certificate)| (name.clone(), json!({ "certificate": certificate })));
        Value::Object(members.collect())
    }

    fn files(&self) -> Value {
        let mut files = Map::new();
        let mut program = json!({ "provider": self.author.0, "max_bytes": "16MiB" });
        if let (Some(digest), Some(members)) = (&self.program, program.as_object_mut()) {
            members.insert("sha256".into(), json!(digest));
        }
        files.insert(PROGRAM.into(), program);
        for (name, _) in &self.data {
            let input = &self.template.input;
            files.insert(
                format!("/input/{name}{}", input.ending),
                json!({ "provider": name, "max_bytes": size(input.max_bytes) }),
            );
        }
        if let (Some(other), Some((name, _))) = (&self.template.other, self.receivers.first()) {
            files.insert(
                format!("/input/{}", other.ending),
                json!({ "provider": name, "max_bytes": size(other.max_bytes) }),
            );
        }
        for output in self.template.outputs {
            files.insert(
                output.path.into(),
                json!({ "receivers": self.receive(output), "max_bytes": size(output.max_bytes) }),
            );
        }
        Value::Object(files)
    }

    /// Who receives an output.
    fn receive(&self, output: &Output) -> Vec<&str> {
        let data = self.data.iter().map(|(name, _)| name.as_str());
        let others = self.receivers.iter().map(|(name, _)| name.as_str());
        match output.to {
            To::Receivers if !self.receivers.is_empty() => others.collect(),
            To::Receivers => data.collect(),
            // Who gives a model does not see what it says of others' data.
            To::Everyone if self.template.other.is_some() => data.collect(),
            To::Everyone => data.chain(others).collect(),
        }
    }

    fn pipeline(&self) -> Value {
        let writes: Vec<_> = self
            .template
            .outputs
            .iter()
            .map(|output| output.path)
            .collect();
        let reads: &[&str] = if self.data.is_empty() {
            &[]
        } else {
            &["/input/"]
        };
        json!([{ "program": PROGRAM, "read": reads, "write": writes }])
    }

    fn approval(&self) -> Value {
        let mut names: Vec<&str> = self.data.iter().map(|(name, _)| name.as_str()).collect();
        let author = self.author.0.as_str();
        if !names.contains(&author) {
            names.push(author);
        }
        if let (Some(_), Some((name, _))) = (&self.template.other, self.receivers.first())
            && !names.contains(&name.as_str())
        {
            names.push(name);
        }
        json!({ "required": names, "runs": 1 })
    }
}

/// JSON with two blanks a level, as a member of the document.
fn indented(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.replace('\n', "\n  ")
}

/// Bytes with a unit.
fn size(bytes: u64) -> String {
    match (bytes % (1 << 20), bytes % (1 << 10)) {
        (0, _) => format!("{}MiB", bytes >> 20),
        (_, 0) => format!("{}KiB", bytes >> 10),
        _ => format!("{bytes}B"),
    }
}

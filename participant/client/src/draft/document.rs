//! The draft as JSON.

use super::isolates::is_unprotected;
use super::{Draft, Output, Party, To};
use serde_json::{Map, Value, json};
use veracruz_policy::{FilePath, ParticipantName};

impl Draft {
    /// The document, its fields in the order in which one reads them. Whether it is a policy is
    /// for [`veracruz_policy::Policy::parse`] to say.
    pub fn to_text(&self) -> String {
        let mut fields = vec![("veracruz", json!(1)), ("name", json!(self.name))];
        if !self.template.description.is_empty() {
            fields.push(("description", json!(self.template.description)));
        }
        fields.extend([
            ("participants", self.participants()),
            ("files", self.files()),
            ("pipeline", self.pipeline()),
            ("execution", json!({ "memory": "1GiB", "time": "10min" })),
            ("isolates", self.isolates.clone()),
        ]);
        if is_unprotected(&self.isolates) {
            fields.push(("unprotected", json!(true)));
        }
        fields.push(("approval", self.approval()));
        if let Some(expires) = &self.expires {
            fields.push(("expires", json!(expires.to_string())));
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
        let members = everybody.map(|party| {
            let certificate = json!({ "certificate": party.certificate });
            (party.name.to_string(), certificate)
        });
        Value::Object(members.collect())
    }

    fn files(&self) -> Value {
        let mut files = Map::new();
        let mut program = json!({
            "description": "The program",
            "provider": self.author.name.as_str(),
            "max_bytes": "16MiB",
        });
        if let (Some(known), Some(members)) = (&self.program, program.as_object_mut()) {
            members.insert("sha256".into(), json!(known.sha256));
        }
        files.insert(self.program_path(), program);
        let input = &self.template.input;
        for party in &self.data {
            let file = json!({
                "description": format!("{}: {}", party.name, input.what),
                "provider": party.name.as_str(),
                "max_bytes": size(input.max_bytes),
            });
            let path = format!("{}{}{}", input.folder, party.name, input.ending);
            files.insert(path, file);
        }
        if let (Some(given), Some(giver)) = (&self.template.given, self.giver()) {
            let file = json!({
                "description": given.what,
                "provider": giver.name.as_str(),
                "max_bytes": size(given.max_bytes),
            });
            files.insert(given.path.into(), file);
        }
        for output in self.template.outputs {
            let file = json!({
                "description": output.what,
                "receivers": self.receive(output),
                "max_bytes": size(output.max_bytes),
            });
            files.insert(output.path.into(), file);
        }
        Value::Object(files)
    }

    /// Where the program stands: under its file's name, where that can be a path.
    fn program_path(&self) -> String {
        let known = self.program.as_ref().map(|program| {
            let path = format!("/program/{}", program.file_name);
            FilePath::parse(&path).is_ok().then_some(path)
        });
        let path = known.flatten();
        path.unwrap_or_else(|| format!("/program/{}.wasm", self.template.name))
    }

    /// A name that stands for two certificates: a draft has one of them, and the other is lost.
    pub fn contradiction(&self) -> Option<&ParticipantName> {
        let parties = || {
            let data = self.data.iter().chain([&self.author]);
            data.chain(&self.receivers)
        };
        let differs = |party: &&Party| {
            let other = parties().find(|other| other.name == party.name);
            other.is_some_and(|other| other.certificate != party.certificate)
        };
        parties().find(differs).map(|party| &party.name)
    }

    /// Who gives the model or the query.
    fn giver(&self) -> Option<&Party> {
        self.template.given.as_ref()?;
        self.receivers.first()
    }

    /// Who receives an output.
    fn receive(&self, output: &Output) -> Vec<&str> {
        let giver = self.giver().map(|giver| &giver.name);
        let everyone = self.data.iter().chain(&self.receivers);
        let parties: Vec<&Party> = match output.to {
            To::Receivers if !self.receivers.is_empty() => self.receivers.iter().collect(),
            // Whoever provides nothing but the program computes for itself.
            To::Receivers if self.data.is_empty() => vec![&self.author],
            To::Receivers => self.data.iter().collect(),
            To::Everyone => everyone.collect(),
            To::AllButGiver => everyone
                .filter(|party| Some(&party.name) != giver)
                .collect(),
        };
        names(parties)
    }

    fn pipeline(&self) -> Value {
        let outputs = self.template.outputs.iter();
        let writes: Vec<_> = outputs.map(|output| output.path).collect();
        let folder = (!self.data.is_empty()).then_some(self.template.input.folder);
        // Where it is in that folder, the folder's entry covers it.
        let given = self.template.given.as_ref().map(|given| given.path);
        let apart = given.filter(|path| folder.is_none_or(|folder| !path.starts_with(folder)));
        let reads: Vec<_> = folder.into_iter().chain(apart).collect();
        json!([{ "program": self.program_path(), "read": reads, "write": writes }])
    }

    fn approval(&self) -> Value {
        let providers = self.data.iter().chain([&self.author]).chain(self.giver());
        json!({ "required": names(providers), "runs": 1 })
    }
}

/// Names in order, each once: one participant may have several roles.
fn names<'a>(parties: impl IntoIterator<Item = &'a Party>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for party in parties {
        if !names.contains(&party.name.as_str()) {
            names.push(party.name.as_str());
        }
    }
    names
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

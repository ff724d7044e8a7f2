//! The policy of an example, with fields for what only its parties know: `{{acme_certificate}}`.

use crate::local::{LocalError, Party};
use serde_json::{Value, json};
use std::path::Path;
use veracruz_policy::IsolateKind;

/// A policy whose fields are not filled in yet.
#[derive(Debug, Clone)]
pub struct Template(Value);

impl Template {
    /// Reads `policy.template.json` of the example in `folder`.
    ///
    /// # Errors
    /// [`LocalError::File`], also where it is no JSON.
    pub fn of_example(folder: &Path) -> Result<Self, LocalError> {
        Self::read(&folder.join("policy.template.json"))
    }

    /// Reads a template.
    ///
    /// # Errors
    /// As [`Template::of_example`].
    pub fn read(path: &Path) -> Result<Self, LocalError> {
        let file = |source| LocalError::File {
            path: path.to_owned(),
            source,
        };
        let text = std::fs::read(path).map_err(file)?;
        serde_json::from_slice(&text)
            .map(Self)
            .map_err(|error| file(error.into()))
    }

    /// The name that it gives its policies.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.get("name").and_then(Value::as_str)
    }

    /// The participants, in the order of their names, and what the policy says of each.
    pub fn participants(&self) -> impl Iterator<Item = (&str, &str)> {
        let participants = self.0.get("participants").and_then(Value::as_object);
        participants.into_iter().flatten().map(|(name, one)| {
            let description = one.get("description").and_then(Value::as_str);
            (name.as_str(), description.unwrap_or_default())
        })
    }

    /// Fills in the certificates of `parties`, the digests of program and runtime (in
    /// hexadecimal), and the attester's key; and gives the policy a name of its own.
    #[must_use]
    pub fn fill(
        self,
        name: &str,
        parties: &[&Party],
        program: &str,
        runtime: &str,
        attester: &str,
    ) -> Value {
        let process = json!({ "runtime": [runtime], "attesters": [attester] });
        self.fill_with(name, parties, program, json!({ "process": process }))
    }

    /// As [`Template::fill`], with the policy's whole `isolates`: for any kind.
    #[must_use]
    pub fn fill_with(
        self,
        name: &str,
        parties: &[&Party],
        program: &str,
        isolates: Value,
    ) -> Value {
        let programs = [("program_sha256".to_owned(), program.to_owned())];
        self.fill_programs(name, parties, &programs, isolates)
    }

    /// As [`Template::fill_with`], with the digests of several programs, each by the name of its
    /// field.
    #[must_use]
    pub fn fill_programs(
        mut self,
        name: &str,
        parties: &[&Party],
        programs: &[(String, String)],
        isolates: Value,
    ) -> Value {
        for party in parties {
            let field = format!("{{{{{}_certificate}}}}", party.name);
            replace(&mut self.0, &field, &party.certificate);
        }
        for (field, digest) in programs {
            replace(&mut self.0, &format!("{{{{{field}}}}}"), digest);
        }
        for (field, value) in [("name", name.into()), ("isolates", isolates)] {
            if let Some(old) = self.0.get_mut(field) {
                *old = value;
            }
        }
        // Said in vain where every kind protects, which is an error of a policy.
        let kinds = self.0.get("isolates").and_then(Value::as_object);
        let protects = |name: &String| {
            IsolateKind::from_name(name).is_some_and(IsolateKind::protects_from_host)
        };
        let all_protect = kinds.is_some_and(|kinds| kinds.keys().all(protects));
        if let Some(policy) = self.0.as_object_mut().filter(|_| all_protect) {
            policy.remove("unprotected");
        }
        self.0
    }
}

/// Replaces every string that is `field`, wherever it stands.
fn replace(value: &mut Value, field: &str, by: &str) {
    match value {
        Value::String(text) if text == field => by.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, field, by)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| replace(member, field, by));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_replaced_wherever_it_stands_and_nothing_else_is() {
        let mut document = json!({ "a": ["{{x}}", "{{y}}"], "b": { "c": "{{x}}" }, "d": 1 });
        replace(&mut document, "{{x}}", "line\n");
        let expected = json!({ "a": ["line\n", "{{y}}"], "b": { "c": "line\n" }, "d": 1 });
        assert_eq!(document, expected);
    }
}

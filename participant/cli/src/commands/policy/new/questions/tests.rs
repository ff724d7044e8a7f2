//! The questions, without a terminal: answers from a list.

use super::super::ask::Check;
use super::*;
use crate::args::Ends;
use std::collections::VecDeque;
use tempfile::TempDir;

/// Answers in order; what was asked and what was refused.
struct Listed {
    answers: VecDeque<String>,
    heard: Vec<String>,
}

impl Listed {
    fn new(answers: &[&str]) -> Self {
        Self {
            answers: answers.iter().map(|answer| (*answer).to_owned()).collect(),
            heard: Vec::new(),
        }
    }

    fn next(&mut self, question: &str) -> Result<String, CliError> {
        self.heard.push(question.to_owned());
        let none = || CliError::argument("an answer", &question);
        self.answers.pop_front().ok_or_else(none)
    }
}

impl Ask for Listed {
    fn line(
        &mut self,
        question: &str,
        default: Option<&str>,
        check: Check<'_>,
    ) -> Result<String, CliError> {
        loop {
            let answer = match (self.next(question)?, default) {
                (empty, Some(default)) if empty.is_empty() => default.to_owned(),
                (answer, _) => answer,
            };
            match check(&answer) {
                Ok(()) => return Ok(answer),
                Err(why) => self.heard.push(format!("! {why}")),
            }
        }
    }

    fn say(&mut self, line: &str) -> Result<(), CliError> {
        assert!(!line.is_empty());
        Ok(())
    }
}

const KEY: &str = "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9";

/// A folder with certificates, and the path of a file in it.
fn folder() -> (TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["acme.crt", "globex.crt", "lab.crt"] {
        let pem = "-----BEGIN CERTIFICATE-----\n";
        std::fs::write(folder.path().join(name), pem).expect("a file");
    }
    std::fs::write(folder.path().join("main.wasm"), "abc").expect("a file");
    let root = folder.path().to_owned();
    let path = move |name: &str| root.join(name).display().to_string();
    (folder, path)
}

fn nothing() -> PolicyNewArgs {
    PolicyNewArgs {
        template: None,
        name: None,
        data: Vec::new(),
        program_by: None,
        receivers: Vec::new(),
        program: None,
        isolates: Vec::new(),
        attesters: Vec::new(),
        runtime: None,
        expires: None,
        out: None,
        force: false,
    }
}

#[test]
fn everything_is_asked_for_and_nothing_is_missing_then() {
    let (_folder, path) = folder();
    let out = path("policy.json");
    let mut person = Listed::new(&[
        "psy",
        "psi",
        "",
        "acme",
        &path("acme.crt"),
        "globex",
        &path("globex.crt"),
        "",
        "lab",
        &path("lab.crt"),
        &path("main.wasm"),
        "",
        KEY,
        "2030-01-02",
        &out,
    ]);
    let complete = complete(nothing(), &mut person).expect("a draft");
    assert!(person.answers.is_empty(), "{:?}", person.heard);
    assert_eq!(
        missing(&complete).expect("a template"),
        Vec::<String>::new()
    );
    assert_eq!(complete.template.as_deref(), Some("psi"));
    assert_eq!(complete.name.as_deref(), Some("psi"));
    let names: Vec<_> = complete.data.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["acme", "globex"]);
    assert_eq!(complete.attesters, [KEY]);
    let end = "2030-01-02T00:00:00Z".parse().ok();
    assert!(end.is_some() && complete.expires == end);
    assert_eq!(complete.out, Some(out.into()));
}

#[test]
fn what_is_given_is_not_asked_for() {
    let (_folder, path) = folder();
    let given = PolicyNewArgs {
        template: Some("infer".to_owned()),
        name: Some("x".to_owned()),
        data: vec![Named {
            name: "acme".to_owned(),
            file: path("acme.crt").into(),
        }],
        program: Some(path("main.wasm").into()),
        attesters: vec![KEY.to_owned()],
        expires: Some(Ends::Never),
        out: Some(path("policy.json").into()),
        ..nothing()
    };
    // Who was named before has a certificate already.
    let mut person = Listed::new(&["acme", "lab", &path("lab.crt"), ""]);
    let complete = complete(given, &mut person).expect("a draft");
    let asked: Vec<_> = person.heard.iter().map(String::as_str).collect();
    let expected = [
        "Who provides the program?",
        "The model: who gives that?",
        "The file of lab's certificate",
        "Who else receives results? (empty: nobody)",
    ];
    assert_eq!(asked, expected);
    assert_eq!(complete.expires, Some(Ends::Never));
}

#[test]
fn what_will_not_do_is_asked_for_again_and_says_why() {
    let (_folder, path) = folder();
    std::fs::write(path("taken.json"), "{}").expect("a file");
    let given = PolicyNewArgs {
        template: Some("blank".to_owned()),
        program: Some(path("main.wasm").into()),
        ..nothing()
    };
    let mut person = Listed::new(&[
        "x",
        "",
        "Lab",
        "lab",
        "nowhere.crt",
        &path("main.wasm"),
        &path("lab.crt"),
        "",
        "",
        "abcd",
        KEY,
        "tomorrow",
        "never",
        &path("taken.json"),
        &path("free.json"),
    ]);
    complete(given, &mut person).expect("a draft");
    let refused: Vec<_> = person
        .heard
        .iter()
        .filter(|heard| heard.starts_with("! "))
        .map(|heard| heard.replace(&path(""), ""))
        .collect();
    let expected = [
        "! expected 1 to 63 characters a-z, 0-9, '.', '_', '-', the first of them a letter or digit",
        "! nowhere.crt: No such file or directory (os error 2)",
        "! main.wasm is no certificate as PEM",
        "! there must be something",
        "! abcd: No such file or directory (os error 2)",
        "! expected a time as 2027-01-01T00:00:00Z, a day as 2027-01-01, or `never`",
        "! taken.json is there already",
    ];
    assert_eq!(refused, expected);
}

#[test]
fn who_stops_answering_gets_no_draft() {
    let mut person = Listed::new(&["psi", "", "acme"]);
    assert!(complete(nothing(), &mut person).is_err());
}

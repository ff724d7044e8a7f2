//! The files of a new project.

use crate::args::Language;

/// A file of an example.
macro_rules! example {
    ($path:literal) => {
        include_str!(concat!("../../../../../programs/examples/", $path))
    };
}

/// By path in the project.
type Files = Vec<(String, String)>;

/// Everything that a project in this language begins with.
pub(super) fn of(language: Language, name: &str) -> Files {
    let own = match language {
        Language::Rust => vec![
            ("Cargo.toml", CARGO),
            ("src/main.rs", example!("hello-rust/src/main.rs")),
            ("build.sh", example!("hello-rust/build.sh")),
        ],
        Language::C => vec![
            ("hello.c", example!("hello-c/hello.c")),
            ("build.sh", example!("hello-c/build.sh")),
        ],
        Language::Cpp => vec![
            ("hello.cpp", example!("hello-cpp/hello.cpp")),
            ("build.sh", example!("hello-cpp/build.sh")),
        ],
        Language::Go => vec![
            ("go.mod", example!("hello-go/go.mod")),
            ("main.go", example!("hello-go/main.go")),
            ("build.sh", example!("hello-go/build.sh")),
        ],
        Language::Python => vec![
            ("app.py", example!("hello-python/app.py")),
            ("build.sh", example!("hello-python/build.sh")),
            ("wit/program.wit", example!("hello-python/wit/program.wit")),
            (
                "wit/deps/cli/run.wit",
                example!("hello-python/wit/deps/cli/run.wit"),
            ),
        ],
        Language::Javascript => vec![
            ("package.json", example!("hello-javascript/package.json")),
            ("app.js", example!("hello-javascript/app.js")),
            ("files.js", example!("hello-javascript/files.js")),
            ("build.sh", example!("hello-javascript/build.sh")),
            (
                "wit/program.wit",
                example!("hello-javascript/wit/program.wit"),
            ),
            (
                "wit/deps/cli/run.wit",
                example!("hello-javascript/wit/deps/cli/run.wit"),
            ),
            (
                "wit/deps/filesystem/types.wit",
                example!("hello-javascript/wit/deps/filesystem/types.wit"),
            ),
        ],
    };
    own.into_iter()
        .chain(SHARED)
        .map(|(path, text)| (named(path, name), named(text, name)))
        .collect()
}

/// What a project has in every language.
const SHARED: [(&str, &str); 9] = [
    ("README.md", README),
    (".gitignore", "/target\n/node_modules\n"),
    ("example.json", example!("hello-rust/example.json")),
    (
        "policy.template.json",
        example!("hello-rust/policy.template.json"),
    ),
    ("test.sh", example!("hello-rust/test.sh")),
    ("data/README.md", example!("hello-rust/data/README.md")),
    ("data/seattle.csv", example!("hello-rust/data/seattle.csv")),
    (
        "data/new_york.csv",
        example!("hello-rust/data/new_york.csv"),
    ),
    (
        "data/expected.json",
        example!("hello-rust/data/expected.json"),
    ),
];

const CARGO: &str = r#"[package]
name = "hello"
version = "0.1.0"
edition = "2024"

[profile.release]
lto = true
codegen-units = 1
panic = "abort"
strip = true

# A workspace of its own, wherever it stands.
[workspace]
"#;

const README: &str = r"# hello

On how many days was it warmer in Seattle than in New York? Two cities give their temperatures, and get two numbers; neither sees the other's. Make it your own.

    sh build.sh
    sh test.sh

The first compiles the program to `target/hello.wasm` (it says at its top what it needs). The second runs it as an isolate would, without one, on the files in `data/`, and compares what it says with `data/expected.json`.

- The program is an ordinary one: it reads files, writes files, and ends with 0 or with a reason. It has no network, no clock, and no other file than its policy grants.
- `policy.template.json` says who gives and gets what. `example.json` says which file of `data/` plays which part, and what comes of it. To play all parties on this machine, in real isolates:

      veracruz demo --example . --programs target

- For a policy with real parties: `veracruz policy new`. Where the program's bytes are pinned (`sha256`), everybody can check that it is the one that they have read.
";

/// With the project's name in the place of the example's.
fn named(text: &str, name: &str) -> String {
    text.replace("hello-rust", "hello").replace("hello", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_language_has_a_whole_project_under_its_name() {
        for language in Language::value_variants() {
            let files = of(*language, "customer-overlap");
            for needed in ["README.md", "build.sh", "test.sh", "policy.template.json"] {
                assert!(files.iter().any(|(path, _)| path == needed), "{needed}");
            }
            for (path, text) in &files {
                assert!(!path.contains("hello") && !text.contains("hello"), "{path}");
                assert!(!text.contains("../"), "{path} leads out of the project");
            }
        }
    }
}

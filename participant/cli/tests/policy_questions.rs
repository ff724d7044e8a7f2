//! `veracruz policy new` on a terminal: a real one, which `script` of util-linux makes.
#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod terminal;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use terminal::Terminal;

fn drafting() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../common/policy/tests/data");
    for name in ["acme", "globex", "lab"] {
        let certificate = fs::read(data.join(format!("{name}.pem"))).unwrap();
        fs::write(folder.path().join(format!("{name}.crt")), certificate).unwrap();
    }
    let hardware: serde_json::Value =
        serde_json::from_slice(&fs::read(data.join("hardware.json")).unwrap()).unwrap();
    let nitro = serde_json::json!({ "nitro": hardware["isolates"]["nitro"] });
    fs::write(folder.path().join("isolates.json"), nitro.to_string()).unwrap();
    folder
}

#[test]
fn a_person_is_asked_for_all_that_a_draft_needs() {
    let folder = drafting();
    let command = format!("{} policy new", env!("CARGO_BIN_EXE_veracruz"));
    let Some(mut terminal) = Terminal::start(folder.path(), &command) else {
        return;
    };
    // What will not do is asked for again.
    terminal.answer("What kind of computation?", "sums");
    terminal.answer("What kind of computation?", "\u{15}psi-sum");
    terminal.answer("What do the parties call it?", "sums");
    terminal.answer("Who provides data?", "acme");
    // There is an acme.crt, which is offered.
    terminal.answer("The file of acme's certificate", "");
    terminal.answer("Who else provides data?", "globex");
    terminal.answer("The file of globex's certificate", "globex.crt");
    terminal.answer("Who else provides data? (empty: nobody)", "");
    terminal.answer("Who provides the program?", "lab");
    terminal.answer("The file of lab's certificate", "");
    terminal.answer("The program's file", "");
    terminal.answer("Who else receives results?", "");
    terminal.answer("The acceptable isolates", "isolates.json");
    terminal.answer("When does it end?", "2030-01-02");
    terminal.answer("Where does the draft go?", "");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("made policy.json"), "{shown}");
    let document = fs::read(folder.path().join("policy.json")).unwrap();
    let draft = veracruz_policy::Policy::parse(&document).unwrap();
    assert_eq!(draft.name(), "sums");
    assert_eq!(draft.participants().len(), 3);
    assert_eq!(draft.expires().unwrap().to_string(), "2030-01-02T00:00:00Z");
    let outputs: Vec<_> = draft
        .files()
        .iter()
        .filter(|file| file.is_written())
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(outputs, ["/output/summary.json"]);
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let folder = drafting();
    let output = Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .args(["policy", "new"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}

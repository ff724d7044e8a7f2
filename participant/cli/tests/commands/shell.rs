//! Colours, completions, manual pages, and how much is said.

use super::desk::{Desk, texts};
use super::documents::leaves;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What a call prints on both outputs together.
fn printed(desk: &Desk, line: &str, variables: &[(&str, &str)]) -> String {
    let mut command = desk.command();
    command.args(line.split_whitespace());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let (stdout, stderr) = texts(&output);
    format!("{stdout}{stderr}")
}

#[test]
fn colours_are_where_they_are_wanted_and_say_nothing_of_their_own() {
    let desk = Desk::new();
    for line in [
        "policy check broken.json",
        "policy check overlap.json",
        "identity show --identity absent.pem",
        "policy --no-such-option",
        "policy --help",
    ] {
        let plain = printed(&desk, line, &[]);
        assert!(!plain.contains('\u{1b}'), "{line}: {plain}");
        let coloured = printed(&desk, &format!("--color always {line}"), &[]);
        assert!(coloured.contains('\u{1b}'), "{line}: {coloured}");
        assert_eq!(
            anstream::adapter::strip_str(&coloured).to_string(),
            plain,
            "{line}"
        );
        let forced = printed(&desk, line, &[("CLICOLOR_FORCE", "1")]);
        assert_eq!(forced, coloured, "{line}");
        for (more, variables) in [
            ("", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")][..]),
            ("--color never", &[("CLICOLOR_FORCE", "1")]),
            ("", &[("CLICOLOR_FORCE", "1"), ("VERACRUZ_COLOR", "never")]),
            ("--json", &[("CLICOLOR_FORCE", "1")]),
        ] {
            // Help is text in either form.
            if more == "--json" && line.ends_with("--help") {
                continue;
            }
            let text = printed(&desk, &format!("{more} {line}"), variables);
            assert!(!text.contains('\u{1b}'), "{more} {line}: {text}");
        }
        let asked = printed(
            &desk,
            &format!("--color always {line}"),
            &[("NO_COLOR", "1")],
        );
        assert_eq!(asked, coloured, "{line}");
    }
}

#[test]
fn quiet_says_nothing_but_errors() {
    let desk = Desk::new();
    assert_eq!(printed(&desk, "-q policy check overlap.json", &[]), "");
    assert_eq!(
        printed(&desk, "-q identity new --name a --out a.pem", &[]),
        ""
    );
    assert!(desk.file("a.pem").is_file());
    let error = printed(&desk, "-q policy check absent.json", &[]);
    assert!(error.starts_with("error[VC-0809]"), "{error}");
    let both = printed(&desk, "-q --json policy schema", &[]);
    assert!(both.contains("cannot be used with"), "{both}");
}

/// What a shell says of a script on its standard input; `None` where there is no such shell.
fn read_by(shell: &str, arguments: &[&str], script: &str) -> Option<String> {
    let started = Command::new(shell)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        println!("skipped: there is no {shell}");
        return None;
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{shell}: {stderr}");
    Some(format!("{stdout}{stderr}"))
}

#[test]
fn shells_read_their_completions() {
    let desk = Desk::empty();
    let script = |shell: &str| printed(&desk, &format!("completions {shell}"), &[]);
    for shell in ["bash", "zsh", "fish"] {
        let said = read_by(shell, &["-n"], &script(shell));
        assert_eq!(said.unwrap_or_default(), "", "{shell}");
    }
    // What bash proposes after `veracruz policy ch`.
    let asked = format!(
        "{}\nCOMP_WORDS=(veracruz policy ch); COMP_CWORD=2; \
         _veracruz veracruz ch policy; echo \"${{COMPREPLY[@]}}\"\n",
        script("bash")
    );
    if let Some(proposed) = read_by("bash", &[], &asked) {
        assert_eq!(proposed, "check\n");
    }
    for shell in ["powershell", "elvish"] {
        assert!(script(shell).contains("policy"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page_that_reads_well() {
    let desk = Desk::empty();
    let written = desk.call("man --out man");
    assert!(written.status.success(), "{written:?}");
    let mut commands = Vec::new();
    leaves(&veracruz_cli::command_line(), "", &mut commands);
    for command in &commands {
        let name = format!("veracruz-{}", command.replace(' ', "-"));
        let page = std::fs::read_to_string(desk.file(&format!("man/{name}.1"))).unwrap();
        let title = format!(".TH {}", name.to_uppercase().replace('-', "\\-"));
        let plain = format!(".TH {}", name.to_uppercase());
        assert!(
            page.contains(&title) || page.contains(&plain),
            "{name}: {page}"
        );
    }
    let page = printed(&desk, "man policy check", &[]);
    let path = desk.file("man/veracruz-policy-check.1");
    assert_eq!(
        page.trim_end(),
        std::fs::read_to_string(path).unwrap().trim_end()
    );
    if let Some(read) = read_by("groff", &["-man", "-Tascii", "-ww", "-P-c"], &page) {
        // Bold is a letter twice, italics one over a line.
        let letters: Vec<char> = read.chars().collect();
        let kept = letters.iter().enumerate().filter(|(index, letter)| {
            **letter != '\u{8}' && letters.get(index + 1) != Some(&'\u{8}')
        });
        let read: String = kept.map(|(_, letter)| letter).collect();
        let read = read.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in ["NAME", "SYNOPSIS", "OPTIONS", "veracruz policy check"] {
            assert!(read.contains(word), "no {word} in {read}");
        }
    }
    let again = desk.call("man --out man");
    assert_eq!(again.status.code(), Some(3), "{again:?}");
    assert!(desk.call("man --out man --force").status.success());
}

#[test]
fn services_tell_events_and_others_are_asked_to() {
    let desk = Desk::new();
    let silent = printed(&desk, "policy schema", &[]);
    assert_eq!(printed(&desk, "-vv policy schema", &[]), silent);
}

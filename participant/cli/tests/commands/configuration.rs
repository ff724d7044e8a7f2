//! What goes before what, by the binary.

use super::desk::{Desk, texts};
use serde_json::Value;

/// A setting as `config show` tells of it.
fn setting(desk: &Desk, key: &str, words: &[&str], variables: &[(&str, &str)]) -> (Value, String) {
    let mut command = desk.command();
    command.args(["config", "show", "--json"]).args(words);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let settings = document["settings"].as_array().unwrap();
    let found = settings
        .iter()
        .find(|setting| setting["key"] == key)
        .unwrap();
    let from = found["from"].as_str().unwrap().to_owned();
    (found["value"].clone(), from)
}

#[test]
fn a_variable_goes_before_the_file_and_the_file_before_the_default() {
    let desk = Desk::new();
    let identity = |words: &[&str], variables: &[(&str, &str)]| {
        setting(&desk, "client.identity", words, variables)
    };
    let of_file = desk.file("acme.pem").to_string_lossy().into_owned();
    assert_eq!(identity(&[], &[]), (Value::Null, "default".into()));
    let file = ["--config", "good.toml"];
    assert_eq!(
        identity(&file, &[]),
        (of_file.clone().into(), "file".into())
    );
    let variable = ("VERACRUZ_IDENTITY", "lab.pem");
    assert_eq!(
        identity(&file, &[variable]),
        ("lab.pem".into(), "environment".into())
    );
    // An empty one is as good as none.
    assert_eq!(
        identity(&file, &[("VERACRUZ_IDENTITY", "")]),
        (of_file.into(), "file".into())
    );
    assert_eq!(
        setting(&desk, "client.host", &file, &[]),
        ("127.0.0.1:7443".into(), "default".into())
    );
}

#[test]
fn an_option_goes_before_all() {
    let desk = Desk::new();
    let named = |line: &str| {
        let mut command = desk.command();
        command.args(line.split_whitespace());
        let output = command
            .env("VERACRUZ_IDENTITY", "lab.pem")
            .output()
            .unwrap();
        texts(&output)
            .0
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let show = "identity show --config good.toml";
    assert_eq!(named(show), "name   lab");
    assert_eq!(
        named(&format!("{show} --identity globex.pem")),
        "name   globex"
    );
    let output = desk.call(show);
    assert!(texts(&output).0.starts_with("name   acme\n"), "{output:?}");
}

#[test]
fn the_file_of_the_home_folder_is_read_and_none_in_the_current_one() {
    let desk = Desk::new();
    std::fs::copy(desk.file("good.toml"), desk.file("veracruz.toml")).unwrap();
    let identity = |variables: &[(&str, &str)]| setting(&desk, "client.identity", &[], variables).1;
    assert_eq!(identity(&[]), "default");
    std::fs::create_dir(desk.file(".veracruz")).unwrap();
    std::fs::copy(desk.file("good.toml"), desk.file(".veracruz/veracruz.toml")).unwrap();
    assert_eq!(identity(&[]), "file");
    assert_eq!(identity(&[("VERACRUZ_CONFIG", "")]), "default");
    assert_eq!(identity(&[("VERACRUZ_HOME", "/nonexistent")]), "default");
    assert_eq!(identity(&[("VERACRUZ_CONFIG", "good.toml")]), "file");
}

#[test]
fn a_file_that_is_wrong_stops_every_command_but_those_that_help() {
    let desk = Desk::new();
    let ends = |line: &str| {
        let output = desk.call(&format!("--config broken.toml {line}"));
        (output.status.code().unwrap(), texts(&output).1)
    };
    let (code, stderr) = ends("identity show");
    assert_eq!(code, 3);
    let folder = desk.path().display();
    assert_eq!(
        stderr,
        format!(
            "error[VC-0864]: {folder}/broken.toml:2:1: there is no setting \"client.identiy\"\n  \
             hint: did you mean `identity`?\n"
        )
    );
    for line in [
        "policy --help",
        "--version",
        "explain VC-0864",
        "completions fish",
        "man",
    ] {
        assert_eq!(ends(line), (0, String::new()), "{line}");
    }
    desk.write("value.toml", b"[host]\nlisten = \"here\"\n");
    let output = desk.call("--json --config value.toml policy schema");
    let document: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(
        (&document["line"], &document["column"]),
        (&2.into(), &10.into())
    );
    let message = document["message"].as_str().unwrap();
    assert!(
        message.ends_with("host.listen: invalid socket address syntax, found \"here\""),
        "{message}"
    );
}

#[test]
fn a_file_that_others_can_change_is_refused() {
    let desk = Desk::new();
    desk.set_mode("good.toml", 0o664);
    let output = desk.call("--config good.toml config show");
    let (_, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr.contains("others can change it") && stderr.contains("chmod go-w"),
        "{stderr}"
    );
}

#[test]
fn a_password_is_never_shown() {
    let desk = Desk::new();
    let secret = "postgres://me:hunter2@db.example/v";
    desk.write(
        "secret.toml",
        format!("[verifier]\ndatabase = \"{secret}\"\n").as_bytes(),
    );
    for line in [
        "config show",
        "config show --json",
        "verifier serve --help",
        "verifier list",
    ] {
        for as_variable in [true, false] {
            let mut command = desk.command();
            command.args(line.split_whitespace());
            match as_variable {
                true => command.env("VERACRUZ_VERIFIER_DATABASE", secret),
                false => command.env("VERACRUZ_CONFIG", "secret.toml"),
            };
            let (stdout, stderr) = texts(&command.output().unwrap());
            assert!(
                !format!("{stdout}{stderr}").contains("hunter2"),
                "{line}: {stdout}{stderr}"
            );
        }
    }
}

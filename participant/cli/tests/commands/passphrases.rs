//! Identities under passphrases, and identities that others can read, by every command that uses one.

use super::desk::{Desk, texts};
use serde_json::Value;

/// Commands that act by an identity, and go no further than that.
const USERS: &[&str] = &[
    "status --policy policy.json --host 127.0.0.1:1 --accept-unprotected",
    "attest --policy policy.json --host 127.0.0.1:1 --accept-unprotected",
    "approve --policy policy.json --host 127.0.0.1:1 --accept-unprotected",
    "run --policy policy.json --host 127.0.0.1:1 --accept-unprotected",
    "withdraw --policy policy.json --host 127.0.0.1:1 --accept-unprotected",
    "upload --policy policy.json --host 127.0.0.1:1 --accept-unprotected /input/globex.csv=runtime",
    "download --policy policy.json --host 127.0.0.1:1 --accept-unprotected /output/overlap.csv -o o",
    "receipt fetch --policy policy.json --host 127.0.0.1:1 --accept-unprotected -o r",
    "policy approve policy.json --any-instance --yes --out approval.jws",
];

fn code(desk: &Desk, line: &str, variables: &[(&str, &str)]) -> String {
    let mut command = desk.command();
    command.arg("--json").args(line.split_whitespace());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let (_, stderr) = texts(&output);
    match stderr.is_empty() {
        true => "done".to_owned(),
        false => {
            let document: Value = serde_json::from_str(&stderr).unwrap();
            document["code"].as_str().unwrap().to_owned()
        }
    }
}

#[test]
fn every_command_that_uses_an_identity_takes_its_passphrase() {
    for line in USERS {
        let desk = Desk::new();
        let line = format!("{line} --identity globex.pem");
        // Signed offline, or nobody there to connect to: with the key, either way.
        let opened = match line.starts_with("policy approve") {
            true => "done",
            false => "VC-0802",
        };
        assert_eq!(code(&desk, &line, &[]), "VC-0861", "{line}");
        let wrong = format!("{line} --passphrase-file other-passphrase");
        assert_eq!(code(&desk, &wrong, &[]), "VC-0862", "{line}");
        let variable = [("VERACRUZ_PASSPHRASE_FILE", "passphrase")];
        assert_eq!(code(&desk, &line, &variable), opened, "{line}");
        // An option goes before the variable.
        assert_eq!(code(&desk, &wrong, &variable), "VC-0862", "{line}");
    }
}

#[test]
fn an_identity_or_a_passphrase_that_others_can_read_is_refused_by_every_command() {
    let desk = Desk::new();
    desk.set_mode("acme.pem", 0o640);
    desk.set_mode("passphrase", 0o644);
    for line in USERS {
        let exposed = format!("{line} --identity acme.pem");
        assert_eq!(code(&desk, &exposed, &[]), "VC-0860", "{line}");
        let passphrase = format!("{line} --identity globex.pem --passphrase-file passphrase");
        assert_eq!(code(&desk, &passphrase, &[]), "VC-0863", "{line}");
    }
    let (_, stderr) = texts(&desk.call("identity show --identity acme.pem"));
    assert!(stderr.contains("`chmod 600`"), "{stderr}");
}

#[test]
fn a_passphrase_comes_through_a_pipe() {
    let desk = Desk::new();
    let script = "echo 'correct horse' | \"$0\" identity passphrase --identity globex.pem \
                  --passphrase-file /dev/stdin --remove";
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_veracruz")])
        .current_dir(desk.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let line = "identity show --identity globex.pem --json";
    let (stdout, _) = texts(&desk.call(line));
    let document: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["passphrase"], false);
}

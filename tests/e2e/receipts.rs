//! Receipts, by their commands: with everything at hand, and two beside each other.

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use veracruz_cli::local::Party;
use veracruz_tests::{World, kill_isolates, refusal};

/// A whole computation at a new instance: everybody's approvals as they were signed.
fn run(world: &World, policy: &Path) -> Vec<PathBuf> {
    // Of an earlier instance, which was killed, the host may not know yet.
    world.launch_again(policy);
    let again = [OsStr::new("--again")];
    let target = world.target(policy);
    let approve = |party: &Party| {
        let answer = party
            .call(&target, &["approve"], &again)
            .expect("an approval");
        let file = party.folder.join("approval.jws");
        std::fs::write(&file, answer["statement"].as_str().unwrap()).unwrap();
        file
    };
    let approvals = world.parties().map(approve).to_vec();
    world.upload_all(policy);
    world.globex.call(&target, &["run"], &[]).expect("a run");
    approvals
}

/// What acme keeps of the run: the receipt and an output.
fn keep(world: &World, policy: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (acme, target) = (&world.acme, world.target(policy));
    let receipt = acme.folder.join(format!("{name}.receipt"));
    let arguments = [OsStr::new("--output"), receipt.as_os_str()];
    acme.call(&target, &["receipt", "fetch"], &arguments)
        .expect("a receipt");
    let output = acme.folder.join(format!("{name}.csv"));
    let arguments = [
        OsStr::new("/output/overlap.csv"),
        OsStr::new("--output"),
        output.as_os_str(),
    ];
    acme.call(&target, &["download"], &arguments)
        .expect("the output");
    (receipt, output)
}

/// A command's document and exit code, whichever that is.
fn answer(world: &World, arguments: &[&OsStr]) -> (Value, Option<i32>) {
    let output = Command::new(&world.executable)
        .arg("--json")
        .args(arguments)
        .output()
        .unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (document, output.status.code())
}

fn assigned(path: &str, file: &Path) -> std::ffi::OsString {
    let mut assigned = std::ffi::OsString::from(path);
    assigned.push("=");
    assigned.push(file);
    assigned
}

#[test]
fn a_receipt_proves_inputs_outputs_and_approvals_at_hand_and_two_of_them_are_compared() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("receipts", |_| {});
    let approvals = run(&world, &policy);
    let (first, output) = keep(&world, &policy, "first");
    let data = world.data.join("acme_airports.csv");
    let word = |text: &'static str| OsStr::new(text);
    let identity = world.acme.identity.as_os_str();
    let by = [
        word("--policy"),
        policy.as_os_str(),
        word("--identity"),
        identity,
    ];

    let (shown, _) = answer(&world, &[word("receipt"), word("show"), first.as_os_str()]);
    assert_eq!(shown["verified"], false);
    assert_eq!(shown["outcome"], "finished");

    // Everything that acme has, and the others' approvals.
    let (input, output) = (
        assigned("/input/acme.csv", &data),
        assigned("/output/overlap.csv", &output),
    );
    let mut arguments = vec![word("receipt"), word("verify"), first.as_os_str()];
    arguments.extend(by);
    arguments.extend([
        word("--input"),
        input.as_os_str(),
        word("--output"),
        output.as_os_str(),
    ]);
    arguments.push(word("--approvals"));
    arguments.extend(approvals.iter().map(|file| file.as_os_str()));
    let verified = world.veracruz(&arguments).expect("all of it holds");
    let said = verified["proved"].to_string();
    for sentence in [
        "went into the run as /input/acme.csv",
        "came out of the run as /output/overlap.csv",
        "lab signed the approval at hand, for this isolate alone",
        "acme signed that it verified this receipt at",
    ] {
        assert!(said.contains(sentence), "{sentence}: {said}");
    }
    assert_eq!(verified["by_the_clock_of"], "acme");
    assert!(
        verified["rests_on"]
            .as_str()
            .unwrap()
            .starts_with("NO hardware")
    );
    let not_proved = verified["not_proved"].to_string();
    assert!(!not_proved.contains("the approvals"), "{not_proved}");

    // Somebody else's data under acme's name.
    let other = assigned("/input/acme.csv", &world.data.join("globex_airports.csv"));
    let mut arguments = vec![word("receipt"), word("verify"), first.as_os_str()];
    arguments.extend(by);
    arguments.extend([word("--input"), other.as_os_str()]);
    let refused = refusal(world.veracruz(&arguments));
    assert!(refused.code.starts_with("VC-06"), "{refused}");

    // The same once more at another instance.
    kill_isolates(&world.deployment.attester_socket);
    run(&world, &policy);
    let (second, again) = keep(&world, &policy, "second");
    let compare = |more: &[&OsStr]| {
        let mut arguments = vec![
            word("receipt"),
            word("compare"),
            first.as_os_str(),
            second.as_os_str(),
        ];
        arguments.extend(by);
        arguments.extend(more);
        answer(&world, &arguments)
    };
    // The ledger opens acme's own input and the outputs; of globex' input nobody here can tell.
    let (found, exit) = compare(&[]);
    assert_eq!(exit, Some(10), "{found}");
    assert_eq!(found["verdict"], "unknown");
    let of = |what: &str, path: &str| {
        let files = found[what].as_array().unwrap();
        let file = files.iter().find(|file| file["path"] == path).unwrap();
        file["found"].as_str().unwrap().to_owned()
    };
    assert_eq!(of("inputs", "/input/acme.csv"), "same");
    assert_eq!(of("inputs", "/input/globex.csv"), "unknown");
    assert_eq!(of("outputs", "/output/overlap.csv"), "same");
    assert_eq!(of("programs", "/program/psi.wasm"), "same");
    // By the file that was downloaded, too.
    let (_, exit) = compare(&[word("--output"), again.as_os_str()]);
    assert_eq!(exit, Some(10));
    let (same, exit) = {
        let mut arguments = vec![
            word("receipt"),
            word("compare"),
            first.as_os_str(),
            first.as_os_str(),
        ];
        arguments.extend(by);
        answer(&world, &arguments)
    };
    assert_eq!(
        (same["verdict"].as_str(), exit),
        (Some("incomparable"), Some(10))
    );
}

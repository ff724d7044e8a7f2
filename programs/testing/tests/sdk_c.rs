//! The example of the SDK for C, built by its own Makefile.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use veracruz_example::{Guest, Tools, assert_holds};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sdk/c/example");
const ANN: &str = "/input/ann.txt";
const BEN: &str = "/input/ben.txt";
const CAT: &str = "/input/cat.txt";

#[test]
fn a_program_in_c_reads_all_parties_files_and_writes() {
    let Some(guest) = guest() else { return };
    let guest = guest.input(ANN, "4200\n3900\n").input(BEN, "5100");
    let guest = guest.input(CAT, "3300\r\n3700\r\n\r\n4400\r\n");
    let mean = guest.run().succeeded().json("/output/mean.json");
    assert_holds(&mean, &serde_json::json!({ "numbers": 6, "mean": 4100 }));
}

#[test]
fn a_malformed_line_is_named_to_its_owner_and_not_shown() {
    for (text, failure) in [
        (
            "5100\nmuch\n",
            ", line 2: `salary` should be a whole number",
        ),
        (" 5100\n", ", line 1: `salary` should be a whole number"),
        (
            "99999999999999999999\n",
            ", line 1: `salary` should be a whole number",
        ),
        ("1\n-1\n", ", line 2: `salary` should be 0 or more"),
        ("1\n2\0\n", ", line 2: has a zero byte"),
        (
            "9223372036854775807\n1\n",
            ", line 2: the sum does not fit 63 bits",
        ),
        ("", ": there is no number in it"),
    ] {
        let Some(guest) = guest() else { return };
        let run = guest.input(ANN, "0\n").input(BEN, text).run();
        let message = format!("{BEN}{failure}\n");
        assert_eq!((run.code, run.stderr.as_str()), (1, message.as_str()));
        assert_eq!(run.text("/report/ben"), message);
        assert!(!run.wrote("/report/ann") && !run.wrote("/output/mean.json"));
    }
}

#[test]
fn an_answer_can_be_withheld() {
    let Some(guest) = guest() else { return };
    let run = guest.input(ANN, "1\n").input(BEN, "2\n").run();
    let message = "no answer, because fewer than 3 parties take part\n";
    assert_eq!((run.code, run.stderr.as_str()), (4, message));
}

/// Builds it first.
fn guest() -> Option<Guest> {
    static IS_BUILT: LazyLock<bool> = LazyLock::new(build);
    if !*IS_BUILT {
        return None;
    }
    let program = Path::new(FOLDER).join("build/mean.wasm");
    Some(Guest::at(Tools::find()?, program))
}

/// Whether it could be built. Where that does not work here, says why.
fn build() -> bool {
    let build = Command::new("make").arg("-C").arg(FOLDER).output();
    match build {
        Ok(output) if output.status.success() => return true,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let missing = ["not found", "cannot open", "No such file"];
            assert!(
                missing.iter().any(|missing| said.contains(missing)),
                "make: {said}"
            );
            println!("skipped: clang for WASI is not installed; programs/sdk/c/README.md says how");
        }
        Err(error) => println!("skipped: make: {error}"),
    }
    false
}

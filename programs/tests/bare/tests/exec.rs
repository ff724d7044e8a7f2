//! A program without the standard library, built by itself: beside others, `std` would be there.

use std::path::{Path, PathBuf};

use veracruz_example::{Guest, Run, Tools, cargo};

#[test]
fn a_program_without_the_standard_library_reads_allocates_and_writes() {
    let Some(guest) = guest() else { return };
    let text = "a".repeat(100_000) + &"b".repeat(99_999);
    let run = guest.input("/input/acme.txt", text).run().succeeded();
    assert_eq!(run.text("/output/most.txt"), "a 100000\n");
}

#[test]
fn its_failure_is_that_of_any_program() {
    let Some(guest) = guest() else { return };
    let run = guest.input("/input/acme.txt", "fine\nfine!\n").run();
    let message = "/input/acme.txt, line 2: should have no `!`\n";
    assert_eq!((run.code, run.stderr.as_str()), (1, message));
    assert_eq!(run.text("/report/acme"), message);
}

#[test]
fn its_panic_is_a_trap_that_tells_nothing() {
    let Some(guest) = guest() else { return };
    let run: Run = guest.input("/input/acme.txt", "why?").run();
    assert_eq!(run.code, 134, "{}", run.stderr);
    assert!(
        run.stderr.starts_with("the program panicked\n"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("assert"), "{}", run.stderr);
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn guest() -> Option<Guest> {
    let tools = Tools::find()?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bare");
    let built = cargo()
        .args([
            "build",
            "--release",
            "--locked",
            "--target",
            "wasm32-wasip1",
        ])
        .args(["--package", "guest-bare", "--target-dir"])
        .arg(&target)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    if said.contains("target may not be installed") {
        println!("skipped: `rustup target add wasm32-wasip1` installs what this is compiled for");
        return None;
    }
    assert!(built.status.success(), "{said}");
    let program: PathBuf = target.join("wasm32-wasip1/release/guest-bare.wasm");
    let bytes = program.metadata().unwrap().len();
    assert!(
        bytes < 64 * 1024,
        "{bytes} bytes: is the standard library in it?"
    );
    Some(Guest::at(tools, program))
}

//! Programs on their way in: what `check` says of any bytes, and of modules and components that are
//! valid but for one changed byte; and that a worker, which asks before it compiles, refuses what the
//! check finds, and nothing else.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use veracruz_intake::{MOST_LISTED, Offer, Problem, before_compiling, check};
use wasm_smith::{Component, Config, Module};

fuzz_target!(|bytes: &[u8]| {
    // The first byte says what the others are: a program as they stand, or how to make one.
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let program = match kind % 4 {
        0 => rest.to_vec(),
        1 => made(rest, |config, source| {
            Module::new(config, source).map(|module| module.to_bytes())
        }),
        2 => made(rest, |config, source| {
            Component::new(config, source).map(|component| component.to_bytes())
        }),
        _ => changed(
            made(rest, |config, source| {
                Module::new(config, source).map(|module| module.to_bytes())
            }),
            rest,
        ),
    };
    look_at(&program);
});

/// A valid program, of all proposals that the generator knows.
fn made(
    bytes: &[u8],
    make: impl FnOnce(Config, &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>>,
) -> Vec<u8> {
    let config = Config {
        max_imports: 20,
        max_memories: 3,
        ..Config::default()
    };
    make(config, &mut Unstructured::new(bytes)).unwrap_or_default()
}

/// One byte of the program is another.
fn changed(mut program: Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    let number = |at: usize| usize::from(bytes.get(at).copied().unwrap_or(0));
    let at = number(0) * 256 + number(1);
    if let Some(length) = std::num::NonZeroUsize::new(program.len())
        && let Some(byte) = program.get_mut(at % length)
    {
        *byte ^= 1 << (number(2) % 8);
    }
    program
}

/// Whatever the bytes are, what is said of them is bounded, and fits itself.
fn look_at(program: &[u8]) {
    let intake = before_compiling(program);
    let Ok(report) = check(program) else { return };
    match &intake {
        Ok(kind) => assert_eq!(*kind, report.kind),
        Err(unfit) => assert!(!report.fits(), "refused, though it fits: {unfit}"),
    }
    // Bodies of functions, and how often a module is instantiated, are seen while compiling.
    let seen_later =
        |problem: &Problem| matches!(problem, Problem::Proposal { .. } | Problem::TooMany { .. });
    assert!(
        intake.is_err() || report.problems.iter().all(seen_later),
        "accepted, though it does not fit: {:?}",
        report.problems
    );
    for listed in [
        report.imports.len(),
        report.memories.len(),
        report.tables.len(),
        report.problems.len(),
    ] {
        assert!(listed <= MOST_LISTED);
    }
    let missing = report
        .imports
        .iter()
        .any(|import| !matches!(import.offer, Offer::Offered | Offer::Trap));
    assert!(
        !(report.fits() && missing),
        "it runs without what it imports"
    );
    assert!(!report.fits() || report.proposals.iter().all(|proposal| proposal.on));
}

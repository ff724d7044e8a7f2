//! Programs on their way in: what `check` says of any bytes, and of modules and components that are
//! valid but for one changed byte. The isolate's own intake validates by the same tables.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use veracruz_engine::check::{MOST_LISTED, Offer, check};
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
    let Ok(report) = check(program) else { return };
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

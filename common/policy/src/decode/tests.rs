//! The reference for users and the decoders name the same fields.

use veracruz_catalogue::{Area, ErrorCode};

use super::{
    object::Fields,
    tables::{
        APPROVAL, AZURE_VTPM, CCA, EXECUTION, FILE, ISOLATES, MICROVM, NITRO, PARTICIPANT, POLICY,
        PROCESS, PSA, SEV_SNP, SGX, SNP_TCB, STAGE, STAGE_LIMITS, TCB_EXCEPTION, TDX, TPM,
        VERIFIER,
    },
};

const REFERENCE: &str = include_str!("../../../../docs/reference/policy.md");

/// The section of the reference with that heading.
fn section(heading: &str) -> &'static str {
    let (_, rest) = REFERENCE
        .split_once(&alloc::format!("{heading}\n"))
        .unwrap();
    let end = rest.find("\n#").unwrap_or(rest.len());
    rest.get(..end).unwrap()
}

/// Is there a row of a table whose first cell has the name and whose last one the word?
fn has_row(section: &str, name: &str, word: &str) -> bool {
    section.lines().any(|line| {
        let mut cells = line.trim_matches('|').split(" | ");
        let first = cells.next().unwrap_or_default();
        first.contains(&alloc::format!("`{name}`"))
            && cells.last().is_some_and(|cell| cell.contains(word))
    })
}

#[test]
fn the_reference_has_every_field_and_says_whether_it_is_supported() {
    let sections: [(&str, &Fields); 20] = [
        ("## The policy's fields", &POLICY),
        ("## Participants", &PARTICIPANT),
        ("## Files", &FILE),
        ("## Stages", &STAGE),
        ("### Limits", &STAGE_LIMITS),
        ("## Isolates", &ISOLATES),
        ("### `process`", &PROCESS),
        ("### `microvm`", &MICROVM),
        ("### `sgx`", &SGX),
        ("### `tdx`", &TDX),
        ("### An exception to the TCB", &TCB_EXCEPTION),
        ("### `sev-snp`", &SEV_SNP),
        ("### `minimum_tcb`", &SNP_TCB),
        ("### `nitro`", &NITRO),
        ("### `cca`", &CCA),
        ("### `psa`", &PSA),
        ("### `tpm`", &TPM),
        ("### `azure-vtpm`", &AZURE_VTPM),
        ("## Approval", &APPROVAL),
        ("## Verifiers", &VERIFIER),
    ];
    for (heading, fields) in sections {
        let section = section(heading);
        for name in fields.known {
            assert!(has_row(section, name, "yes"), "{heading}: {name}");
        }
        for name in fields.later {
            assert!(has_row(section, name, "later"), "{heading}: {name}");
        }
    }
    let execution = section("## Execution");
    for name in EXECUTION
        .known
        .iter()
        .filter(|name| !STAGE_LIMITS.known.contains(name))
    {
        assert!(has_row(execution, name, "yes"), "{name}");
    }
}

#[test]
fn the_reference_names_every_warning() {
    let codes = Area::Policy.codes();
    for code in codes.filter(|code| *code >= ErrorCode::WarnInputNotUsed) {
        assert!(REFERENCE.contains(code.as_str()), "{code}");
    }
}

//! Every object of the format: its fields from the decoder's tables, and the kind of each.
//!
//! A field of a table without a kind here is `false`, which nothing satisfies: a test finds it.

use super::{
    Members, closed, count, describe, number, object, text,
    types::{
        any_of, array, boolean, distinct, integer, limit, map, one_or_more, policy_name, reference,
        size, string, verifier_name, words,
    },
};
use crate::{
    MAX_ADVISORIES, MAX_ARG_BYTES, MAX_ARGS, MAX_ENV, MAX_FILE_BYTES, MAX_FILES, MAX_PARTICIPANTS,
    MAX_QUORUM, MAX_RIGHTS, MAX_RUNS, MAX_STAGES, MAX_VERIFIERS, TcbStatus,
    decode::{Fields, LIMIT_FIELDS, tables},
    json::Value,
};

/// Nothing satisfies it.
const NOTHING: Value = Value::Bool(false);

pub(super) fn policy() -> Members {
    let required = [
        "veracruz",
        "name",
        "participants",
        "files",
        "pipeline",
        "isolates",
    ];
    closed(
        "## The policy's fields",
        &tables::POLICY,
        &required,
        |field| match field {
            "veracruz" => object(alloc::vec![("const", number(1))]),
            "name" => policy_name(),
            "description" => reference("prose"),
            "participants" => map(reference("name"), participant(), 1, MAX_PARTICIPANTS),
            "files" => map(file_path(), file(), 1, MAX_FILES),
            "pipeline" => array(stage(), 1, MAX_STAGES),
            "execution" => execution(),
            "isolates" => isolates(),
            "unprotected" => boolean(),
            "approval" => approval(),
            "expires" => reference("time"),
            "verifiers" => array(verifier(), 1, MAX_VERIFIERS),
            "quorum" => distinct(words(tables::ISOLATES.known), 2, MAX_QUORUM),
            _ => NOTHING,
        },
    )
}

fn participant() -> Value {
    object(closed(
        "## Participants",
        &tables::PARTICIPANT,
        &["certificate"],
        |field| match field {
            "certificate" => reference("certificate"),
            "description" => reference("prose"),
            "trust" => words(&["connection", "verifier"]),
            _ => NOTHING,
        },
    ))
}

/// A path that is not reserved.
fn file_path() -> Value {
    object(alloc::vec![
        ("$ref", text("#/$defs/path")),
        ("pattern", text("^(?!/report(/|$))")),
    ])
}

fn file() -> Value {
    object(closed(
        "## Files",
        &tables::FILE,
        &[],
        |field| match field {
            "provider" => reference("name"),
            "receivers" => reference("names"),
            "sha256" => reference("digests"),
            "max_bytes" => size(0, MAX_FILE_BYTES),
            "intermediate" => boolean(),
            "description" => reference("prose"),
            _ => NOTHING,
        },
    ))
}

fn stage() -> Value {
    object(closed(
        "## Stages",
        &tables::STAGE,
        &["program"],
        |field| match field {
            "program" | "if_exists" | "stdin" | "stdout" | "stderr" => reference("path"),
            "args" => array(argument(), 0, MAX_ARGS),
            "env" => {
                let name = string(&[("pattern", text("^[A-Za-z_][A-Za-z0-9_]{0,254}$"))]);
                map(name, argument(), 0, MAX_ENV)
            }
            "read" | "write" => distinct(reference("pattern"), 0, MAX_RIGHTS),
            "exit_code" | "trap" => reference("names"),
            "limits" => object(closed("", &tables::STAGE_LIMITS, &[], limit_of)),
            "description" => reference("prose"),
            _ => NOTHING,
        },
    ))
}

/// A text that a program gets.
fn argument() -> Value {
    string(&[
        ("maxLength", count(MAX_ARG_BYTES)),
        ("pattern", text(r"^[^\u0000]*$")),
    ])
}

fn execution() -> Value {
    object(closed(
        "## Execution",
        &tables::EXECUTION,
        &[],
        |field| match field {
            "strategy" => words(&["compiled", "interpreted"]),
            "random" => words(&["seeded"]),
            "clock" => words(&["fixed"]),
            "nan" => words(&["native", "canonical"]),
            limit => limit_of(limit),
        },
    ))
}

fn limit_of(name: &str) -> Value {
    let field = LIMIT_FIELDS.iter().find(|field| field.name == name);
    field.map_or(NOTHING, |field| {
        describe::field("### Limits", name, limit(field))
    })
}

fn approval() -> Value {
    object(closed(
        "## Approval",
        &tables::APPROVAL,
        &[],
        |field| match field {
            "required" | "run_by" => reference("names"),
            "runs" => integer(1, MAX_RUNS.into()),
            "approve" => words(&["each-run", "once"]),
            _ => NOTHING,
        },
    ))
}

fn verifier() -> Value {
    let required = ["name", "ca", "ear_key"];
    object(closed(
        "## Verifiers",
        &tables::VERIFIER,
        &required,
        |field| match field {
            "name" => verifier_name(),
            "ca" => reference("certificate"),
            "ear_key" => reference("key"),
            _ => NOTHING,
        },
    ))
}

fn isolates() -> Value {
    let mut members = closed("", &tables::ISOLATES, &[], |name| {
        describe::section(&alloc::format!("### `{name}`"), isolate(name))
    });
    members.push(("minProperties", number(1)));
    object(members)
}

fn isolate(kind: &str) -> Value {
    match kind {
        "process" => vouched("### `process`", &tables::PROCESS, "runtime"),
        "microvm" => vouched("### `microvm`", &tables::MICROVM, "image"),
        "sgx" => sgx(),
        "tdx" => tdx(&["mrtd", "rtmr1", "rtmr2"]),
        "sev-snp" => sev_snp(),
        "nitro" => nitro(),
        "cca" => cca(),
        "psa" => psa(),
        "tpm" => tpm(),
        "azure-vtpm" => azure_vtpm(),
        _ => NOTHING,
    }
}

/// A kind that a software root of trust vouches for.
fn vouched(heading: &str, fields: &Fields, measured: &'static str) -> Value {
    let required = [measured, "attesters"];
    object(closed(heading, fields, &required, |_| reference("digests")))
}

fn sgx() -> Value {
    hardware(
        "### `sgx`",
        &tables::SGX,
        &["mrenclave"],
        16,
        |field| match field {
            "mrenclave" => reference("measurements256"),
            "minimum_isv_svn" => integer(0, u16::MAX.into()),
            "tcb_exceptions" => tcb_exceptions(),
            _ => NOTHING,
        },
    )
}

fn tdx(required: &[&str]) -> Value {
    hardware(
        "### `tdx`",
        &tables::TDX,
        required,
        16,
        |field| match field {
            "mrtd" | "rtmr0" | "rtmr1" | "rtmr2" | "rtmr3" => reference("measurements384"),
            "tcb_exceptions" => tcb_exceptions(),
            _ => NOTHING,
        },
    )
}

fn tcb_exceptions() -> Value {
    let heading = "### An exception to the TCB";
    let exception = closed(
        heading,
        &tables::TCB_EXCEPTION,
        &["status"],
        |field| match field {
            "status" => {
                let names: alloc::vec::Vec<_> =
                    TcbStatus::ALL.iter().map(|one| one.name()).collect();
                words(&names)
            }
            "advisories" => {
                let advisory = string(&[("pattern", text("^INTEL-SA-[0-9]{5}$"))]);
                distinct(advisory, 0, MAX_ADVISORIES)
            }
            _ => NOTHING,
        },
    );
    array(object(exception), 1, TcbStatus::ALL.len())
}

fn sev_snp() -> Value {
    hardware(
        "### `sev-snp`",
        &tables::SEV_SNP,
        &["measurement"],
        64,
        |field| match field {
            "measurement" => reference("measurements384"),
            "minimum_tcb" => {
                let level = |_: &str| integer(0, u8::MAX.into());
                object(closed("### `minimum_tcb`", &tables::SNP_TCB, &[], level))
            }
            "vmpl" => integer(0, 3),
            "signing_key" => words(&["vcek", "vlek", "any"]),
            _ => NOTHING,
        },
    )
}

fn nitro() -> Value {
    let required = ["pcr0", "pcr1", "pcr2", "any_chip"];
    object(closed(
        "### `nitro`",
        &tables::NITRO,
        &required,
        |field| match field {
            "any_chip" => object(alloc::vec![("const", Value::Bool(true))]),
            _ => reference("measurements384"),
        },
    ))
}

fn cca() -> Value {
    let required = [
        "rim",
        "platform_keys",
        "implementation_ids",
        "platform_software",
    ];
    hardware(
        "### `cca`",
        &tables::CCA,
        &required,
        33,
        |field| match field {
            "rim" | "rem0" | "rem1" | "rem2" | "rem3" | "platform_software" => {
                reference("measurements")
            }
            "platform_keys" => reference("keys"),
            "implementation_ids" => reference("digests"),
            _ => NOTHING,
        },
    )
}

fn psa() -> Value {
    let required = ["software", "keys", "implementation_ids"];
    hardware(
        "### `psa`",
        &tables::PSA,
        &required,
        33,
        |field| match field {
            "software" => reference("measurements"),
            "keys" => reference("keys"),
            "implementation_ids" => reference("digests"),
            _ => NOTHING,
        },
    )
}

fn tpm() -> Value {
    let mut members = closed("### `tpm`", &tables::TPM, &["pcrs"], |field| match field {
        "pcrs" => pcrs(),
        "aks" | "ak_roots" | "ek_roots" => reference("digests"),
        _ => NOTHING,
    });
    members.push(one_of_these(&["aks", "ak_roots", "ek_roots"]));
    object(members)
}

fn azure_vtpm() -> Value {
    let heading = "### `azure-vtpm`";
    let mut members = closed(
        heading,
        &tables::AZURE_VTPM,
        &["pcrs"],
        |field| match field {
            "pcrs" => pcrs(),
            "sev-snp" => sev_snp(),
            "tdx" => tdx(&["mrtd"]),
            _ => NOTHING,
        },
    );
    members.push(one_of_these(&["sev-snp", "tdx"]));
    object(members)
}

fn pcrs() -> Value {
    let index = string(&[("pattern", text("^([0-9]|1[0-9]|2[0-3])$"))]);
    map(index, reference("measurements256"), 1, 24)
}

/// At least one of these fields is there.
fn one_of_these(fields: &[&'static str]) -> (&'static str, Value) {
    let each = fields
        .iter()
        .map(|field| object(alloc::vec![("required", super::list([text(*field)]))]));
    ("anyOf", super::list(each))
}

/// A kind of isolate that names chips with ids of so many bytes, or says that any will do.
fn hardware(
    heading: &str,
    fields: &crate::decode::Fields,
    required: &[&str],
    id_bytes: usize,
    schema: impl Fn(&str) -> Value,
) -> Value {
    let mut members = closed(heading, fields, required, |field| match field {
        "chip_ids" => {
            let digits = id_bytes.saturating_mul(2);
            let pattern = alloc::format!("^(?!0*$)[0-9a-f]{{{digits}}}$");
            one_or_more(string(&[("pattern", text(pattern))]))
        }
        "any_chip" => boolean(),
        field => schema(field),
    });
    let says = |field: &'static str, other: &'static str, value: Value| {
        object(alloc::vec![
            ("required", super::list([text(field)])),
            ("properties", object(alloc::vec![(other, value)])),
        ])
    };
    let any = object(alloc::vec![
        ("required", super::list([text("any_chip")])),
        (
            "properties",
            object(alloc::vec![
                (
                    "any_chip",
                    object(alloc::vec![("const", Value::Bool(true))])
                ),
                ("chip_ids", NOTHING),
            ])
        ),
    ]);
    let is_false = object(alloc::vec![("const", Value::Bool(false))]);
    let named = says("chip_ids", "any_chip", is_false);
    let Value::Object(either) = any_of([named, any]) else {
        return NOTHING;
    };
    for member in either {
        members.push(("anyOf", member.node.value));
    }
    object(members)
}

//! `receipt show`: what a receipt claims.

use super::held::parse;
use crate::args::ReceiptShowArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Display;
use veracruz_client::{KeptReceipt, ReceiptPayload};

/// Says loudly that nothing of it was verified.
pub(super) fn show(arguments: &ReceiptShowArgs) -> Result<Report, CliError> {
    let receipt = parse(&KeptReceipt::at(&arguments.receipt).read()?)?;
    let payload = receipt.unverified_payload();
    let technology = receipt.evidence().technology().to_string();
    let mut document = document(payload);
    document.insert("verified".into(), false.into());
    document.insert("evidence".into(), technology.as_str().into());
    Ok(Report::new(document.into())
        .line("NOTHING HERE IS VERIFIED. This is what the receipt claims; anyone can write such a file.")
        .line(String::new())
        .line(format!("policy       {}", payload.policy))
        .line(format!("instance     {}", payload.instance))
        .line(format!("run          {}, which {}", payload.run, payload.outcome))
        .line(format!("runtime      {}", payload.measurement))
        .line(format!("evidence     {technology}"))
        .lines(table("approval of", &payload.approvals))
        .lines(table("program", &payload.programs))
        .lines(table("input", &payload.inputs).map(committed))
        .lines(table("output", &payload.outputs).map(committed))
        .line(format!("randomness   commitment {}", payload.randomness))
        .line(format!(
            "resources    at most {} ms, {} ms of processors, {} MiB",
            payload.resources.wall_ms(),
            payload.resources.cpu_ms(),
            payload.resources.memory_bytes() >> 20
        ))
        .line(String::new())
        .line("`veracruz receipt verify` says what of it is proved, by your own copy of the policy."))
}

fn table<K: Display, V: Display>(
    what: &str,
    entries: &BTreeMap<K, V>,
) -> impl Iterator<Item = String> {
    entries
        .iter()
        .map(move |(key, value)| format!("{what:<12} {key}  {value}"))
}

/// A commitment is no digest of the contents, though it looks like one.
fn committed(line: String) -> String {
    line + " (commitment)"
}

/// The same for programs.
fn document(payload: &ReceiptPayload) -> Map<String, Value> {
    fn texts<K: Display, V: Display>(entries: &BTreeMap<K, V>) -> Map<String, Value> {
        let texts = entries.iter();
        texts
            .map(|(key, value)| (key.to_string(), value.to_string().into()))
            .collect()
    }
    let document = json!({
        "version": 1,
        "policy": payload.policy.to_string(),
        "instance": payload.instance.to_string(),
        "run": payload.run,
        "outcome": payload.outcome.to_string(),
        "measurement": payload.measurement.to_string(),
        "approvals": texts(&payload.approvals),
        "programs": texts(&payload.programs),
        "input_commitments": texts(&payload.inputs),
        "output_commitments": texts(&payload.outputs),
        "randomness_commitment": payload.randomness.to_string(),
        "resources": {
            "wall_ms": payload.resources.wall_ms(),
            "cpu_ms": payload.resources.cpu_ms(),
            "memory_bytes": payload.resources.memory_bytes(),
        },
    });
    match document {
        Value::Object(document) => document,
        _ => Map::new(),
    }
}

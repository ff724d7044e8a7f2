//! Three attacks, each refused with its reason.

use super::liar::{Liar, upload_unchecked};
use super::narrate::Narrator;
use super::{Stage, assignment, text};
use crate::error::CliError;
use crate::local::{LocalError, Refusal, Target};
use serde_json::Value;
use std::ffi::OsStr;

/// Plays all of them, in the order in which they would cost most.
pub(super) fn all(stage: &Stage, narrator: &mut Narrator) -> Result<(), CliError> {
    swapped_policy(stage, narrator)?;
    // The other two need a computation that is still open.
    let policy = stage.draft("airports-under-attack", |_| {})?;
    stage.deployment.launch(&policy)?;
    let target = stage.target(&policy);
    for party in stage.parties() {
        party.call(&target, &["approve"], &[])?;
    }
    swapped_program(stage, &target, narrator)?;
    others_input(stage, &target, narrator)
}

/// The host starts an isolate with another policy than the one that the participants read, and
/// leads them to it.
fn swapped_policy(stage: &Stage, narrator: &mut Narrator) -> Result<(), CliError> {
    narrator.step("Attack: the host swaps the policy after they read it");
    let read = stage.draft("airports-as-read", |_| {})?;
    let swapped = stage.draft("airports-as-swapped", |policy| {
        let file = policy.pointer_mut("/files/~1output~1overlap.csv/receivers");
        if let Some(receivers) = file {
            *receivers = serde_json::json!(["acme", "globex", "lab"]);
        }
    })?;
    let liar = Liar::start(&stage.isolates, &stage.deployment.attester_socket, &swapped)?;
    narrator.says(
        "host",
        "starts a genuine isolate whose policy gives the result to lab as well",
    );
    let target = Target {
        policy: &read,
        host: liar.address(),
    };
    let refusal = refused("VC-0206", stage.acme.call(&target, &["attest"], &[]))?;
    narrator.says(
        "isolate",
        "has another policy than the one whose name acme dials, and ends the handshake",
    );
    narrator.says("acme", &format!("has sent nothing: {refusal}"));
    Ok(())
}

/// The program's provider uploads another program than the one that everybody agreed on.
fn swapped_program(
    stage: &Stage,
    target: &Target<'_>,
    narrator: &mut Narrator,
) -> Result<(), CliError> {
    narrator.step("Attack: lab provides another program than the pinned one");
    let mut program =
        std::fs::read(&stage.program).map_err(|source| CliError::file(&stage.program, source))?;
    // A custom section is no code: the program does the same, and is another one all the same.
    program.extend_from_slice(&[0, 2, 1, b'x']);
    let other = stage.lab.folder.join("other.wasm");
    std::fs::write(&other, program).map_err(|source| CliError::file(&other, source))?;
    // Its own client would refuse, so it uses one that checks nothing.
    let uploaded = upload_unchecked(&stage.lab, target, "/program/psi.wasm", &other);
    let refusal = refused("VC-0412", uploaded)?;
    narrator.says("isolate", &format!("refused: {refusal}"));
    Ok(())
}

/// A data provider asks for the other's input.
fn others_input(
    stage: &Stage,
    target: &Target<'_>,
    narrator: &mut Narrator,
) -> Result<(), CliError> {
    narrator.step("Attack: acme asks for the list of globex");
    let upload = assignment("/input/globex.csv", &stage.data.join("globex_airports.csv"));
    stage.globex.call(target, &["upload"], &[&upload])?;
    let stolen = stage.acme.folder.join("stolen.csv");
    let arguments = [
        OsStr::new("/input/globex.csv"),
        OsStr::new("--output"),
        stolen.as_os_str(),
    ];
    let refusal = refused(
        "VC-0404",
        stage.acme.call(target, &["download"], &arguments),
    )?;
    narrator.says("isolate", &format!("refused: {refusal}"));
    if stolen.exists() {
        return Err(CliError::demo("no file to be written", &stolen.display()));
    }
    Ok(())
}

/// The refusal with the code that is expected; that there is none, or another, is the demo's failure.
pub(super) fn refused(code: &str, outcome: Result<Value, LocalError>) -> Result<Refusal, CliError> {
    match outcome {
        Err(LocalError::Refused(refusal)) if refusal.code == code => Ok(refusal),
        Err(other) => Err(other.into()),
        Ok(document) => Err(CliError::demo("a refusal", &text(&document, "file"))),
    }
}

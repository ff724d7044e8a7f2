//! `veracruz policy approve`: signing offline.

use super::load;
use crate::args::PolicyApproveArgs;
use crate::commands::identity;
use crate::error::CliError;
use crate::output::{Format, Report};
use dialoguer::Confirm;
use serde_json::json;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use veracruz_client::{
    ApprovalTerms, Error, FilePath, Ledger, Policy, Sha256, Timestamp, approval_jws,
    check_approval, named_programs, now, read_bounded, write_approval,
};
use veracruz_policy::{InstanceId, Participant, QuorumMember, QuorumSet, Section};
use veracruz_protocol::Instances;

/// Shows what is approved, asks, signs.
pub(super) fn approve(arguments: &PolicyApproveArgs, format: Format) -> Result<Report, CliError> {
    let policy = load(&arguments.file.policy)?;
    let identity = identity::load(&arguments.identity)?;
    let key = identity.key();
    let participant = policy
        .participant_by_key(&key)
        .ok_or(Error::NotAParticipant { key })?;
    let now = now();
    let terms = terms(arguments, &policy, now)?;
    let shown = shown(&policy, participant, &terms);
    // It is signed before anybody is asked, so that nobody says yes to what cannot be signed.
    let jws = approval_jws(&policy, &identity, terms, now)?;
    let statement =
        check_approval(&policy, &jws).map_err(|flaw| Error::ApprovalTerms(Box::new(flaw)))?;
    if format == Format::Text {
        // Where the statement is printed, only the statement is.
        let _ = write!(std::io::stderr(), "{shown}");
    }
    let ledger = Ledger::beside(&arguments.identity.identity);
    foresee(arguments, &policy, &ledger)?;
    if !arguments.yes {
        ask(participant)?;
    }
    ledger.note_approval(&statement, arguments.again, now)?;
    ledger.note_name(&policy)?;
    if let Some(path) = &arguments.out {
        write_approval(path, &jws, arguments.force)?;
    }
    let document = json!({
        "participant": participant.name.as_str(),
        "policy": policy.hash().to_string(),
        "statement": jws,
        "claims": statement,
        "file": arguments.out,
    });
    let report = Report::new(document);
    Ok(match &arguments.out {
        None => report.line(jws),
        Some(path) => report
            .line(format!(
                "signed as {}: {}",
                participant.name,
                path.display()
            ))
            .line("anybody can carry it there: `veracruz approve --statement FILE`"),
    })
}

/// Nobody is asked about what would be refused afterwards.
fn foresee(
    arguments: &PolicyApproveArgs,
    policy: &Policy,
    ledger: &Ledger,
) -> Result<(), CliError> {
    let taken = |path: &&PathBuf| !arguments.force && path.exists();
    if let Some(path) = arguments.out.as_ref().filter(taken) {
        return Err(Error::DestinationExists { path: path.clone() }.into());
    }
    if !arguments.again {
        for instance in &arguments.instances {
            ledger.check_instance(&policy.hash(), instance)?;
        }
    }
    Ok(())
}

fn terms(
    arguments: &PolicyApproveArgs,
    policy: &Policy,
    now: Timestamp,
) -> Result<ApprovalTerms, CliError> {
    let mut meant = Vec::new();
    for program in &arguments.programs {
        let path = FilePath::parse(&program.path).map_err(|_| {
            CliError::argument("a path of the policy, as /program/a", &program.path)
        })?;
        meant.push((path, Sha256::of(&read_bounded(&program.file)?)));
    }
    let instances = match arguments.any_instance {
        true => Instances::Any,
        false if policy.quorum().is_empty() => Instances::These(arguments.instances.clone()),
        false => quorum(policy, &arguments.instances)?,
    };
    let until = now.seconds().saturating_add(arguments.valid.0);
    let until = arguments.expires.unwrap_or(Timestamp::from_seconds(until));
    let pinned = policy
        .programs()
        .all(|path| policy.file(path).is_some_and(|file| file.is_pinned()));
    let programs = match instances {
        // It is refused for that, not for a program that nobody could name here.
        Instances::Any if !pinned => Vec::new(),
        _ => named_programs(policy, &meant)?,
    };
    Ok(ApprovalTerms::until(
        policy, instances, programs, until, now,
    ))
}

/// The isolates of a quorum, in the order of its kinds, as `veracruz attest` shows them.
fn quorum(policy: &Policy, instances: &[InstanceId]) -> Result<Instances, CliError> {
    let kinds = policy.quorum().iter();
    let members: Vec<_> = instances
        .iter()
        .zip(kinds)
        .map(|(instance, kind)| QuorumMember {
            instance: *instance,
            kind: *kind,
        })
        .collect();
    let whole = instances.len() == members.len() && QuorumSet::new(policy, &members).is_ok();
    if !whole {
        let names: Vec<_> = policy.quorum().iter().map(|kind| kind.name()).collect();
        let expected = format!(
            "one --instance for each of {}, in this order",
            names.join(", ")
        );
        return Err(CliError::argument(&expected, &instances.len()));
    }
    Ok(Instances::Quorum(members))
}

/// What the signature means: the policy in short from this participant's point of view, what nobody
/// should miss, and the statement's own terms.
fn shown(policy: &Policy, participant: &Participant, terms: &ApprovalTerms) -> String {
    let mut explanation = policy.explain(Some(participant));
    let own = format!("For {}", participant.name);
    let short = |section: &Section| section.title == "In short" || section.title == own;
    for section in &mut explanation.sections {
        if !short(section) {
            section.sentences.retain(|sentence| sentence.caution);
        }
    }
    explanation
        .sections
        .retain(|section| !section.sentences.is_empty());
    let mut text = format!("{explanation}\nYou approve, as {}:\n", participant.name);
    let mut add = |line: String| text.push_str(&format!("  {line}\n"));
    add(format!("the policy {}", policy.hash()));
    match &terms.instances {
        Instances::Any => add(
            "at every isolate of it, now and later: each counts runs for itself, and the host can \
             start as many as it likes"
                .into(),
        ),
        Instances::These(list) => {
            for instance in list {
                add(format!("at instance {instance}"));
            }
        }
        Instances::Quorum(members) => {
            for member in members {
                add(format!(
                    "at instance {}, of the kind {}",
                    member.instance, member.kind
                ));
            }
        }
    }
    for program in &terms.programs {
        add(format!(
            "with {} of SHA-256 {}",
            program.path, program.sha256
        ));
    }
    add(format!("until {}", terms.expires));
    text
}

fn ask(participant: &Participant) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() {
        let found = "no terminal to ask on";
        return Err(CliError::argument("--yes", &found));
    }
    let question = format!("Sign this as {}?", participant.name);
    let answer = Confirm::new().with_prompt(question).default(false);
    match answer.interact() {
        Ok(true) => Ok(()),
        _ => Err(CliError::argument("yes", &"no: nothing was signed")),
    }
}

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
    ApprovalTerms, Error, FilePath, Ledger, Policy, Sha256, Timestamp, approval_statement,
    named_programs, now, read_bounded, sign_approval, write_approval,
};
use veracruz_policy::{InstanceId, Participant, QuorumMember, QuorumSet, Section};
use veracruz_protocol::{ApprovalStatement, Instances};

/// The exit code where the person said no, which is no error.
const DECLINED: u8 = 9;

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
    // What no isolate would take is refused before anybody is asked to agree to it.
    let statement = approval_statement(&policy, &identity, terms, now)?;
    let ledger = Ledger::beside(&arguments.identity.identity);
    foresee(arguments, &policy, &ledger)?;
    if format == Format::Text || !arguments.yes {
        // Beside the statement, which may be printed: nothing else is.
        let _ = write!(
            std::io::stderr(),
            "{}",
            shown(&policy, participant, &statement)
        );
    }
    if !arguments.yes && !ask(participant)? {
        let document = json!({ "participant": participant.name.as_str(), "statement": null });
        let report = Report::new(document).line("nothing was signed");
        return Ok(report.ending_with(DECLINED));
    }
    let jws = sign_approval(&identity, &statement)?;
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
fn shown(policy: &Policy, participant: &Participant, statement: &ApprovalStatement) -> String {
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
    match &statement.instances {
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
    for program in &statement.programs {
        add(format!(
            "with {} of SHA-256 {}",
            program.path, program.sha256
        ));
    }
    add(format!("until {}", Timestamp::from_seconds(statement.exp)));
    text
}

/// Whether the person at the terminal says yes.
fn ask(participant: &Participant) -> Result<bool, CliError> {
    if !std::io::stdin().is_terminal() {
        let found = "no terminal to ask on";
        return Err(CliError::argument("--yes", &found));
    }
    let question = format!("Sign this as {}?", participant.name);
    let answer = Confirm::new().with_prompt(question).default(false);
    // Whoever breaks off has not said yes.
    Ok(answer.interact().unwrap_or(false))
}

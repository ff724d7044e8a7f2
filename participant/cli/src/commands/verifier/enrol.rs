//! `verifier enroll`, `list` and `revoke`: what an administrator decides, while the service runs.

use super::{folder, service};
use crate::args::{VerifierEnrollArgs, VerifierListArgs, VerifierRevokeArgs};
use crate::commands::computation::block_on;
use crate::commands::policy;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use std::path::Path;
use veracruz_client::{
    Collateral, CollateralStore, FileAppraisal, Policy, PolicyHash, now, read_bounded,
};
use veracruz_policy::KeyDigest;
use veracruz_verifier::{Attester, Audited, Enrolment, ReferencePolicy};

/// `verifier enroll`.
pub(crate) fn enroll(arguments: &VerifierEnrollArgs) -> Result<Report, CliError> {
    if let Some(path) = &arguments.policy {
        let policy = policy::load(path)?;
        return block_on(enrol_policy(arguments, &policy));
    }
    let (Some(attester), Some(name)) = (arguments.attester, &arguments.name) else {
        return Err(CliError::argument("--attester with --name", &"neither"));
    };
    let evidence = match &arguments.evidence {
        Some(path) => Some(native(path, arguments.collateral.as_deref(), attester)?),
        None => None,
    };
    let enrolment = Enrolment {
        attester,
        name: name.clone(),
        evidence,
    };
    block_on(enrol(arguments, &enrolment))
}

async fn enrol(arguments: &VerifierEnrollArgs, enrolment: &Enrolment) -> Result<Report, CliError> {
    let database = folder::database(&arguments.folder).await?;
    database.enrol(enrolment, now()).await.map_err(service)?;
    let by = enrolment
        .evidence
        .as_deref()
        .unwrap_or("your word, and nothing else");
    let document = json!({
        "attester": enrolment.attester.to_string(),
        "name": enrolment.name,
        "evidence": enrolment.evidence,
    });
    Ok(Report::new(document)
        .line(format!(
            "enrolled {} ({})",
            enrolment.attester, enrolment.name
        ))
        .line(format!("by {by}"))
        .line("it vouches for isolates of policies that name it, and of no others"))
}

async fn enrol_policy(arguments: &VerifierEnrollArgs, policy: &Policy) -> Result<Report, CliError> {
    let database = folder::database(&arguments.folder).await?;
    database
        .store_policy(policy, now())
        .await
        .map_err(service)?;
    let document = json!({ "policy": policy.hash().to_string(), "name": policy.name() });
    Ok(Report::new(document).line(format!(
        "evidence without a policy is held against {} ({}) too",
        policy.hash(),
        policy.name()
    )))
}

/// What evidence of the attester's own machine says, in words. It must be bound to the attester's
/// key: whoever has that machine, and no other, could make it.
fn native(path: &Path, collateral: Option<&Path>, attester: KeyDigest) -> Result<String, CliError> {
    let evidence = read_bounded(path)?;
    let collateral = match collateral {
        Some(folder) => CollateralStore::at(folder).load()?,
        None => Collateral::none(),
    };
    let refused = |found: String| CliError::argument("good evidence of that machine", &found);
    let verdict = FileAppraisal {
        evidence: &evidence,
        technology: None,
        collateral,
        reference: None,
        report_data: Some(attester.as_bytes()),
        launch_policy: None,
        now: now(),
    }
    .judge()
    .map_err(|error| refused(error.to_string()))?;
    if !verdict.bound {
        return Err(refused(
            "evidence that is not bound to the attester's key".into(),
        ));
    }
    let examined = &verdict.examined;
    Ok(format!(
        "genuine evidence of technology {} with measurement {}, bound to this key",
        examined.technology(),
        examined.measurement()
    ))
}

/// `verifier list`.
pub(crate) fn list(arguments: &VerifierListArgs) -> Result<Report, CliError> {
    let (attesters, policies, verdicts) = block_on(async {
        let database = folder::database(&arguments.folder).await?;
        let attesters = database.attesters().await.map_err(service)?;
        let policies = database.policies().await.map_err(service)?;
        let verdicts = database.verdicts(arguments.verdicts).await;
        Ok((attesters, policies, verdicts.map_err(service)?))
    })?;
    let document = json!({
        "attesters": attesters.iter().map(attester_json).collect::<Vec<_>>(),
        "policies": policies.iter().map(policy_json).collect::<Vec<_>>(),
        "verdicts": verdicts.iter().map(verdict_json).collect::<Vec<_>>(),
    });
    let empty = attesters.is_empty() && policies.is_empty() && verdicts.is_empty();
    let nothing = empty.then(|| "nothing is enrolled, and no verdict was given".to_owned());
    Ok(Report::new(document)
        .lines(nothing)
        .lines(attesters.iter().map(attester_line))
        .lines(policies.iter().map(policy_line))
        .lines(verdicts.iter().map(verdict_line)))
}

fn attester_json(attester: &Attester) -> Value {
    json!({
        "attester": attester.enrolment.attester.to_string(),
        "name": attester.enrolment.name,
        "evidence": attester.enrolment.evidence,
        "enrolled_at": attester.enrolled_at.to_string(),
        "revoked_at": attester.revoked_at.map(|at| at.to_string()),
    })
}

fn attester_line(attester: &Attester) -> String {
    let Enrolment {
        attester: key,
        name,
        evidence,
    } = &attester.enrolment;
    match (attester.revoked_at, evidence) {
        (Some(at), _) => format!("attester {key} ({name}), revoked {at}"),
        (None, Some(evidence)) => format!("attester {key} ({name}), by {evidence}"),
        (None, None) => format!("attester {key} ({name}), by the administrator's word"),
    }
}

fn policy_json(policy: &ReferencePolicy) -> Value {
    json!({
        "policy": policy.policy.to_string(),
        "name": policy.name,
        "enrolled_at": policy.enrolled_at.to_string(),
        "revoked_at": policy.revoked_at.map(|at| at.to_string()),
    })
}

fn policy_line(policy: &ReferencePolicy) -> String {
    let ReferencePolicy {
        policy: hash,
        name,
        revoked_at,
        ..
    } = policy;
    match revoked_at {
        Some(at) => format!("policy {hash} ({name}), revoked {at}"),
        None => format!("policy {hash} ({name})"),
    }
}

fn verdict_json(verdict: &Audited) -> Value {
    json!({
        "given_at": verdict.given_at.to_string(),
        "peer": verdict.peer,
        "purpose": verdict.purpose,
        "technology": verdict.technology,
        "policy": verdict.policy,
        "measurement": verdict.measurement,
        "attester": verdict.attester,
        "evidence_sha256": verdict.evidence,
        "good": verdict.refused.is_none(),
        "refused": verdict.refused,
    })
}

fn verdict_line(verdict: &Audited) -> String {
    let outcome = match &verdict.refused {
        None => "good".to_owned(),
        Some(reason) => format!("refused: {reason}"),
    };
    let technology = verdict.technology.as_deref().unwrap_or("unknown");
    format!(
        "verdict {} for {} ({technology}, {}): {outcome}",
        verdict.given_at, verdict.peer, verdict.purpose
    )
}

/// `verifier revoke`.
pub(crate) fn revoke(arguments: &VerifierRevokeArgs) -> Result<Report, CliError> {
    let what = &arguments.what;
    if let Ok(attester) = what.parse::<KeyDigest>() {
        let changed = block_on(async {
            let database = folder::database(&arguments.folder).await?;
            database.revoke(attester, now()).await.map_err(service)
        })?;
        let report = Report::new(json!({ "attester": what, "changed": changed }));
        return Ok(if changed {
            report.line(format!("revoked {attester}, for ever"))
        } else {
            report.line(format!("{attester} was revoked before"))
        });
    }
    let policy: PolicyHash = what
        .parse()
        .map_err(|_| CliError::argument("the digest of a key or the hash of a policy", what))?;
    block_on(async {
        let database = folder::database(&arguments.folder).await?;
        let revoked = database.revoke_policy(&policy, now()).await;
        revoked.map_err(service)
    })?;
    let document = json!({ "policy": what, "changed": true });
    Ok(Report::new(document).line(format!("revoked the policy {policy}")))
}

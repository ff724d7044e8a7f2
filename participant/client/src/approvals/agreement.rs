//! Whether the approvals at hand are enough, and for which isolates: without asking any isolate.

use std::collections::BTreeSet;
use std::fmt;

use veracruz_policy::{InstanceId, ParticipantName, Policy, QuorumSet, Timestamp};
use veracruz_protocol::{ApprovalStatement, Instances, ProgramDigest};

use super::{ApprovalFlaw, check_approval};

/// What signed approvals of one policy amount to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Agreement {
    /// Every approval that was given, in that order.
    pub given: Vec<GivenApproval>,
    /// Who must approve and has not, with a statement that holds now.
    pub missing: Vec<ParticipantName>,
    /// Where every required approval holds. It may be nowhere though nobody is missing: the
    /// participants approved different instances, or different programs.
    pub places: Vec<Place>,
}

/// An approval that somebody gave to be checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GivenApproval {
    /// Where it came from: a file's name.
    pub source: String,
    /// As it was given.
    pub compact: String,
    /// What was signed, or why it approves nothing of this policy.
    pub statement: Result<ApprovalStatement, ApprovalFlaw>,
    /// Whether it holds at this time.
    pub timely: bool,
}

/// Where a run could start, as far as approvals go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The isolate; any of this policy where it is absent.
    pub instance: Option<InstanceId>,
    /// The programs that all of them mean, where the policy does not pin them.
    pub programs: Vec<ProgramDigest>,
}

impl Agreement {
    /// Judges approvals by the caller's own copy of the policy, at `now`, for the instance that is
    /// meant or for all that are named. Each comes with the name of where it was found.
    #[must_use]
    pub fn judge(
        policy: &Policy,
        approvals: impl IntoIterator<Item = (String, String)>,
        instance: Option<&InstanceId>,
        now: Timestamp,
    ) -> Self {
        let given: Vec<_> = approvals
            .into_iter()
            .map(|(source, compact)| {
                let statement = check_approval(policy, &compact);
                let timely = statement
                    .as_ref()
                    .is_ok_and(|statement| (statement.nbf..statement.exp).contains(&now.seconds()));
                GivenApproval {
                    source,
                    compact,
                    statement,
                    timely,
                }
            })
            .collect();
        let held: Vec<_> = given.iter().filter_map(GivenApproval::held).collect();
        let required = &policy.approval().required;
        let at_instance = |statement: &&&ApprovalStatement| {
            instance.is_none_or(|instance| covers(statement, Some(instance)))
        };
        let missing = required
            .iter()
            .filter(|name| {
                let mut of_instance = held.iter().filter(at_instance);
                !of_instance.any(|statement| statement.participant == **name)
            })
            .cloned()
            .collect();
        let places = candidates(&held, instance)
            .into_iter()
            .filter(|place| one_quorum(policy, &held, place))
            .filter(|place| {
                required.iter().all(|name| {
                    held.iter().any(|statement| {
                        statement.participant == *name
                            && covers(statement, place.instance.as_ref())
                            && statement.programs == place.programs
                    })
                })
            })
            .collect();
        Self {
            given,
            missing,
            places,
        }
    }

    /// Whether every required approval is there, for one isolate at least.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.places.is_empty()
    }

    /// Whether everything that was given is signed as it should be.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        self.given.iter().all(|given| given.statement.is_ok())
    }
}

impl GivenApproval {
    /// The statement, where it is good and holds now.
    fn held(&self) -> Option<&ApprovalStatement> {
        self.statement.as_ref().ok().filter(|_| self.timely)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instance {
            Some(instance) => write!(f, "instance {instance}")?,
            None => f.write_str("any instance of this policy")?,
        }
        for ProgramDigest { path, sha256 } in &self.programs {
            write!(f, ", with {path} of SHA-256 {sha256}")?;
        }
        Ok(())
    }
}

/// Every place that somebody named: 'any' is one of its own.
fn candidates(held: &[&ApprovalStatement], only: Option<&InstanceId>) -> Vec<Place> {
    let mut instances = BTreeSet::from([None]);
    for statement in held {
        let named = statement.instances.named().unwrap_or_default();
        instances.extend(named.into_iter().map(Some));
    }
    if let Some(only) = only {
        instances = BTreeSet::from([Some(*only)]);
    }
    let mut programs: Vec<&Vec<ProgramDigest>> = Vec::new();
    for statement in held {
        if !programs.contains(&&statement.programs) {
            programs.push(&statement.programs);
        }
    }
    let places = instances.into_iter().flat_map(|instance| {
        programs.iter().map(move |programs| Place {
            instance,
            programs: (*programs).clone(),
        })
    });
    places.collect()
}

/// Whether those who must approve name the same isolates together, where the policy has a quorum:
/// without that, no isolate of it runs anything.
fn one_quorum(policy: &Policy, held: &[&ApprovalStatement], place: &Place) -> bool {
    if policy.quorum().is_empty() {
        return true;
    }
    let required = &policy.approval().required;
    let mut sets = held
        .iter()
        .filter(|statement| required.contains(&statement.participant))
        .filter(|statement| covers(statement, place.instance.as_ref()))
        .map(|statement| match &statement.instances {
            Instances::Quorum(members) => QuorumSet::new(policy, members).ok(),
            Instances::Any | Instances::These(_) => None,
        });
    match sets.next() {
        Some(Some(first)) => sets.all(|set| set.as_ref() == Some(&first)),
        _ => false,
    }
}

/// Whether a statement holds at an instance; at any where that is absent.
fn covers(statement: &ApprovalStatement, instance: Option<&InstanceId>) -> bool {
    match (&statement.instances, instance) {
        (Instances::Any, _) => true,
        (Instances::These(list), Some(instance)) => list.contains(instance),
        (Instances::Quorum(members), Some(instance)) => {
            members.iter().any(|member| member.instance == *instance)
        }
        (Instances::These(_) | Instances::Quorum(_), None) => false,
    }
}

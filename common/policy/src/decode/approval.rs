//! `approval`.

use alloc::vec::Vec;

use super::{
    At, Errors,
    object::{Fields, Object},
    scalar,
};
use crate::{Approval, Approve, File, MAX_PARTICIPANTS, MAX_RUNS, ParticipantName};

pub(crate) const APPROVAL: Fields = Fields {
    unit: "field",
    known: &["required", "run_by", "runs", "approve"],
    later: &["inputs"],
};

/// The section before the files are known.
#[derive(Default)]
pub(super) struct GivenApproval {
    required: Option<Vec<ParticipantName>>,
    run_by: Option<Vec<ParticipantName>>,
    runs: Option<u32>,
    approve: Option<Approve>,
}

impl GivenApproval {
    pub(super) fn resolve(self, files: &[File]) -> Approval {
        let required = self.required.unwrap_or_else(|| providers(files));
        Approval {
            run_by: self.run_by.unwrap_or_else(|| required.clone()),
            required,
            runs: self.runs.unwrap_or(1),
            approve: self.approve.unwrap_or_default(),
        }
    }
}

/// Everyone who provides a file, once, sorted by name.
fn providers(files: &[File]) -> Vec<ParticipantName> {
    let mut providers: Vec<ParticipantName> = files
        .iter()
        .filter_map(|file| file.provider.clone())
        .collect();
    providers.sort();
    providers.dedup();
    providers
}

pub(super) fn approval(at: At<'_>, errors: &mut Errors<'_>) -> Option<GivenApproval> {
    let object = Object::open(at, &APPROVAL, errors)?;
    let names = |at: At<'_>, errors: &mut Errors<'_>| {
        at.distinct(
            "participants",
            1,
            MAX_PARTICIPANTS,
            errors,
            scalar::participant_name,
        )
    };
    Some(GivenApproval {
        required: object.optional("required", errors, names),
        run_by: object.optional("run_by", errors, names),
        runs: object.optional("runs", errors, |at, errors| {
            let runs = at.count(1, u64::from(MAX_RUNS), errors)?;
            u32::try_from(runs).ok()
        }),
        approve: object.optional("approve", errors, |at, errors| {
            at.word(
                &["each-run", "once"],
                &[Approve::EachRun, Approve::Once],
                &[],
                errors,
            )
        }),
    })
}

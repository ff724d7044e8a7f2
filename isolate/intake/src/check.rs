//! What a program needs, found out without compiling or running it.

use std::collections::BTreeSet;

use crate::{
    component,
    declarations::{self, Bodies, Declarations},
    module, needs,
    proposals::{FEATURES, NAMED, PROPOSALS},
    report::{
        AtStart, Import, InvalidProgram, Kind, MOST_INSTANCES, MOST_LISTED, MOST_MEMORIES, Problem,
        Proposal, Report, push,
    },
};

/// Validates a program as the engine would, and says what it needs.
///
/// Takes a few milliseconds for a small program, and up to a few seconds for one of many
/// megabytes. Memory is bounded by a small multiple of the program's length.
///
/// # Errors
/// [`InvalidProgram`] where there is nothing to report about.
pub fn check(program: &[u8]) -> Result<Report, InvalidProgram> {
    let (declarations, features) = match declarations::read(program, FEATURES, Bodies::Validate) {
        Ok(declarations) => (declarations, FEATURES),
        Err(invalid) => match declarations::read(program, NAMED, Bodies::Validate) {
            Ok(declarations) => (declarations, NAMED),
            // The reason of the first: it speaks of what is on.
            Err(_) => return Err(invalid),
        },
    };
    let uses = |without: &wasmparser::WasmFeatures| {
        features.contains(*without)
            && declarations::read(program, features.difference(*without), Bodies::Validate).is_err()
    };
    let proposals: Vec<Proposal> = PROPOSALS
        .iter()
        .filter(|(_, features)| uses(features))
        .map(|(name, features)| Proposal {
            name,
            on: FEATURES.contains(*features),
        })
        .collect();
    let mut report = Report {
        kind: declarations.kind,
        imports: Vec::new(),
        imports_left_out: 0,
        memories: declarations.memories(),
        tables: declarations.tables(),
        at_start: declarations.at_start,
        needs: Vec::new(),
        problems: Vec::new(),
        proposals,
    };
    let off = report.proposals.iter().filter(|proposal| !proposal.on);
    report.problems = off
        .map(|Proposal { name, .. }| Problem::Proposal { name })
        .collect();
    let mut needs = BTreeSet::new();
    for import in imports(&declarations) {
        needs.extend(needs::of(&import));
        push(&mut report.problems, Problem::of(&import));
        if report.imports.len() < MOST_LISTED {
            report.imports.push(import);
        } else {
            report.imports_left_out = report.imports_left_out.saturating_add(1);
        }
    }
    report.needs = needs.into_iter().collect();
    for problem in too_many(&declarations.at_start) {
        push(&mut report.problems, Some(problem));
    }
    push(&mut report.problems, missing_export(&declarations));
    Ok(report)
}

/// Why a program is refused before it is compiled. At fault is the program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It is no program, or uses a proposal that is off.
    #[error(transparent)]
    Invalid(#[from] InvalidProgram),
    /// The first reason why it cannot run here.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// The same, as far as it can be told before the bodies of functions are looked at: a worker asks
/// before it spends seconds on compiling, which validates them anyway.
///
/// # Errors
/// [`Unfit`], with the first reason alone.
pub fn before_compiling(program: &[u8]) -> Result<Kind, Unfit> {
    let declarations = declarations::read(program, FEATURES, Bodies::Skip)?;
    let problem = imports(&declarations).find_map(|import| Problem::of(&import));
    match problem.or_else(|| missing_export(&declarations)) {
        Some(problem) => Err(problem.into()),
        None => Ok(declarations.kind),
    }
}

/// One after the other: a program can have a million.
fn imports<'a>(declarations: &'a Declarations<'_>) -> Box<dyn Iterator<Item = Import> + 'a> {
    match declarations.kind {
        Kind::Module => Box::new(module::imports(declarations)),
        Kind::Component => Box::new(component::imports(declarations)),
    }
}

fn missing_export(declarations: &Declarations<'_>) -> Option<Problem> {
    match declarations.kind {
        Kind::Module => module::missing_export(declarations),
        Kind::Component => component::missing_export(declarations),
    }
}

/// What no program can have, whatever the policy.
fn too_many(at_start: &AtStart) -> impl Iterator<Item = Problem> {
    [
        ("memories", at_start.memories, MOST_MEMORIES),
        ("tables", at_start.tables, MOST_INSTANCES),
        ("core instances", at_start.instances, MOST_INSTANCES),
    ]
    .into_iter()
    .filter(|(_, found, most)| *found > *most as u64)
    .map(|(what, found, most)| Problem::TooMany { what, most, found })
}

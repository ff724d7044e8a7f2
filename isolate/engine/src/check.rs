//! What a program needs, found out without compiling or running it.

mod component;
mod declarations;
mod module;
mod needs;

use std::collections::BTreeSet;

pub(crate) use self::module::START;

use self::declarations::{Bodies, Declarations};
use crate::{
    message::{Refusal, cut},
    proposals::{FEATURES, NAMED, PROPOSALS},
};

/// The most imports, memories or tables that a report lists.
pub const MOST_LISTED: usize = 1000;

/// What a program needs, and what of it there is not.
///
/// Names in it are the program's own words, at most 500 characters each: whoever shows them on a
/// terminal must make control characters harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// What kind of program it is.
    pub kind: Kind,
    /// What it imports, in its order, the first [`MOST_LISTED`].
    pub imports: Vec<Import>,
    /// How many imports are not listed.
    pub imports_left_out: usize,
    /// The proposals to WebAssembly that it uses.
    pub proposals: Vec<Proposal>,
    /// Its linear memories, those of a component's modules one after the other; the first
    /// [`MOST_LISTED`].
    pub memories: Vec<Memory>,
    /// Its tables, likewise.
    pub tables: Vec<Table>,
    /// What it may ask for while it runs, as far as its imports tell.
    pub needs: Vec<Need>,
    /// Why it cannot run here. Nothing, where it can. The first [`MOST_LISTED`].
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether it can run here. Whether it stays within its limits, only running it shows.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.problems.is_empty()
    }
}

/// The two kinds of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A core module, over WASI preview 1.
    Module,
    /// A component, over WASI 0.2.
    Component,
}

/// Something that a program asks for by name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Import {
    /// The module, or a component's interface.
    pub module: String,
    /// The function; empty where a component imports an interface for its types alone.
    pub name: String,
    /// Its type, as the text format writes it; nothing for a component's.
    pub signature: Option<String>,
    /// Whether it is there.
    pub offer: Offer,
}

/// Whether an import is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offer {
    /// It is there.
    Offered,
    /// It can be imported, and calling it ends the program: networks, which some languages
    /// import without ever using them.
    Trap,
    /// There is no such function.
    Missing,
    /// It is there under another type.
    Differs {
        /// The type that it has.
        expected: String,
    },
}

/// A proposal that a program uses: without it, it would not be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// Its name, as the WebAssembly community writes it.
    pub name: &'static str,
    /// Whether it is on.
    pub on: bool,
}

/// A linear memory. Sizes are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// How much it has from the start.
    pub initial: u64,
    /// How much the program lets it have at most.
    pub maximum: Option<u64>,
}

/// A table. Sizes are in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// How many it has from the start.
    pub initial: u64,
    /// How many the program lets it have at most.
    pub maximum: Option<u64>,
}

/// Something that a program may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Need {
    /// Its arguments.
    Arguments,
    /// Its environment.
    Environment,
    /// A clock, or to wait.
    Clock,
    /// Random numbers.
    Randomness,
    /// Files and folders.
    Files,
    /// Standard input. A core module reads it as it reads files.
    StandardInput,
    /// Standard output. A core module writes it as it writes files.
    StandardOutput,
    /// Standard error, likewise.
    StandardError,
    /// A network, which there is none of.
    Network,
}

/// Why a program cannot run here. At fault is the program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It uses a proposal that is off.
    #[error("it uses the proposal `{name}`, which is off")]
    Proposal {
        /// Which.
        name: &'static str,
    },
    /// It imports what is not offered.
    #[error("it imports `{name}` from `{module}`, which is not offered")]
    Import {
        /// The module or interface.
        module: String,
        /// The name.
        name: String,
    },
    /// It imports a function under another type.
    #[error("it imports `{module}` `{name}` as {found}, but it is {expected}")]
    Signature {
        /// The module.
        module: String,
        /// The name.
        name: String,
        /// What is offered.
        expected: String,
        /// What it asks for.
        found: String,
    },
    /// It does not export what is called to run it.
    #[error("it does not export `{name}` as {expected}")]
    Export {
        /// What is missing.
        name: String,
        /// What it must be.
        expected: String,
    },
}

/// The bytes are no program at all, with every proposal that has a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid WebAssembly program: {reason}")]
pub struct InvalidProgram {
    /// What the validator says, at most 500 characters, with the place.
    pub reason: String,
}

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
    push(&mut report.problems, missing_export(&declarations));
    Ok(report)
}

/// Adds to a list of which nobody needs more than the first.
fn push<T>(list: &mut Vec<T>, item: Option<T>) {
    if list.len() < MOST_LISTED {
        list.extend(item);
    }
}

/// The same, as far as it can be told before the bodies of functions are looked at: a worker asks
/// before it spends seconds on compiling, which validates them anyway.
pub(crate) fn before_compiling(program: &[u8]) -> Result<Kind, Refusal> {
    let declarations = declarations::read(program, FEATURES, Bodies::Skip)
        .map_err(|invalid| Refusal::Invalid(invalid.reason))?;
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

impl Problem {
    fn of(import: &Import) -> Option<Self> {
        let (module, name) = (import.module.clone(), import.name.clone());
        match &import.offer {
            Offer::Offered | Offer::Trap => None,
            Offer::Missing => Some(Self::Import { module, name }),
            Offer::Differs { expected } => Some(Self::Signature {
                module,
                name,
                expected: expected.clone(),
                found: import.signature.clone().unwrap_or_default(),
            }),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Proposal { .. } => Self::Invalid(cut(&problem.to_string())),
            Problem::Import { module, name } => Self::Import { module, name },
            Problem::Signature {
                module,
                name,
                expected,
                found,
            } => Self::Signature {
                module,
                name,
                expected,
                found,
            },
            Problem::Export { name, expected } => Self::Export { name, expected },
        }
    }
}

//! What is said of a program.

/// The most imports, memories or tables that a report lists.
pub const MOST_LISTED: usize = 1000;

/// The most linear memories that a program can have. A core module has one; each module in a
/// component may have its own, in each of its instances.
pub const MOST_MEMORIES: usize = 16;

/// The most tables, and the most core instances, that a component can have.
pub const MOST_INSTANCES: usize = 10_000;

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
    /// What it has of them when it starts.
    pub at_start: AtStart,
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

/// The two kinds of programs. A third would be another engine: whoever runs them must know all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What a program has when it starts: of a component, what all its core instances have together,
/// however often a module is instantiated.
///
/// It may be more, never less: of modules and components that one of its components imports or takes
/// out of an instance, nothing is known but that they are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AtStart {
    /// Core instances. A core module is one.
    pub instances: u64,
    /// Linear memories.
    pub memories: u64,
    /// Their bytes.
    pub memory_bytes: u64,
    /// Tables.
    pub tables: u64,
    /// Their elements.
    pub table_elements: u64,
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
    /// It starts with more than any program can have, whatever the policy.
    #[error("it starts with {found} {what}, at most {most}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many it can have.
        most: usize,
        /// How many it has at least.
        found: u64,
    },
}

/// The bytes are no program at all, with every proposal that has a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid WebAssembly program: {reason}")]
pub struct InvalidProgram {
    /// What the validator says, at most 500 characters, with the place.
    pub reason: String,
}

impl Problem {
    pub(crate) fn of(import: &Import) -> Option<Self> {
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

/// Adds to a list of which nobody needs more than the first.
pub(crate) fn push<T>(list: &mut Vec<T>, item: Option<T>) {
    if list.len() < MOST_LISTED {
        list.extend(item);
    }
}

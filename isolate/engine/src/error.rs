//! What can go wrong, and whose fault it is.

use std::{fmt, io};

use minicbor::{Decode, Encode};

/// Why a program was not compiled or a stage has no result.
///
/// None of them ends anything but that one call: the next run works.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The program's fault: it is no WebAssembly module or component, or uses a proposal that is
    /// switched off.
    #[error("the program is not a valid WebAssembly module or component: {reason}")]
    InvalidModule {
        /// What the validator says, at most 500 characters. It may quote names in the module.
        reason: String,
    },
    /// The program's fault: it needs a function that does not exist here.
    #[error("the program imports `{name}` from `{module}`, which is not offered")]
    UnsupportedImport {
        /// The module it asks for.
        module: String,
        /// The name it asks for.
        name: String,
    },
    /// The program's fault: it imports a known function under another type.
    #[error("the program imports `{module}` `{name}` as {found}, but it is {expected}")]
    ImportSignature {
        /// The module it asks for.
        module: String,
        /// The name it asks for.
        name: String,
        /// What is offered.
        expected: String,
        /// What it asks for.
        found: String,
    },
    /// The program's fault: it is not a command.
    #[error("the program does not export `{name}` as {expected}")]
    MissingExport {
        /// What is missing.
        name: String,
        /// What it must be.
        expected: String,
    },
    /// The program's fault, or its limits are too narrow.
    #[error(
        "the limit `{name}` of {allowed} {unit} was exceeded{}",
        wanted.map_or(String::new(), |wanted| format!(" ({wanted} wanted)")),
        unit = name.unit(),
    )]
    Limit {
        /// Which.
        name: LimitName,
        /// How much was allowed.
        allowed: u64,
        /// How much was wanted, where that is known.
        wanted: Option<u64>,
    },
    /// Nobody's fault: whoever asked for the program did not want it any more.
    #[error("compiling was cancelled")]
    Cancelled,
    /// The program's fault: it failed.
    #[error("the program ended in a trap: {trap}")]
    Trap {
        /// How.
        trap: Trap,
    },
    /// The program's fault: the file grew longer than its receivers agreed to.
    #[error("the output `{path}` has {found} bytes, more than {allowed}")]
    OutputTooLarge {
        /// Which.
        path: String,
        /// How much was allowed.
        allowed: u64,
        /// How long it became.
        found: u64,
    },
    /// The caller's fault: more files than one stage can have, a path that is none, the same
    /// path twice.
    #[error("unusable settings: {reason}")]
    InvalidSettings {
        /// What about them.
        reason: String,
    },
    /// The worker died, or broke down in a way that no program can bring about by itself: out of
    /// memory, an error of ours, or a program that escaped and met what surrounds it.
    #[error("the worker process was lost while {phase}: {cause}")]
    WorkerLost {
        /// What it was doing.
        phase: Phase,
        /// How it ended.
        cause: Death,
    },
    /// The worker said what a worker does not say. It must be taken for hostile, and was killed.
    #[error("the worker process broke the protocol: {reason}")]
    WorkerMisbehaved {
        /// What about.
        reason: String,
    },
    /// The spawner is gone: no program can be compiled any more in this isolate.
    #[error("the process that starts workers is gone: {reason}")]
    SpawnerLost {
        /// How that was found out.
        reason: String,
    },
    /// This machine's fault.
    #[error("{during}: {source}")]
    System {
        /// What was tried.
        during: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
}

/// A limit that can be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[non_exhaustive]
pub enum LimitName {
    /// Wall time of a stage, in milliseconds.
    #[n(0)]
    Time,
    /// Processor time of a stage, in milliseconds.
    #[n(1)]
    CpuTime,
    /// Linear memory, in bytes.
    #[n(2)]
    Memory,
    /// Elements in tables.
    #[n(3)]
    Tables,
    /// The call stack, in bytes.
    #[n(4)]
    Stack,
    /// The length of a module, in bytes.
    #[n(5)]
    ModuleBytes,
    /// Wall time to compile, in milliseconds.
    #[n(6)]
    CompileTime,
    /// Bytes of all arguments.
    #[n(7)]
    Arguments,
    /// Bytes of the environment.
    #[n(8)]
    Environment,
    /// Fuel: instructions, roughly.
    #[n(9)]
    Fuel,
    /// Files and folders that the program added.
    #[n(10)]
    Files,
    /// Bytes by which the program's files grew.
    #[n(11)]
    WrittenBytes,
    /// Files, folders, and in a component also streams, that are open at once.
    #[n(12)]
    OpenFiles,
    /// Bytes of standard output.
    #[n(13)]
    StdoutBytes,
    /// Bytes of standard error.
    #[n(14)]
    StderrBytes,
    /// Linear memories: [`MOST_MEMORIES`](crate::MOST_MEMORIES), whatever the policy.
    #[n(15)]
    Memories,
    /// Core instances in a component: [`MOST_INSTANCES`](crate::MOST_INSTANCES), whatever the
    /// policy.
    #[n(16)]
    Instances,
    /// Tables in a component, whatever is in them: as many.
    #[n(17)]
    TableCount,
    /// Bytes that one call passes to the host: 16 MiB, whatever the policy.
    #[n(18)]
    CallBytes,
    /// Memory to compile in, in bytes.
    #[n(19)]
    CompileMemory,
}

impl LimitName {
    /// The name, as policies write it where they can set it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::CpuTime => "cpu_time",
            Self::Memory => "memory",
            Self::Tables => "tables",
            Self::Stack => "stack",
            Self::ModuleBytes => "module_bytes",
            Self::CompileTime => "compile_time",
            Self::Arguments => "args_bytes",
            Self::Environment => "env_bytes",
            Self::Fuel => "fuel",
            Self::Files => "files",
            Self::WrittenBytes => "written_bytes",
            Self::OpenFiles => "open_files",
            Self::StdoutBytes => "stdout_bytes",
            Self::StderrBytes => "stderr_bytes",
            Self::Memories => "memories",
            Self::Instances => "instances",
            Self::TableCount => "table_count",
            Self::CallBytes => "call_bytes",
            Self::CompileMemory => "compile_memory",
        }
    }

    /// What it is counted in.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Time | Self::CpuTime | Self::CompileTime => "ms",
            Self::Tables => "elements",
            Self::Fuel => "instructions",
            Self::Files => "files and folders",
            Self::OpenFiles => "descriptors",
            Self::Memories => "memories",
            Self::Instances => "instances",
            Self::TableCount => "tables",
            _ => "bytes",
        }
    }
}

impl fmt::Display for LimitName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A limit that denied a program something, which went on or gave up by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitMet {
    /// Which.
    pub name: LimitName,
    /// How much was allowed.
    pub allowed: u64,
    /// How much was wanted, where that is known.
    pub wanted: Option<u64>,
}

impl From<LimitMet> for EngineError {
    fn from(met: LimitMet) -> Self {
        let LimitMet {
            name,
            allowed,
            wanted,
        } = met;
        Self::Limit {
            name,
            allowed,
            wanted,
        }
    }
}

/// How a program failed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, thiserror::Error)]
#[non_exhaustive]
pub enum Trap {
    /// It stopped itself, as Rust's panics and C's `abort` do.
    #[n(0)]
    #[error("`unreachable` was reached")]
    Unreachable,
    /// An address outside of its memory.
    #[n(1)]
    #[error("an access out of the bounds of memory")]
    MemoryOutOfBounds,
    /// An index outside of a table.
    #[n(2)]
    #[error("an access out of the bounds of a table")]
    TableOutOfBounds,
    /// A call through a null pointer.
    #[n(3)]
    #[error("a call to no function")]
    CallToNull,
    /// A call of a function under another type.
    #[n(4)]
    #[error("a call under a wrong type")]
    BadSignature,
    /// Integer overflow in a division.
    #[n(5)]
    #[error("an integer overflow")]
    IntegerOverflow,
    /// Division by zero.
    #[n(6)]
    #[error("a division by zero")]
    DivisionByZero,
    /// A float that has no integer value.
    #[n(7)]
    #[error("a float that is no integer")]
    BadConversion,
    /// Anything else.
    #[n(8)]
    #[error("another failure")]
    Other,
}

/// What a worker process was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Validating and compiling a program.
    Compiling,
    /// Running a stage.
    Running,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Compiling => "compiling",
            Self::Running => "running",
        })
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[non_exhaustive]
pub enum Death {
    /// By itself, with a code, but without the report that it owes.
    #[n(0)]
    #[error("it exited with code {0} and without a report")]
    Exit(#[n(0)] i32),
    /// By a signal: 9 out of memory, 11 a bad access, 31 a forbidden system call.
    #[n(1)]
    #[error("it was ended by signal {0}")]
    Signal(#[n(0)] i32),
    /// It did not answer within the time it had, and was killed.
    #[n(2)]
    #[error("it did not answer in time and was killed")]
    Unresponsive,
    /// It could not do what it must before a program may run; the code is the kernel's `errno`.
    #[n(3)]
    #[error("it could not be set up (system error {0})")]
    Setup(#[n(0)] i32),
}

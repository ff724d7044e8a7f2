//! What a program and a stage may use. Plain values: the policy's words are the runtime's affair.

use std::{fmt, time::Duration};

use minicbor::{Decode, Encode};
pub use veracruz_intake::{MOST_INSTANCES, MOST_MEMORIES};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    error::{EngineError, LimitName},
    memfd::Sealed,
    message::nanoseconds,
};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// The most that `max_wasm_stack` can be: programs run on the worker's own stack of 8 MiB, and
/// what the engine itself needs must remain.
pub const GREATEST_WASM_STACK: u64 = 4 * MIB;

/// The most that `memory` can be: programs have 32-bit addresses.
pub const GREATEST_MEMORY: u64 = 4096 * MIB;

/// The most inputs and outputs together that one stage can have: a file may be both.
pub const MOST_FILES: usize = 2048;

/// How a program is compiled. The same for all of its stages.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ProgramSettings {
    /// Makes the bits of a NaN the same on every processor. Costs up to 2.2 times in floating
    /// point. Off by default.
    #[n(0)]
    pub nan_canonical: bool,
    /// The longest module, in bytes. 64 MiB by default.
    #[n(1)]
    pub max_module_bytes: u64,
    /// The program's call stack, in bytes, at most [`GREATEST_WASM_STACK`]. 512 KiB by default.
    #[n(2)]
    pub max_wasm_stack: u64,
    /// Wall time to validate and compile. Two minutes by default.
    #[cbor(n(3), with = "nanoseconds")]
    pub compile_time: Duration,
    /// Memory to compile in, in bytes. 4 GiB by default.
    #[n(4)]
    pub compile_memory: u64,
    /// How it is run. To machine code by default.
    #[n(5)]
    pub strategy: Strategy,
    /// Counts instructions, so that stages can have [`fuel`](StageSettings::fuel). Costs 1.6
    /// times in loops that compute. Off by default.
    #[n(6)]
    pub metered: bool,
}

/// How programs are run. Both give the same results, to the byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[non_exhaustive]
pub enum Strategy {
    /// Compiled to machine code, by Cranelift.
    #[n(0)]
    #[default]
    Compiled,
    /// Compiled to bytecode and interpreted, by Pulley: 12 to 86 times slower, and not one byte of
    /// memory is ever executable that was not so before.
    #[n(1)]
    Interpreted,
}

impl Default for ProgramSettings {
    fn default() -> Self {
        Self {
            nan_canonical: false,
            max_module_bytes: 64 * MIB,
            max_wasm_stack: 512 * KIB,
            compile_time: Duration::from_secs(120),
            compile_memory: 4096 * MIB,
            strategy: Strategy::default(),
            metered: false,
        }
    }
}

impl ProgramSettings {
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if self.max_wasm_stack == 0 {
            return Err(EngineError::InvalidSettings {
                reason: "a program needs a stack".into(),
            });
        }
        in_range(LimitName::Stack, self.max_wasm_stack, GREATEST_WASM_STACK)
    }
}

/// What one stage gets and how much it may use.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct StageSettings {
    /// Arguments, the program's name first.
    #[n(0)]
    pub args: Vec<String>,
    /// Environment variables, in this order.
    #[n(1)]
    pub env: Vec<(String, String)>,
    /// What may be read and written. What no entry covers, the program cannot even see.
    #[n(2)]
    pub rights: Vec<Right>,
    /// The seed of everything random that the program asks for.
    #[n(3)]
    pub seed: Seed,
    /// Where the program's time comes from.
    #[n(4)]
    pub clock: Clock,
    /// Wall time from the start of the stage. One minute by default.
    #[cbor(n(5), with = "nanoseconds")]
    pub wall_time: Duration,
    /// Processor time. One minute by default.
    #[cbor(n(6), with = "nanoseconds")]
    pub cpu_time: Duration,
    /// Linear memory in bytes, at most [`GREATEST_MEMORY`]. 256 MiB by default.
    #[n(7)]
    pub memory: u64,
    /// Elements in all tables together. 100,000 by default.
    #[n(8)]
    pub table_elements: u64,
    /// Files open at once. 256 by default.
    #[n(9)]
    pub open_files: u32,
    /// Files and folders that the program may add. 10,000 by default.
    #[n(10)]
    pub files: u64,
    /// Bytes that the program's files may grow by, together. 256 MiB by default.
    #[n(11)]
    pub written_bytes: u64,
    /// Bytes of standard output that are kept; beyond them, writing fails. `None` keeps nothing,
    /// and writing always succeeds. 64 KiB by default.
    #[n(12)]
    pub stdout_bytes: Option<u64>,
    /// Bytes of standard error that are kept; as above.
    #[n(13)]
    pub stderr_bytes: Option<u64>,
    /// Bytes of all arguments together. 64 KiB by default.
    #[n(14)]
    pub args_bytes: u64,
    /// Bytes of all names and values in the environment together. 64 KiB by default.
    #[n(15)]
    pub env_bytes: u64,
    /// Instructions, roughly: the same program takes the same of it everywhere, whatever the
    /// strategy, so a limit on it is met or kept alike on every machine. Needs
    /// [`metered`](ProgramSettings::metered). Unlimited by default.
    #[n(16)]
    pub fuel: Option<u64>,
    /// The input that is its standard input, by its path. Empty by default.
    #[n(17)]
    pub stdin: Option<String>,
}

impl StageSettings {
    /// Defaults, with no arguments, environment or rights. There is no default seed: equal ones
    /// would give equal 'randomness' to programs that must not share any.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            rights: Vec::new(),
            seed,
            clock: Clock::FIXED,
            wall_time: Duration::from_secs(60),
            cpu_time: Duration::from_secs(60),
            memory: 256 * MIB,
            table_elements: 100_000,
            open_files: 256,
            files: 10_000,
            written_bytes: 256 * MIB,
            stdout_bytes: Some(64 * KIB),
            stderr_bytes: Some(64 * KIB),
            args_bytes: 64 * KIB,
            env_bytes: 64 * KIB,
            fuel: None,
            stdin: None,
        }
    }

    pub(crate) fn check(&self, program: &ProgramSettings) -> Result<(), EngineError> {
        if self.fuel.is_some() && !program.metered {
            return Err(EngineError::InvalidSettings {
                reason: "fuel needs a program that was compiled to be metered".into(),
            });
        }
        let total = |texts: &mut dyn Iterator<Item = &String>| {
            texts.fold(0u64, |sum, text| sum.saturating_add(text.len() as u64))
        };
        in_range(LimitName::Memory, self.memory, GREATEST_MEMORY)?;
        in_range(
            LimitName::Arguments,
            total(&mut self.args.iter()),
            self.args_bytes,
        )?;
        in_range(
            LimitName::Environment,
            total(&mut self.env.iter().flat_map(|(name, value)| [name, value])),
            self.env_bytes,
        )
    }
}

/// Rights to one path (`/a/b`) or to a subtree (`/a/`). The most specific entry wins.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Right {
    /// An absolute path; a subtree where it ends in `/`.
    #[n(0)]
    pub pattern: String,
    /// May look and read.
    #[n(1)]
    pub read: bool,
    /// May create, write and remove.
    #[n(2)]
    pub write: bool,
}

/// Where a program's clocks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[non_exhaustive]
pub enum Clock {
    /// Wall time stands still; the monotonic clock moves only where the program waits for it.
    #[n(0)]
    Fixed {
        /// Nanoseconds since 1970.
        #[n(0)]
        realtime_ns: u64,
    },
}

impl Clock {
    /// The fixed clock of a policy: every stage starts at 2000-01-01T00:00:00Z. Not in 1970, since
    /// programs go back from the time of a file, and some of them fail below zero.
    pub const FIXED: Self = Self::Fixed {
        realtime_ns: 946_684_800_000_000_000,
    };
}

/// 32 secret bytes, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl Seed {
    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl From<[u8; 32]> for Seed {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seed(..)")
    }
}

impl<C> Encode<C> for Seed {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Seed {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        let bytes = decoder.bytes()?.try_into();
        let bytes =
            bytes.map_err(|_| minicbor::decode::Error::message("a seed is 32 bytes long"))?;
        Ok(Self(bytes))
    }
}

/// A file that a stage finds. What it may do with it, the rights say.
#[derive(Debug, Clone)]
pub struct Input {
    /// Where, absolute.
    pub path: String,
    /// What is in it.
    pub content: Sealed,
}

/// A file that is collected after a stage, where the program has made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Where, absolute.
    pub path: String,
    /// The longest it may be.
    pub max_bytes: u64,
}

fn in_range(name: LimitName, value: u64, greatest: u64) -> Result<(), EngineError> {
    if value > greatest {
        return Err(EngineError::Limit {
            name,
            allowed: greatest,
            wanted: Some(value),
        });
    }
    Ok(())
}

//! How programs run, and within which limits.

/// How every stage runs. `Default` is what `"veracruz": 1` has where a policy is silent.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Execution {
    /// How WebAssembly runs. Default: `compiled`.
    pub strategy: Strategy,
    /// Where random numbers come from. Default: `seeded`.
    pub random: Random,
    /// What a program sees of time. Default: `fixed`.
    pub clock: Clock,
    /// Which bits a NaN has. Default: `native`.
    pub nan: Nan,
    /// Limits of each stage that does not say otherwise.
    pub limits: Limits,
}

/// How WebAssembly runs. The results are the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Strategy {
    /// Compiled to machine code inside the isolate before it runs.
    #[default]
    Compiled,
    /// Interpreted, by workers that never have executable memory of their own making.
    Interpreted,
}

/// Where a program's random numbers come from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Random {
    /// From a seed made of every provider's secret share: no single party can compute it, and the
    /// run can be repeated by those who hold all of them.
    #[default]
    Seeded,
}

/// What a program sees of time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Clock {
    /// A clock that does not follow the host's: it starts at a fixed time and moves only when the
    /// program waits.
    #[default]
    Fixed,
}

/// Which bits a NaN has that an operation makes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Nan {
    /// Those of the processor: the same from run to run on one instruction set.
    #[default]
    Native,
    /// The canonical ones of WebAssembly: the same everywhere, at a price in speed.
    Canonical,
}

/// What one stage may use. A stage that exceeds a limit is ended, with an error that names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of all linear memories. Default: 1 GiB.
    pub memory: u64,
    /// Milliseconds of wall time from the start of the stage. Default: 60 s.
    pub time: u64,
    /// Milliseconds of processor time. Default: as much as `time`.
    pub cpu_time: u64,
    /// Bytes of the program's call stack. Default: 512 KiB.
    pub stack: u64,
    /// Elements of all tables. Default: 1,000,000.
    pub tables: u64,
    /// Bytes of the program's module. Default: 64 MiB.
    pub module_bytes: u64,
    /// Files and folders that exist at a time. Default: 100,000.
    pub files: u64,
    /// Descriptors open at a time. Default: 1,024.
    pub open_files: u64,
    /// Bytes of all files that it writes, together. Default: the sum of their `max_bytes`.
    pub written_bytes: u64,
    /// Bytes of all arguments with one byte after each; the program's name counts. Default: 64 KiB.
    pub args_bytes: u64,
    /// Bytes of all environment variables as `NAME=value` with one byte after each. Default: 64 KiB.
    pub env_bytes: u64,
    /// Instructions, counted: the same on every machine. Default: no limit, and not counted.
    pub fuel: Option<u64>,
    /// Bytes of standard output. Default, and at most: the `max_bytes` of the file that takes it;
    /// 0 where none does, and then it is discarded without a limit.
    pub stdout_bytes: u64,
    /// Bytes of standard error. Default, and at most: as `stdout_bytes`.
    pub stderr_bytes: u64,
}

impl Default for Limits {
    /// As `"veracruz": 1` has it where a policy is silent. `written_bytes`, `stdout_bytes` and
    /// `stderr_bytes` are 0 here, since they follow from the files of the policy.
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            time: 60_000,
            cpu_time: 60_000,
            stack: 512 * 1024,
            tables: 1_000_000,
            module_bytes: 64 << 20,
            files: 100_000,
            open_files: 1024,
            written_bytes: 0,
            args_bytes: 64 * 1024,
            env_bytes: 64 * 1024,
            fuel: None,
            stdout_bytes: 0,
            stderr_bytes: 0,
        }
    }
}

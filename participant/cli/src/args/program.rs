//! `veracruz check`, `exec` and `measure`: programs and runtimes, offline.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The program: a core module or a component
    #[arg(value_name = "PROGRAM")]
    pub(crate) program: PathBuf,
    /// Whether it fits this policy, too
    #[arg(long, value_name = "FILE", env = "VERACRUZ_POLICY")]
    pub(crate) policy: Option<PathBuf>,
    /// Which of the policy's programs it is, where its digest does not tell
    #[arg(long, value_name = "PATH", requires = "policy")]
    pub(crate) path: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    /// The program: a core module or a component, which you trust
    #[arg(value_name = "PROGRAM")]
    pub(crate) program: PathBuf,
    /// A folder, and the name by which the program knows it (the same, where none is given);
    /// changes are written back
    #[arg(long = "dir", value_name = "HOST[:GUEST]")]
    pub(crate) dirs: Vec<String>,
    /// A variable of the program's environment
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Arguments, environment, limits and strategy of this policy's stage
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Which of the policy's stages, counted from 1
    #[arg(long, value_name = "NUMBER", requires = "policy")]
    pub(crate) stage: Option<usize>,
    /// How it runs
    #[arg(long, value_enum)]
    pub(crate) strategy: Option<StrategyName>,
    /// Instructions that it may take, about
    #[arg(long, value_name = "COUNT")]
    pub(crate) fuel: Option<u64>,
    /// Print what it used to the standard error output, as JSON
    #[arg(long)]
    pub(crate) stats: bool,
    /// The program's arguments; those that begin with a dash after `--`
    #[arg(value_name = "ARGS")]
    pub(crate) args: Vec<String>,
}

/// The strategies, by the names that policies have for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StrategyName {
    /// To native code
    Compiled,
    /// Without executable memory
    Interpreted,
}

impl From<StrategyName> for veracruz_engine::Strategy {
    fn from(name: StrategyName) -> Self {
        match name {
            StrategyName::Compiled => Self::Compiled,
            StrategyName::Interpreted => Self::Interpreted,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct MeasureArgs {
    /// The runtime's binary (beside this program unless given)
    #[arg(long, value_name = "FILE", env = "VERACRUZ_RUNTIME")]
    pub(crate) runtime: Option<PathBuf>,
    /// The same, without naming the option
    #[arg(value_name = "RUNTIME")]
    pub(crate) file: Option<PathBuf>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = MeasureFormat::Digest)]
    pub(crate) format: MeasureFormat,
    /// The key of an attester that may vouch for it (`veracruz attester --show-key`)
    #[arg(long = "attester", value_name = "KEY")]
    pub(crate) attesters: Vec<String>,
    /// Where the CoRIM goes; it is CBOR, which no terminal shows
    #[arg(long, value_name = "FILE", required_if_eq("format", "corim"))]
    pub(crate) out: Option<PathBuf>,
}

/// Forms of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum MeasureFormat {
    /// The digest alone
    Digest,
    /// The value of `isolates` in a policy, JSON
    Policy,
    /// Reference values as a CoRIM (draft-ietf-rats-corim), CBOR
    Corim,
}

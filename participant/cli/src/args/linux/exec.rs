//! `veracruz exec`: a program, offline.

use clap::Args;
use std::path::PathBuf;

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

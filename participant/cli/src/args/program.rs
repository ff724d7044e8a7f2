//! `veracruz check` and `measure`: programs and runtimes, offline.

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
    /// Replace a file that is there already
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
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

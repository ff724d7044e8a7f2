//! Which kind of isolate, and what it is started from.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The kinds that can be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolateName {
    /// A sandboxed process
    Process,
    /// A virtual machine that the attester measures and starts
    Microvm,
}

impl IsolateName {
    /// The name on the command line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Microvm => "microvm",
        }
    }
}

/// Isolates of one kind.
#[derive(Debug, Args)]
pub(crate) struct IsolateArgs {
    /// The kind of isolate to start
    #[arg(long, value_name = "KIND", value_enum, default_value = "process")]
    pub(crate) isolate: IsolateName,
    /// The image that machines are started from, a folder made by `veracruz image build`
    /// (target/images/KIND, or KIND in the folder that VERACRUZ_IMAGES names, unless given)
    #[arg(long, value_name = "DIR")]
    pub(crate) image: Option<PathBuf>,
    /// The runtime's binary for processes (beside this program unless given)
    #[arg(long, value_name = "FILE", env = "VERACRUZ_RUNTIME")]
    pub(crate) runtime: Option<PathBuf>,
}

//! What stands in for the options of commands that are for Linux, on other systems.

use clap::Args;
use std::ffi::OsString;

/// Whatever was written: the command says where it runs, not what is wrong with its options.
#[derive(Debug, Args)]
pub(crate) struct LinuxOnly {
    /// Not looked at: this command is for Linux
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) rest: Vec<OsString>,
}

pub(crate) type DemoArgs = LinuxOnly;
pub(crate) type ExecArgs = LinuxOnly;
pub(crate) type AttesterArgs = LinuxOnly;
pub(crate) type HostArgs = LinuxOnly;
pub(crate) type VerifierCommand = LinuxOnly;
pub(crate) type ImageLaunchLineArgs = LinuxOnly;

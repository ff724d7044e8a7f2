//! `veracruz completions` and `man`, and when text is coloured.

use clap::{Args, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// When text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    // No `///` here: with it, the help of every command would have a page on colours.
    // On a terminal that has colours, unless NO_COLOR is set.
    Auto,
    // Into files and pipes, too.
    Always,
    // Not at all.
    Never,
}

impl From<ColorWhen> for anstream::ColorChoice {
    fn from(when: ColorWhen) -> Self {
        match when {
            ColorWhen::Auto => Self::Auto,
            ColorWhen::Always => Self::Always,
            ColorWhen::Never => Self::Never,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command whose page is printed, as `policy check` (that of `veracruz` unless given)
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub(crate) out: Option<PathBuf>,
    /// Replace pages that are there already
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

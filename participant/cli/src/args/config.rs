//! `veracruz config`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting, its value, and where that comes from
    Show,
    /// Print which file is read
    Path,
}

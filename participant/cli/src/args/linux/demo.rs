//! `veracruz demo`.

use super::IsolateArgs;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) isolates: IsolateArgs,
    /// Which example: psi unless given; the folders in programs/examples are the others
    #[arg(value_name = "EXAMPLE", default_value = "psi")]
    pub(crate) name: String,
    /// The folder of the example, where it is not one of this repository's
    #[arg(long, value_name = "DIR")]
    pub(crate) example: Option<PathBuf>,
    /// The folder with the compiled programs
    /// (programs/target/wasm32-wasip1/release unless given)
    #[arg(long, value_name = "DIR", env = "VERACRUZ_PROGRAMS")]
    pub(crate) programs: Option<PathBuf>,
    /// Keep the demo's files in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

//! `veracruz upload` and `download`.

use super::Target;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// What goes where, as /input/name=FILE
    #[arg(value_name = "PATH=FILE", required = true)]
    pub(crate) files: Vec<Assignment>,
}

/// A path of the policy and a local file.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) path: String,
    pub(crate) file: PathBuf,
}

impl std::str::FromStr for Assignment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, file) = text
            .split_once('=')
            .ok_or("expected PATH=FILE, as /input/a.csv=a.csv")?;
        Ok(Self {
            path: path.to_owned(),
            file: file.into(),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct DownloadArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Which file of the policy
    #[arg(value_name = "PATH")]
    pub(crate) path: String,
    /// Where it goes
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    pub(crate) force: bool,
}

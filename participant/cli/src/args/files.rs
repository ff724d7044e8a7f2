//! `veracruz upload` and `download`.

use super::Target;
use clap::Args;
use std::path::PathBuf;
use veracruz_client::{Assignment as Transfer, Error, PlanError, RateLimit};

#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// What goes where: /input/a.csv=FILE (`-`: standard input), /input/=FOLDER/, '/input/*.csv=data/*.csv'
    #[arg(value_name = "PATH=FILE", required_unless_present = "all")]
    files: Vec<Transfer>,
    /// Every file that you provide, by its path in the policy below this folder
    #[arg(long, value_name = "FOLDER")]
    all: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) how: TransferArgs,
}

impl UploadArgs {
    /// What goes where.
    pub(crate) fn assignments(&self) -> Result<Vec<Transfer>, Error> {
        let mut assignments = self.files.clone();
        if let Some(folder) = &self.all {
            assignments.push(Transfer::all(folder)?);
        }
        Ok(assignments)
    }
}

#[derive(Debug, Args)]
pub(crate) struct DownloadArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Which file goes where: PATH with --output, or PATH=FILE, /output/=FOLDER/, '/output/*.csv=data/*.csv'
    #[arg(value_name = "PATH[=FILE]", required_unless_present = "all")]
    paths: Vec<String>,
    /// Where it goes: a file, a folder, or `-` for the standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Every file that is there for you, by its path in the policy below the folder of --output
    #[arg(long, conflicts_with = "paths", requires = "output")]
    all: bool,
    /// Replace files that are there already
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) how: TransferArgs,
}

impl DownloadArgs {
    /// What goes where.
    pub(crate) fn assignments(&self) -> Result<Vec<Transfer>, Error> {
        let Some(output) = &self.output else {
            let parse = |path: &String| Ok(path.parse::<Transfer>()?);
            return self.paths.iter().map(parse).collect();
        };
        if self.all {
            return Ok(vec![Transfer::all(output)?]);
        }
        let output = output.to_str().ok_or_else(|| PlanError::Malformed {
            found: output.display().to_string(),
            reason: "the name is not UTF-8",
        })?;
        let pair = |path: &String| Ok(Transfer::pair(path, output)?);
        self.paths.iter().map(pair).collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct TransferArgs {
    /// Send and take no more than this, as 10MiB/s
    #[arg(long, value_name = "RATE")]
    pub(crate) limit_rate: Option<RateLimit>,
    /// Connections for several files at once
    #[arg(long, value_name = "COUNT", default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(1..=16))]
    connections: u8,
    /// Say what would go where, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl TransferArgs {
    /// The limit, or none.
    pub(crate) fn limit(&self) -> RateLimit {
        self.limit_rate.clone().unwrap_or_default()
    }

    /// How many connections so many files are worth.
    pub(crate) fn connections(&self, files: usize) -> usize {
        usize::from(self.connections).min(files).max(1)
    }
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

//! `veracruz policy`.

use super::{PolicyApprovalsArgs, PolicyApproveArgs};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use veracruz_policy::Timestamp;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say whether a policy is valid, with line and column of what is not
    ///
    /// Ends with 3 where it is not, and with `--strict` also where there are warnings.
    Check(PolicyCheckArgs),
    /// Print the hash that identifies a policy
    Hash(PolicyFile),
    /// Say in plain sentences what a policy means, and what it does not protect
    Explain(PolicyExplainArgs),
    /// Say what the change from one policy to another means, and for whom
    ///
    /// Ends with 9 where the two differ, and with 0 where they have one hash.
    Diff(PolicyDiffArgs),
    /// Draft a policy: psi, psi-sum, train, infer, query, auction, survey or blank
    ///
    /// On a terminal it asks for what is not given.
    New(Box<PolicyNewArgs>),
    /// Sign that you agree to a policy, without a connection
    Approve(Box<PolicyApproveArgs>),
    /// Say whether signed approvals are enough for a run, and for which instances
    ///
    /// Ends with 0 where every required approval is there, with 9 where one is missing, and with 4
    /// where one is not genuine.
    Approvals(PolicyApprovalsArgs),
    /// Print the JSON Schema of policies, with which editors complete and check
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyFile {
    /// The policy
    #[arg(value_name = "POLICY")]
    pub(crate) policy: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyCheckArgs {
    #[command(flatten)]
    pub(crate) file: PolicyFile,
    /// End with 3 where there are warnings, too: for scripts
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyExplainArgs {
    #[command(flatten)]
    pub(crate) file: PolicyFile,
    /// Whose point of view (everybody's unless given)
    #[arg(long = "for", value_name = "PARTICIPANT")]
    pub(crate) reader: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Writing::Text)]
    pub(crate) format: Writing,
    /// The date at the top of Markdown and HTML, as 2027-01-01T00:00:00Z (now unless given)
    #[arg(long, value_name = "RFC3339")]
    pub(crate) date: Option<Timestamp>,
}

/// Ways to write sentences down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Writing {
    /// Lines, with `!` before what nobody should miss
    Text,
    /// Markdown
    Markdown,
    /// One HTML page
    Html,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyDiffArgs {
    /// The policy before
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The policy after
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PolicyNewArgs {
    /// What kind of computation: psi, psi-sum, train, infer, query, auction, survey, blank
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: Option<String>,
    /// What the parties call it (the template's name unless given)
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Who provides data, with the certificate
    #[arg(long, value_name = "NAME=CERTIFICATE")]
    pub(crate) data: Vec<Named>,
    /// Who provides the program, with the certificate
    #[arg(long, value_name = "NAME=CERTIFICATE")]
    pub(crate) program_by: Option<Named>,
    /// Who receives results too; for infer, query and auction the first one gives the model, the
    /// query or what is for sale
    #[arg(long = "receiver", value_name = "NAME=CERTIFICATE")]
    pub(crate) receivers: Vec<Named>,
    /// The program, to fix it by its digest; without it, its provider may give any
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
    /// The acceptable isolates, as `veracruz measure --format policy` prints them; several files
    /// are put together
    #[arg(long, value_name = "FILE")]
    pub(crate) isolates: Vec<PathBuf>,
    /// Isolates of kind `process`, which do not protect from the host: the attester's key
    #[arg(long = "attester", value_name = "KEY", conflicts_with = "isolates")]
    pub(crate) attesters: Vec<String>,
    /// Their runtime's binary (beside this program unless given)
    #[arg(long, value_name = "FILE", env = "VERACRUZ_RUNTIME")]
    pub(crate) runtime: Option<PathBuf>,
    /// When the policy ends, as 2027-01-01T00:00:00Z or 2027-01-01, or `never` (in half a year
    /// unless given)
    #[arg(long, value_name = "RFC3339")]
    pub(crate) expires: Option<Ends>,
    /// Where the draft goes (printed unless given)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replace a file that is there already
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// When a policy ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// At that time.
    At(Timestamp),
    /// Not at all.
    Never,
}

impl std::str::FromStr for Ends {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let midnight = format!("{text}T00:00:00Z");
        text.parse()
            .or_else(|_| midnight.parse())
            .map(Self::At)
            .map_err(|_| "expected a time as 2027-01-01T00:00:00Z, a day as 2027-01-01, or `never`")
    }
}

/// A participant's name and the file of its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

impl std::str::FromStr for Named {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, file) = text
            .split_once('=')
            .ok_or("expected NAME=CERTIFICATE, as acme=acme.crt")?;
        Ok(Self {
            name: name.to_owned(),
            file: file.into(),
        })
    }
}

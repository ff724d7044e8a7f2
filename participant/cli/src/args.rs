//! The command line: every command and option, and nothing of what they do.

mod agreement;
mod approval;
mod attestation;
mod config;
mod files;
mod identity;
mod image;
mod launch;
mod ledger;
mod new;
mod policy;
mod program;
mod receipt;
mod shell;
mod target;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

pub(crate) use agreement::{PolicyApprovalsArgs, PolicyApproveArgs};
pub(crate) use approval::{ApproveArgs, AttestArgs, RunArgs, StatusArgs, WithdrawArgs};
pub(crate) use attestation::{
    AppraiseArgs, CollateralAddArgs, CollateralCommand, CollateralFileArgs, CollateralStoreArgs,
};
pub(crate) use config::ConfigCommand;
pub(crate) use files::{DownloadArgs, UploadArgs};
pub(crate) use identity::{IdentityCommand, IdentityFile, IdentityNewArgs, IdentityPassphraseArgs};
pub(crate) use image::{ImageBuildArgs, ImageCommand, ImageFormat, ImageMeasureArgs};
pub(crate) use launch::LaunchArgs;
pub(crate) use ledger::{LedgerCommand, LedgerShowArgs};
pub(crate) use new::{Language, NewArgs};
pub(crate) use policy::{
    Ends, Named, PolicyCheckArgs, PolicyCommand, PolicyDiffArgs, PolicyExplainArgs, PolicyFile,
    PolicyNewArgs, Writing,
};
pub(crate) use program::{CheckArgs, MeasureArgs, MeasureFormat};
pub(crate) use receipt::{
    HeldFile, JudgeAt, ReceiptCommand, ReceiptCompareArgs, ReceiptFetchArgs, ReceiptPolicyArgs,
    ReceiptShowArgs, ReceiptVerifyArgs,
};
pub(crate) use shell::{ColorWhen, CompletionsArgs, ManArgs};
pub(crate) use target::Target;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::*;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;

use crate::output::Format;
use clap::{ArgAction, Args, Parser, Subcommand};
use std::path::PathBuf;

/// The heading of options that every command has.
const EVERYWHERE: &str = "Everywhere";

/// Several parties compute together, and nobody sees anybody else's data.
#[derive(Debug, Parser)]
#[command(name = "veracruz", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// Print one JSON document instead of text
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,
    /// Print nothing but errors
    #[arg(long, short, global = true, conflicts_with = "json", help_heading = EVERYWHERE)]
    pub(crate) quiet: bool,
    /// Tell what happens on the standard error output; twice, tell more
    #[arg(long, short, global = true, action = ArgAction::Count, conflicts_with = "quiet",
        help_heading = EVERYWHERE)]
    pub(crate) verbose: u8,
    /// When text is coloured: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorWhen::Auto,
        env = "VERACRUZ_COLOR", hide_possible_values = true, help_heading = EVERYWHERE)]
    pub(crate) color: ColorWhen,
    /// The file with settings (veracruz.toml in ~/.veracruz unless given)
    #[arg(long, global = true, value_name = "FILE", env = "VERACRUZ_CONFIG",
        help_heading = EVERYWHERE)]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// How the command's results are printed.
    pub(crate) fn format(&self) -> Format {
        match (self.json, self.quiet) {
            (true, _) => Format::Json,
            (false, true) => Format::Quiet,
            (false, false) => Format::Text,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole system at work: real data, every role, three attacks refused
    Demo(DemoArgs),
    /// Make the key by which a policy knows you
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Check, explain and compare policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Begin a program: a project that builds, with data, a test and a policy
    New(NewArgs),
    /// Say what a program needs, and whether it can run
    Check(CheckArgs),
    /// Run a program here, without an isolate, as an isolate would run it
    Exec(ExecArgs),
    /// Print the measurement of a runtime, as a policy names it
    Measure(MeasureArgs),
    /// Make the images that isolates are started from, and print what they measure to
    #[command(subcommand)]
    Image(ImageCommand),
    /// Judge attestation evidence in a file
    Appraise(AppraiseArgs),
    /// Keep what vendors publish about their hardware, for offline use
    #[command(subcommand)]
    Collateral(CollateralCommand),
    /// Run the software root of trust for isolates without hardware
    Attester(AttesterArgs),
    /// Lend this machine: route connections and start isolates
    Host(HostArgs),
    /// Say which kinds of isolate this machine can start, and whom each protects
    Isolates,
    /// Start an isolate with a policy on a host
    Launch(LaunchArgs),
    /// Run an attestation service, and say whom it knows
    #[cfg_attr(target_os = "linux", command(subcommand))]
    Verifier(VerifierCommand),
    /// Say where a computation stands
    Status(StatusArgs),
    /// Check what is at the far end of your connection
    Attest(AttestArgs),
    /// Sign that you agree to this policy at this instance
    Approve(ApproveArgs),
    /// Give a file to the computation
    Upload(UploadArgs),
    /// Start the run, and wait for its end
    Run(RunArgs),
    /// Fetch a file that you may receive
    Download(DownloadArgs),
    /// Take back your approval; your inputs are erased
    Withdraw(WithdrawArgs),
    /// Fetch, show, verify or compare receipts of runs
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Say what you have entrusted to which isolate
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Explain an error code: its cause, whose fault it is, and what to do
    Explain(ExplainArgs),
    /// Say which settings hold, and where each comes from
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print what completes commands in a shell
    Completions(CompletionsArgs),
    /// Print or write manual pages
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, as VC-0412 or 412; all are listed where none is given
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}

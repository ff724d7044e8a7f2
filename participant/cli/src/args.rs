//! The command line: every command and option, and nothing of what they do.

mod attestation;
mod image;
mod isolate;
mod limits;
mod policy;
mod verifier;

pub(crate) use attestation::{
    AppraiseArgs, CollateralAddArgs, CollateralCommand, CollateralFileArgs, CollateralStoreArgs,
};
pub(crate) use image::{
    ImageBuildArgs, ImageCommand, ImageFormat, ImageLaunchLineArgs, ImageMeasureArgs, ProtectedKind,
};
pub(crate) use isolate::{IsolateArgs, IsolateName};
pub(crate) use limits::LimitArgs;
pub(crate) use policy::{
    Named, PolicyCommand, PolicyDiffArgs, PolicyExplainArgs, PolicyFile, PolicyNewArgs, Writing,
};
pub(crate) use verifier::{
    VerifierCommand, VerifierEnrollArgs, VerifierFolder, VerifierInitArgs, VerifierListArgs,
    VerifierRevokeArgs, VerifierServeArgs,
};

use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Several parties compute together, and nobody sees anybody else's data.
#[derive(Debug, Parser)]
#[command(name = "veracruz", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
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
    #[command(subcommand)]
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
    /// Fetch or verify the receipt of a run
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Explain an error code
    Explain(ExplainArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Make a new key and a certificate for it
    New(IdentityNewArgs),
    /// Print the certificate of an identity, for a policy
    Certificate(IdentityFile),
}

#[derive(Debug, Args)]
pub(crate) struct IdentityNewArgs {
    /// Your name, as the certificate shall say it (a policy knows you by the key alone)
    #[arg(long)]
    pub(crate) name: String,
    /// Where the key goes (readable by you alone); the certificate goes beside it as .crt
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityFile {
    /// Your identity
    #[arg(long, value_name = "FILE", env = "VERACRUZ_IDENTITY")]
    pub(crate) identity: PathBuf,
}

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
pub(crate) struct ExecArgs {
    /// The program: a core module or a component, which you trust
    #[arg(value_name = "PROGRAM")]
    pub(crate) program: PathBuf,
    /// A folder, and the name by which the program knows it (the same, where none is given);
    /// changes are written back
    #[arg(long = "dir", value_name = "HOST[:GUEST]")]
    pub(crate) dirs: Vec<String>,
    /// A variable of the program's environment
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Arguments, environment, limits and strategy of this policy's stage
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Which of the policy's stages, counted from 1
    #[arg(long, value_name = "NUMBER", requires = "policy")]
    pub(crate) stage: Option<usize>,
    /// How it runs
    #[arg(long, value_enum)]
    pub(crate) strategy: Option<StrategyName>,
    /// Instructions that it may take, about
    #[arg(long, value_name = "COUNT")]
    pub(crate) fuel: Option<u64>,
    /// Print what it used to the standard error output, as JSON
    #[arg(long)]
    pub(crate) stats: bool,
    /// The program's arguments; those that begin with a dash after `--`
    #[arg(value_name = "ARGS")]
    pub(crate) args: Vec<String>,
}

/// The strategies, by the names that policies have for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StrategyName {
    /// To native code
    Compiled,
    /// Without executable memory
    Interpreted,
}

impl From<StrategyName> for veracruz_engine::Strategy {
    fn from(name: StrategyName) -> Self {
        match name {
            StrategyName::Compiled => Self::Compiled,
            StrategyName::Interpreted => Self::Interpreted,
        }
    }
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

#[derive(Debug, Args)]
pub(crate) struct AttesterArgs {
    /// Where its key is kept; made on first use
    #[arg(long, value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// The socket at which the host reaches it
    #[arg(long, value_name = "PATH", required_unless_present = "show_key")]
    pub(crate) socket: Option<PathBuf>,
    /// Print the key that a policy names, and stop
    #[arg(long)]
    pub(crate) show_key: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HostArgs {
    /// Where participants connect
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7443")]
    pub(crate) listen: SocketAddr,
    /// Where computations are managed (loopback only)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7444")]
    pub(crate) management: SocketAddr,
    /// The attester's socket
    #[arg(long, value_name = "PATH")]
    pub(crate) attester: PathBuf,
    /// Where the management token is kept; made on first use
    #[arg(long, value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// A verifier to which isolates' requests for certificates are carried (https://NAME:PORT)
    #[arg(long, value_name = "URL", requires = "verifier_ca")]
    pub(crate) verifier: Vec<String>,
    /// Who certifies the TLS of these verifiers, PEM
    #[arg(long, value_name = "FILE", requires = "verifier")]
    pub(crate) verifier_ca: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) isolates: IsolateArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LaunchArgs {
    /// The policy
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// The host's management address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7444")]
    pub(crate) management: SocketAddr,
    /// The file with the management token
    #[arg(long, value_name = "FILE")]
    pub(crate) token: PathBuf,
}

/// Which computation, where, and as whom.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Your own copy of the policy
    #[arg(long, value_name = "FILE", env = "VERACRUZ_POLICY")]
    pub(crate) policy: PathBuf,
    /// Where the host takes participants' connections
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "VERACRUZ_HOST",
        default_value = "127.0.0.1:7443"
    )]
    pub(crate) host: String,
    #[command(flatten)]
    pub(crate) identity: IdentityFile,
    /// Accept an isolate that does not protect your data from the host
    #[arg(long)]
    pub(crate) accept_unprotected: bool,
    /// Go to another instance than the one that you have provisioned before
    #[arg(long)]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) collateral: CollateralStoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The host's management address, to ask when the isolate does not answer
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) management: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct AttestArgs {
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    #[command(flatten)]
    pub(crate) target: Target,
}

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
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) target: Target,
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

#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Fetch the receipt of a run
    Fetch(ReceiptFetchArgs),
    /// Say what a receipt proves, offline
    Verify(ReceiptVerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptFetchArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Which run, counted from 1
    #[arg(long, default_value_t = 1)]
    pub(crate) run: u32,
    /// Where it goes
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptVerifyArgs {
    /// The receipt
    #[arg(value_name = "RECEIPT")]
    pub(crate) receipt: PathBuf,
    /// Your own copy of the policy
    #[arg(long, value_name = "FILE", env = "VERACRUZ_POLICY")]
    pub(crate) policy: PathBuf,
    /// An output that you hold (its opening is read from FILE.opening.json beside it)
    #[arg(long = "output", value_name = "FILE")]
    pub(crate) outputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) collateral: CollateralStoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, as VC-0412
    #[arg(value_name = "CODE")]
    pub(crate) code: String,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) isolates: IsolateArgs,
    /// The folder of the example (programs/examples/psi unless given)
    #[arg(long, value_name = "DIR")]
    pub(crate) example: Option<PathBuf>,
    /// The example's compiled program
    #[arg(long, value_name = "FILE", env = "VERACRUZ_PSI_PROGRAM")]
    pub(crate) program: Option<PathBuf>,
    /// Keep the demo's files in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

//! What can go wrong at the command line, and how it is said.

use crate::config::ConfigError;
use crate::exit;
#[cfg(target_os = "linux")]
use crate::local::LocalError;
use crate::output::{self, Format};
use serde_json::{Value, json};
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;
use veracruz_client::ErrorClass;
use veracruz_policy::PolicyErrors;
use veracruz_protocol::ErrorCode;

/// Every way in which a command fails.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum CliError {
    /// The participant's library refused, or was refused.
    #[error("{0}")]
    Client(#[from] veracruz_client::Error),
    /// The policy is not valid.
    #[error("{path}: {errors}", path = .path.display())]
    Policy {
        path: PathBuf,
        document: Vec<u8>,
        errors: PolicyErrors,
    },
    /// A file of the caller's cannot be used.
    #[error("{path}: {source}", path = .path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    /// Something that belongs to this program is not where it should be.
    #[error("{what} is not at {path}", path = .path.display())]
    Missing { what: &'static str, path: PathBuf },
    /// The command line cannot be understood.
    #[error("{}", usage_message(.0))]
    Usage(Box<clap::Error>),
    /// The file of settings cannot be used.
    #[error("{0}")]
    Configuration(#[from] ConfigError),
    /// The standard output does not take what is written to it.
    #[error("standard output: {0}")]
    Output(io::Error),
    /// There is a file already where one should be put.
    #[error("{} exists and is not overwritten", .path.display())]
    Exists { path: PathBuf },
    /// An argument means nothing.
    #[error("expected {expected}, found {found}")]
    Argument { expected: String, found: String },
    /// A run ended without a result.
    #[error("run {run} {outcome}")]
    Run {
        run: u32,
        outcome: String,
        code: Option<ErrorCode>,
    },
    /// A program cannot run, or not under this policy.
    #[error("the program does not fit: {}", .problems.join("; "))]
    Unfit {
        problems: Vec<String>,
        document: Value,
    },
    /// A program that `exec` ran was refused, or failed.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "of Linux"))]
    #[error("{message}")]
    Program {
        message: String,
        code: ErrorCode,
        exit: u8,
    },
    /// A service on this machine did not start, or stopped.
    #[error("{0}")]
    Service(String),
    /// This machine cannot start isolates of a kind.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "of Linux"))]
    #[error(
        "isolates of kind {kind} cannot start here: {}",
        .missing.join("; ")
    )]
    Lacks { kind: String, missing: Vec<String> },
    /// A command that this system cannot have.
    #[cfg_attr(target_os = "linux", expect(dead_code, reason = "of other systems"))]
    #[error("`veracruz {command}` runs on Linux only")]
    LinuxOnly { command: &'static str },
    /// An image, or what it is made of, is not what it should be.
    #[error("{0}")]
    Image(#[from] veracruz_images::ImageError),
    /// A process of the demo failed.
    #[cfg(target_os = "linux")]
    #[error("{0}")]
    Local(#[from] LocalError),
    /// The demo saw something else than it promises.
    #[cfg(target_os = "linux")]
    #[error("the demo expected {expected}, and found {found}")]
    Demo { expected: String, found: String },
}

impl CliError {
    /// A file that cannot be used.
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }

    /// Something else than the demo promises.
    #[cfg(target_os = "linux")]
    pub(crate) fn demo(expected: &str, found: &dyn Display) -> Self {
        Self::Demo {
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }

    /// A program that does not fit, with all that was found out about it.
    pub(crate) fn unfit(problems: Vec<String>, document: Value) -> Self {
        Self::Unfit { problems, document }
    }

    /// Something else than a command understands.
    pub(crate) fn argument(expected: &str, found: &dyn Display) -> Self {
        Self::Argument {
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }

    /// Whether what failed is a disk without room.
    fn lacks_room(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull, WriteZero};
        let error = match self {
            Self::File { source, .. } | Self::Output(source) => source,
            Self::Client(veracruz_client::Error::File { source, .. }) => source,
            _ => return false,
        };
        matches!(error.kind(), StorageFull | QuotaExceeded | WriteZero)
    }

    /// The stable code.
    pub(crate) fn code(&self) -> String {
        match self {
            full if full.lacks_room() => ErrorCode::NoRoom.to_string(),
            Self::Configuration(_) => ErrorCode::ConfigurationWrong.to_string(),
            Self::Exists { .. } => ErrorCode::DestinationExists.to_string(),
            Self::Output(_) => ErrorCode::FileUnreadable.to_string(),
            Self::Usage(_) => ErrorCode::UsageWrong.to_string(),
            Self::Client(error) => error.code().to_owned(),
            Self::Policy { errors, .. } => errors
                .iter()
                .next()
                .map_or("VC-0100", |error| error.code())
                .to_owned(),
            Self::File { .. } | Self::Missing { .. } => ErrorCode::FileUnreadable.to_string(),
            Self::Argument { .. } => ErrorCode::UsageWrong.to_string(),
            Self::Image(_) => ErrorCode::ImageUnusable.to_string(),
            Self::Lacks { .. } => ErrorCode::HardwareMissing.to_string(),
            Self::Unfit { .. } => ErrorCode::ProgramRefused.to_string(),
            Self::Program { code, .. } => code.to_string(),
            Self::Run { code, .. } => code.unwrap_or(ErrorCode::RunIsolateFailed).to_string(),
            Self::LinuxOnly { .. } => ErrorCode::SystemUnsupported.to_string(),
            Self::Service(_) => ErrorCode::ServiceFailed.to_string(),
            #[cfg(target_os = "linux")]
            Self::Local(LocalError::Refused(refusal)) => refusal.code.clone(),
            #[cfg(target_os = "linux")]
            Self::Local(_) | Self::Demo { .. } => ErrorCode::Internal.to_string(),
        }
    }

    fn hint(&self) -> String {
        match self {
            full if full.lacks_room() => ErrorCode::NoRoom.hint().to_owned(),
            Self::Configuration(error) => {
                let own = || ErrorCode::ConfigurationWrong.hint().to_owned();
                error.hint.clone().unwrap_or_else(own)
            }
            Self::Exists { .. } => ErrorCode::DestinationExists.hint().to_owned(),
            Self::Output(_) => ErrorCode::FileUnreadable.hint().to_owned(),
            Self::Usage(error) => usage_hint(error),
            Self::Client(error) => error.hint().to_owned(),
            Self::Policy { errors, .. } => errors
                .iter()
                .next()
                .map(|error| error.hint())
                .unwrap_or_default(),
            Self::File { .. } => ErrorCode::FileUnreadable.hint().to_owned(),
            Self::Unfit { .. } => ErrorCode::ProgramRefused.hint().to_owned(),
            Self::Program { code, .. } => code.hint().to_owned(),
            Self::Image(_) => ErrorCode::ImageUnusable.hint().to_owned(),
            Self::Lacks { .. } => ErrorCode::HardwareMissing.hint().to_owned(),
            Self::Missing { .. } => {
                "name another place, or build everything with `cargo xtask build`".to_owned()
            }
            Self::Argument { .. } => "add `--help` to see what the command takes".to_owned(),
            Self::Run { code, .. } => code
                .unwrap_or(ErrorCode::RunIsolateFailed)
                .hint()
                .to_owned(),
            Self::Service(_) => ErrorCode::ServiceFailed.hint().to_owned(),
            Self::LinuxOnly { .. } => ErrorCode::SystemUnsupported.hint().to_owned(),
            // What a command that this one started was told.
            #[cfg(target_os = "linux")]
            Self::Local(LocalError::Refused(refusal)) => refusal.hint().to_owned(),
            #[cfg(target_os = "linux")]
            Self::Local(_) | Self::Demo { .. } => {
                "this is a fault of Veracruz: please report it".to_owned()
            }
        }
    }

    /// What happened, in one line, without the code and without what was expected and found.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Client(veracruz_client::Error::Refused(problem)) => match &problem.detail {
                Some(detail) => format!("{} ({detail})", problem.code.title()),
                None => problem.code.title().to_owned(),
            },
            #[cfg(target_os = "linux")]
            Self::Local(LocalError::Refused(refusal)) => refusal.message.clone(),
            other => other.to_string(),
        }
    }

    /// What would have been right, and what was found instead, where that is known.
    fn expected_and_found(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Client(veracruz_client::Error::Refused(problem)) => {
                (problem.expected.clone(), problem.found.clone())
            }
            Self::Client(error) => error.expected_and_found().unzip(),
            _ => (None, None),
        }
    }

    /// One of [`exit::EXIT_CODES`].
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Client(error) => error.class().exit_code(),
            Self::Policy { .. }
            | Self::Configuration(_)
            | Self::Exists { .. }
            | Self::File { .. }
            | Self::Output(_)
            | Self::Missing { .. }
            | Self::Unfit { .. }
            | Self::Image(_) => ErrorClass::Local.exit_code(),
            Self::Program { exit, .. } => *exit,
            Self::Run { .. } => ErrorClass::Refused.exit_code(),
            Self::Service(_) | Self::Lacks { .. } => ErrorClass::Unavailable.exit_code(),
            Self::Argument { .. } | Self::LinuxOnly { .. } | Self::Usage(_) => exit::USAGE,
            #[cfg(target_os = "linux")]
            Self::Local(LocalError::Refused(refusal)) => refusal.exit_code(),
            #[cfg(target_os = "linux")]
            Self::Local(_) | Self::Demo { .. } => exit::INTERNAL,
        }
    }

    /// Prints it to the standard error output.
    pub(crate) fn print(&self, format: Format) {
        let text = match format {
            Format::Json => format!("{}\n", self.document()),
            Format::Text | Format::Quiet => self.text(),
        };
        output::complain(format, &text);
    }

    fn document(&self) -> Value {
        let mut document = serde_json::Map::new();
        let mut put = |field: &str, value: Value| document.insert(field.to_owned(), value);
        put("code", self.code().into());
        put("message", self.message().into());
        put("hint", self.hint().into());
        if let Some(code) = ErrorCode::parse(&self.code()) {
            put("fault", code.fault().name().into());
        }
        let (expected, found) = self.expected_and_found();
        for (field, value) in [("expected", expected), ("found", found)] {
            if let Some(value) = value {
                put(field, value.into());
            }
        }
        if let Self::Configuration(ConfigError { path, place, .. }) = self {
            put("file", json!(path));
            if let Some((line, column)) = place {
                put("line", json!(line));
                put("column", json!(column));
            }
        }
        if let Self::Unfit { document, .. } = self {
            put("program", document.clone());
        }
        if let Self::Policy { errors, .. } = self {
            let errors = errors.iter().map(|error| {
                json!({
                    "code": error.code(),
                    "line": error.line(),
                    "column": error.column(),
                    "pointer": error.pointer(),
                    "message": error.cause().to_string(),
                    "hint": error.hint(),
                })
            });
            put("errors", errors.collect());
        }
        document.into()
    }

    fn text(&self) -> String {
        match self {
            Self::Policy {
                path,
                document,
                errors,
            } => crate::commands::policy::text(path, document, errors),
            // With the usage of that command, as clap writes it.
            Self::Usage(error) => {
                let text = error.render().to_string();
                text.replacen("error:", &format!("error[{}]:", self.code()), 1)
            }
            _ => {
                let mut text = format!("error[{}]: {}\n", self.code(), self.message());
                let (expected, found) = self.expected_and_found();
                for (label, value) in [("expected:", expected), ("found:   ", found)] {
                    if let Some(value) = value {
                        text.push_str(&format!("  {label} {value}\n"));
                    }
                }
                text.push_str(&format!("  hint: {}\n", self.hint()));
                text
            }
        }
    }
}

/// What clap says is wrong, in one line.
fn usage_message(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| !line.is_empty());
    let message = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    // A command that lacks its subcommand is answered with its help.
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    match error.kind() {
        clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "a command is missing".to_owned()
        }
        _ => message.to_owned(),
    }
}

/// What clap proposes, or where to look.
fn usage_hint(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let tip = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("tip: "));
    tip.map_or_else(
        || "add `--help` to see what the command takes".to_owned(),
        str::to_owned,
    )
}

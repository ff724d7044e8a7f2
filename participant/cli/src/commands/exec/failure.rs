//! What it means for the caller that a program was refused, or failed.

use crate::error::CliError;
use veracruz_client::ErrorClass;
use veracruz_engine::{EngineError, LimitName};
use veracruz_protocol::ErrorCode;

/// What a shell says of a process that aborted itself, and other runners of a program's trap.
const TRAPPED: u8 = 134;

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        Self::Program {
            message: error.to_string(),
            code: program_code(&error),
            exit: match error {
                EngineError::Trap { .. } => TRAPPED,
                _ => ErrorClass::Refused.exit_code(),
            },
        }
    }
}

/// The code under which an isolate would have told of this.
fn program_code(error: &EngineError) -> ErrorCode {
    match error {
        EngineError::InvalidModule { .. }
        | EngineError::UnsupportedImport { .. }
        | EngineError::ImportSignature { .. }
        | EngineError::MissingExport { .. } => ErrorCode::ProgramRefused,
        EngineError::Trap { .. } => ErrorCode::RunProgramFailed,
        EngineError::Limit { name, .. } => match name {
            LimitName::Time | LimitName::CpuTime => ErrorCode::RunOutOfTime,
            LimitName::Memory => ErrorCode::RunOutOfMemory,
            _ => ErrorCode::RunOverLimit,
        },
        _ => ErrorCode::RunIsolateFailed,
    }
}

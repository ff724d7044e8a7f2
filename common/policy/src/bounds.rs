//! How much a policy may hold: what bounds the work and memory of whoever reads one.

/// Most bytes of a policy's own name.
pub const MAX_POLICY_NAME_BYTES: usize = 128;
/// Most bytes of a description.
pub const MAX_DESCRIPTION_BYTES: usize = 16 * 1024;
/// Most participants.
pub const MAX_PARTICIPANTS: usize = 256;
/// Most bytes of a certificate as PEM.
pub const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;
/// Most files.
pub const MAX_FILES: usize = 1024;
/// Most bytes of one file: 1 TiB.
pub const MAX_FILE_BYTES: u64 = 1 << 40;
/// Most bytes of all files together: 16 TiB.
pub const MAX_TOTAL_FILE_BYTES: u64 = 1 << 44;
/// Most digests of a file or an isolate, and most attesters.
pub const MAX_DIGESTS: usize = 64;
/// Most verifiers.
pub const MAX_VERIFIERS: usize = 16;
/// Most bytes of a public key as PEM.
pub const MAX_KEY_BYTES: usize = 4 * 1024;
/// Most advisories of one exception to a TCB.
pub const MAX_ADVISORIES: usize = 64;
/// Most stages.
pub const MAX_STAGES: usize = 64;
/// Most arguments of a stage.
pub const MAX_ARGS: usize = 1024;
/// Most environment variables of a stage.
pub const MAX_ENV: usize = 256;
/// Most bytes of an argument or of an environment variable's value.
pub const MAX_ARG_BYTES: usize = 64 * 1024;
/// Most bytes of a program's call stack: as much as the engine can give, 4 MiB.
pub const MAX_STACK_BYTES: u64 = 4 << 20;
/// Most entries of a stage's `read`, and of its `write`.
pub const MAX_RIGHTS: usize = 256;
/// Most runs of one instance.
pub const MAX_RUNS: u32 = 1_000_000;

//! The binary `veracruz`: parses, calls, prints. The logic is in the libraries.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    veracruz_cli::main()
}

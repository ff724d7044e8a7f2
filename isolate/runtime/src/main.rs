//! The measured program: what an isolate executes, and all that it executes.

use std::process::ExitCode;

// musl's allocator returns every large buffer to the kernel, which costs TLS five times its speed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match veracruz_runtime::start(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads an isolate's output; the class is the host's to see.
        Err(fault) => ExitCode::from(fault.class()),
    }
}

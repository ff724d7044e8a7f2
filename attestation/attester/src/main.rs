//! The attester as a program of its own: `veracruz-attester STATE_DIR`.

use std::env;
use std::process::ExitCode;

use veracruz_attester::{Config, serve};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(state_dir), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: veracruz-attester STATE_DIR");
        return ExitCode::from(2);
    };
    match serve(&Config::in_dir(state_dir), |_| {}) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("veracruz-attester: {error}");
            ExitCode::FAILURE
        }
    }
}

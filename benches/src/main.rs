//! Measures what `SPECIFICATION.md` promises: `cargo xtask bench` builds and starts this.
//!
//! It is built as the runtime is (static, with the same allocator), and programs run in it through
//! `veracruz-engine` as they do in an isolate. It is *not* a test: it says what it measured and
//! fails only where it could not measure, or where two builds of a kernel disagree.

mod child;
mod clang;
mod failure;
mod files;
mod guest;
mod kernels;
mod launch;
mod report;
mod start;
mod statistics;
mod strategies;

use std::path::PathBuf;
use std::process::ExitCode;

use veracruz_engine::Spawner;

use failure::Failure;
use report::Report;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: veracruz-benches NAME FOLDER, where NAME is kernels, start, files, strategies or launch \
                     and FOLDER is for what is built and for NAME.json";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if let (Some("attester"), Some(state)) = (
        arguments.next().as_deref().and_then(|name| name.to_str()),
        arguments.next(),
    ) {
        eprintln!("error: {}", launch::attester(state.as_ref()));
        return ExitCode::FAILURE;
    }
    // Workers are forks of this process as it is now.
    let result = Spawner::fork()
        .map_err(|error| Failure::new(format!("the spawner did not start: {error}")))
        .and_then(|spawner| bench(&spawner));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn bench(spawner: &Spawner) -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(folder), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(Failure::new(USAGE));
    };
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    if name == "launch" {
        let report = launch::bench(&folder)?;
        report.print();
        return report.write(&folder.join("launch.json"));
    }
    let clang = match clang::find(&folder) {
        Ok(clang) => clang,
        Err(why) => {
            println!("SKIPPED: {name}: {why}");
            return Ok(());
        }
    };
    let report: Report = match name.as_str() {
        "kernels" => kernels::bench(spawner, &clang)?,
        "start" => start::bench(spawner, &clang)?,
        "files" => files::bench(spawner, &clang)?,
        "strategies" => strategies::bench(spawner, &clang)?,
        _ => return Err(Failure::new(USAGE)),
    };
    report.print();
    report.write(&folder.join(format!("{name}.json")))
}

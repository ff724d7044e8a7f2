//! What `SPECIFICATION.md` promises, measured.

use std::process::Command;

use crate::artifacts::target_directory;
use crate::process::{self, Failure};
use crate::runtime::{self, Build};
use crate::setup;
use crate::steps::Steps;

const PACKAGE: &str = "veracruz-benches";

const NAMES: [&str; 5] = ["kernels", "start", "files", "strategies", "launch"];

/// Runs the benches of these names, or all.
pub(crate) fn bench(names: &[String], steps: &mut Steps) -> Result<(), Failure> {
    let names = chosen(names)?;
    setup::setup_benches(steps)?;
    let build = Build::here(runtime::TARGET)?;
    steps.step("build the benches (as the runtime is built)", || {
        process::run(&mut build.command(PACKAGE)?)
    })?;
    let target = target_directory("Cargo.toml")?;
    let program = build.program(PACKAGE);
    let runtime = build.program("veracruz-runtime");
    if names.contains(&"launch") {
        steps.step("build the runtime (static, reproducible)", || {
            process::run(&mut build.command("veracruz-runtime")?)
        })?;
    }
    for name in names {
        steps.step(&format!("bench {name}"), || {
            let mut bench = Command::new(&program);
            bench.arg(name).arg(target.join("benches"));
            process::run(bench.env("VERACRUZ_RUNTIME", &runtime))
        })?;
    }
    steps.print_times();
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&str>, Failure> {
    if names.is_empty() {
        return Ok(NAMES.to_vec());
    }
    for name in names {
        if !NAMES.contains(&name.as_str()) {
            return Err(Failure::new(format!(
                "no bench `{name}`: there are {}",
                NAMES.join(", ")
            )));
        }
    }
    Ok(names.iter().map(String::as_str).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_without_a_name_is_all_of_them() {
        assert_eq!(chosen(&[]).unwrap(), NAMES);
        assert_eq!(chosen(&["start".to_owned()]).unwrap(), ["start"]);
    }

    #[test]
    fn an_unknown_bench_is_refused_before_anything_is_built() {
        assert!(chosen(&["starts".to_owned()]).is_err());
    }
}

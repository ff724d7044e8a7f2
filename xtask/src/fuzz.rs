//! Coverage-guided fuzzing of everything that reads bytes from outside: the targets of `fuzz/`.
//!
//! Needs no nightly toolchain and no `cargo-fuzz`: instrumentation is an option of every rustc, and
//! libFuzzer comes with the crate `libfuzzer-sys`. Who has `cargo-fuzz` can use it too, with
//! `--sanitizer none`. An address sanitizer would find little more: what is fuzzed has no `unsafe`.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{self, Failure};
use crate::setup;
use crate::steps::Steps;

/// How long all targets run together, where nothing else is asked for.
const SECONDS: u64 = 300;
/// An input that takes longer is a finding.
const SECONDS_OF_AN_INPUT: u64 = 10;
/// A process that takes more memory is a finding.
const MEGABYTES: u64 = 1024;
/// What a target may take beyond its share to start, to read its corpus and to stop.
const GRACE: Duration = Duration::from_secs(30);

/// What was asked for: `[--seconds N] [TARGET]`.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    seconds: u64,
    target: Option<String>,
}

impl Options {
    /// A short look at all targets: what a change broke is mostly found in its first seconds.
    pub(crate) const IN_CI: Self = Self {
        seconds: 60,
        target: None,
    };

    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self {
            seconds: SECONDS,
            target: None,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--seconds" {
                options.seconds = arguments
                    .next()
                    .and_then(|seconds| seconds.parse().ok())
                    .ok_or_else(|| Failure::new("`--seconds` needs a number"))?;
            } else if argument.starts_with('-') || options.target.is_some() {
                return Err(Failure::new(format!(
                    "`fuzz` takes `--seconds N` and the name of one target, not `{argument}`"
                )));
            } else {
                options.target = Some(argument.clone());
            }
        }
        Ok(options)
    }
}

/// Runs all targets by turns, or one. Fails where an input crashes, hangs or takes too much memory,
/// after all had their turn.
pub(crate) fn fuzz(steps: &mut Steps, options: &Options) -> Result<(), Failure> {
    setup::setup_fuzz(steps)?;
    let mut targets = steps.step("build the fuzz targets", build)?;
    if let Some(name) = &options.target {
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        targets.retain(|target| target.name == *name);
        if targets.is_empty() {
            return Err(Failure::new(format!(
                "no fuzz target `{name}`, there are: {}",
                names.join(", ")
            )));
        }
    }
    let count = u64::try_from(targets.len()).unwrap_or(u64::MAX).max(1);
    let share = Duration::from_secs((options.seconds / count).max(1));
    steps.step("fuzz", || {
        let findings: Vec<String> = targets
            .iter()
            .filter_map(|target| target.run(share).err())
            .map(|failure| failure.to_string())
            .collect();
        if findings.is_empty() {
            Ok(())
        } else {
            Err(Failure::new(findings.join("\n")))
        }
    })
}

/// A fuzz target that was built.
struct Target {
    name: String,
    executable: PathBuf,
}

/// Builds them in one go. What cargo says of them is their list.
fn build() -> Result<Vec<Target>, Failure> {
    let host = process::output(Command::new("rustc").args(["--print", "host-tuple"]))
        .ok_or_else(|| Failure::new("`rustc --print host-tuple` failed"))?;
    // Where a target is named, flags are not for what runs while building.
    let mut build = process::cargo(["build", "--locked", "--release", "--bins"]);
    build
        .args(["--manifest-path", "fuzz/Cargo.toml"])
        .args(["--target", host.trim()])
        .args(["--message-format", "json-render-diagnostics"])
        .env("CARGO_ENCODED_RUSTFLAGS", instrumented().join("\x1f"))
        .stdout(Stdio::piped());
    let failed = |error| Failure::new(format!("could not run `cargo build`: {error}"));
    let output = build
        .spawn()
        .and_then(Child::wait_with_output)
        .map_err(failed)?;
    if !output.status.success() {
        return Err(Failure::new(process::shown(&build)));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut targets: Vec<Target> = messages.lines().filter_map(target).collect();
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(targets)
}

/// What libFuzzer wants of the code it guides itself by: counters of edges, and compared values.
/// The same as `cargo fuzz build --sanitizer none` passes.
fn instrumented() -> Vec<String> {
    let coverage = [
        "level=4",
        "inline-8bit-counters",
        "pc-table",
        "trace-compares",
    ];
    let coverage = coverage.map(|option| format!("-Cllvm-args=-sanitizer-coverage-{option}"));
    let other = ["-Cpasses=sancov-module", "--cfg=fuzzing"].map(str::to_owned);
    other.into_iter().chain(coverage).collect()
}

/// The target that a line of cargo's JSON tells of.
fn target(line: &str) -> Option<Target> {
    let message: Value = serde_json::from_str(line).ok()?;
    Some(Target {
        name: message.get("target")?.get("name")?.as_str()?.to_owned(),
        executable: message.get("executable")?.as_str()?.into(),
    })
}

impl Target {
    /// Runs it for `share`, from what earlier runs found here and from the seeds.
    fn run(&self, share: Duration) -> Result<(), Failure> {
        let folder = crate::root().join("fuzz");
        let seeds = folder.join("seeds").join(&self.name);
        let corpus = made(folder.join("corpus").join(&self.name))?;
        let artifacts = made(folder.join("artifacts"))?;
        let log = artifacts.join(format!("{}.log", self.name));
        let unusable = |error| Failure::new(format!("{}: {error}", log.display()));

        let mut command = Command::new(&self.executable);
        command
            .arg(format!("-max_total_time={}", share.as_secs()))
            .arg(format!("-timeout={SECONDS_OF_AN_INPUT}"))
            .arg(format!("-rss_limit_mb={MEGABYTES}"))
            .arg(format!(
                "-artifact_prefix={}/{}-",
                artifacts.display(),
                self.name
            ))
            .arg("-print_final_stats=1")
            .arg(&corpus)
            .args(seeds.is_dir().then_some(&seeds))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).map_err(unusable)?);
        let ended_well = ends_well_within(share + GRACE, &mut command)?;
        let text = std::fs::read(&log).map_err(unusable)?;
        let report = Report::of(&String::from_utf8_lossy(&text));

        let Report {
            runs, edges, new, ..
        } = report;
        let crashes = if ended_well { "no crash" } else { "CRASHED" };
        println!(
            "{:<14}{runs:>10} runs {edges:>6} edges {new:>6} new inputs   {crashes}",
            self.name
        );
        if ended_well {
            return Ok(());
        }
        let artifact = report.artifact.unwrap_or_default();
        Err(Failure::new(format!(
            "{}: {} (the whole story: {})\n  again: {} {artifact}",
            self.name,
            report.reason.unwrap_or("it had to be stopped".to_owned()),
            log.display(),
            self.executable.display(),
        )))
    }
}

/// Runs for at most `limit`: libFuzzer keeps its own time, but this one is certain.
fn ends_well_within(limit: Duration, command: &mut Command) -> Result<bool, Failure> {
    let shown = process::shown(command);
    let failed = |error| Failure::new(format!("{shown}: {error}"));
    let mut child = command.spawn().map_err(failed)?;
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(status.success());
        }
        thread::sleep(Duration::from_millis(50));
    }
    // It may have ended between the look and the signal: either way it is gone.
    let _ = child.kill();
    let _ = child.wait();
    Ok(false)
}

fn made(folder: PathBuf) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}

/// What a target said on its standard error.
#[derive(Debug, Default, PartialEq)]
struct Report {
    runs: u64,
    /// Edges of the program that some input went over.
    edges: u64,
    /// Inputs that did something new, and are kept.
    new: u64,
    /// Where the input is that was a finding.
    artifact: Option<String>,
    /// What the finding is.
    reason: Option<String>,
}

impl Report {
    fn of(log: &str) -> Self {
        let mut report = Self::default();
        let mut lines = log.lines();
        while let Some(line) = lines.next() {
            if let Some(number) = after(line, "stat::number_of_executed_units:") {
                report.runs = number;
            } else if let Some(number) = after(line, "stat::new_units_added:") {
                report.new = number;
            } else if let Some(number) = after(line, " cov:") {
                report.edges = number;
            } else if line.contains(" panicked at ") {
                let message = lines.next().unwrap_or_default();
                report.reason = Some(format!("{} {message}", line.trim()));
            } else if let Some(summary) = line.strip_prefix("SUMMARY: ") {
                report.reason.get_or_insert(summary.to_owned());
            } else if let Some((_, artifact)) = line.split_once("Test unit written to ") {
                report.artifact = Some(artifact.to_owned());
            }
        }
        report
    }
}

/// The number after a label.
fn after(line: &str, label: &str) -> Option<u64> {
    let (_, rest) = line.split_once(label)?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, Failure> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Options::parse(&arguments)
    }

    #[test]
    fn takes_a_time_and_a_target_in_any_order() {
        let options = |seconds, target: Option<&str>| Options {
            seconds,
            target: target.map(str::to_owned),
        };
        assert_eq!(parse(&[]).unwrap(), options(SECONDS, None));
        let expected = options(60, Some("policy"));
        assert_eq!(parse(&["--seconds", "60", "policy"]).unwrap(), expected);
        assert_eq!(parse(&["policy", "--seconds", "60"]).unwrap(), expected);
        for wrong in [
            &["--seconds"][..],
            &["--seconds", "x"],
            &["--time", "1"],
            &["a", "b"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn reads_what_a_target_says() {
        let well = "#2\tINITED cov: 100 ft: 5 corp: 1/1b exec/s: 0 rss: 28Mb\n\
            #144712\tDONE   cov: 3731 ft: 11021 corp: 796/1579Kb lim: 3351 exec/s: 16079 rss: 35Mb\n\
            stat::number_of_executed_units: 144712\n\
            stat::new_units_added:          1925\n";
        let expected = Report {
            runs: 144_712,
            edges: 3731,
            new: 1925,
            ..Report::default()
        };
        assert_eq!(Report::of(well), expected);

        let badly = "thread '<unnamed>' (7) panicked at targets/requests.rs:37:9:\n\
            assertion failed\n\
            SUMMARY: libFuzzer: deadly signal\n\
            artifact_prefix='a/'; Test unit written to a/crash-89b5\n";
        let report = Report::of(badly);
        assert_eq!(report.artifact.as_deref(), Some("a/crash-89b5"));
        let reason = report.reason.unwrap();
        assert!(
            reason.ends_with("requests.rs:37:9: assertion failed"),
            "{reason}"
        );
    }
}

//! From the order to run a program that is there already until its process is dead and reaped.

use std::time::Instant;

use serde_json::json;
use veracruz_engine::Spawner;

use crate::clang::{Clang, Flavour};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::report::{Bound, Promise, Report};
use crate::statistics::Sample;

const RUNS: usize = 300;

/// One program, compiled once, and started again and again.
pub(crate) fn bench(spawner: &Spawner, clang: &Clang) -> Result<Report, Failure> {
    let module = clang.compile("guests/start.c", Flavour::Wasm)?;
    let begin = Instant::now();
    let guest = Guest::compile(spawner, &module)?;
    let compiling = begin.elapsed();

    let mut wall = Vec::with_capacity(RUNS);
    let mut cpu = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begin = Instant::now();
        let report = guest.run(&[], &[])?;
        wall.push(begin.elapsed());
        cpu.push(report.cpu_time);
    }
    let (wall, cpu) = (Sample::of_milliseconds(wall), Sample::of_milliseconds(cpu));

    let values = json!({
        "module_bytes": guest.bytes,
        "compile_ms": compiling.as_secs_f64() * 1e3,
        "runs": RUNS,
        "wall_ms": { "median": wall.median, "least": wall.least, "greatest": wall.greatest },
        "cpu_ms": { "median": cpu.median, "least": cpu.least, "greatest": cpu.greatest },
    });
    let mut report = Report::new("start", Some(clang), values);
    report.line(format!(
        "a program of {} bytes, compiled once in {compiling:.0?}, then {RUNS} runs\n",
        guest.bytes
    ));
    for (name, sample) in [
        ("wall, as its caller sees it", wall),
        ("CPU of its process", cpu),
    ] {
        report.line(format!(
            "{name:30}median {:.2} ms ({:.2} to {:.2})",
            sample.median, sample.least, sample.greatest
        ));
    }
    report.promise(Promise {
        what: "start and end of a program of 50 KB that is already provisioned, wall",
        bound: Bound::AtMost(3.0),
        measured: wall.median,
        unit: "ms",
    });
    Ok(report)
}

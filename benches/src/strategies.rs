//! The two ways to run a program, against each other: what a policy's `interpreted` costs.

use serde_json::{Value, json};
use veracruz_engine::{ProgramSettings, Spawner, Strategy};

use crate::clang::{Clang, Flavour};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::kernels::PROMISED;
use crate::report::Report;
use crate::statistics::geometric_mean;

/// The kernels of the promise, compiled and interpreted, once each: an interpreted one takes half a
/// minute, beside which what else the machine does is little.
pub(crate) fn bench(spawner: &Spawner, clang: &Clang) -> Result<Report, Failure> {
    let mut measured = Vec::new();
    for name in PROMISED {
        let module = clang.compile(&format!("kernels/{name}.c"), Flavour::Wasm)?;
        let run = |strategy| {
            let settings = ProgramSettings {
                strategy,
                ..ProgramSettings::default()
            };
            let ended = Guest::compile_with(spawner, &module, settings)?.run(&[], &[])?;
            let printed = ended.stdout.to_vec().map_err(Failure::during(name))?;
            Ok((ended.cpu_time.as_secs_f64(), printed))
        };
        let (compiled, expected) = run(Strategy::Compiled)?;
        let (interpreted, found) = run(Strategy::Interpreted)?;
        if expected != found {
            return Err(Failure::new(format!("{name}: the strategies disagree")));
        }
        println!("{name}");
        measured.push((name, compiled, interpreted));
    }
    let ratio = |(_, compiled, interpreted): &(&str, f64, f64)| interpreted / compiled;
    let mean = geometric_mean(measured.iter().map(ratio));
    let values: Vec<Value> = measured
        .iter()
        .map(|(name, compiled, interpreted)| {
            json!({ "kernel": name, "compiled_s": compiled, "interpreted_s": interpreted })
        })
        .collect();
    let mut report = Report::new("strategies", Some(clang), Value::Array(values));
    report.line("processor time in seconds\n");
    report.line(format!(
        "{:16}{:>10}{:>13}{:>8}",
        "kernel", "compiled", "interpreted", "times"
    ));
    for all in &measured {
        let (name, compiled, interpreted) = all;
        let ratio = ratio(all);
        report.line(format!(
            "{name:16}{compiled:>10.2}{interpreted:>13.1}{ratio:>8.1}"
        ));
    }
    report.line(format!("{:39}{mean:>8.1}", "geometric mean"));
    Ok(report)
}

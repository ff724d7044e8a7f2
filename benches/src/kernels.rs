//! The same C, native and as WebAssembly: how much of the processor's speed a program gets.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use veracruz_engine::Spawner;

use crate::child;
use crate::clang::{Clang, Flavour};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::report::{Bound, Promise, Report};
use crate::statistics::{Sample, Shuffle, geometric_mean};

/// What the promise is about: one kernel of our own in the manner of each of the six categories of
/// PolyBench/C 4.2, and a second one of the two largest kinds of loops, products and stencils. The
/// set was fixed before the last four of them were measured, and does not change with results.
pub(crate) const PROMISED: [&str; 8] = [
    // linear-algebra/blas
    "gemm",
    "gemver",
    // linear-algebra/kernels
    "atax",
    // linear-algebra/solvers
    "lu",
    // datamining
    "covariance",
    // medley
    "floyd_warshall",
    // stencils
    "jacobi_2d",
    "seidel_2d",
];

/// Other work, of which nothing is promised: on integers and bytes, and with calls of functions.
const OTHERS: [&str; 5] = ["nbody", "sieve", "word_count", "sort", "search"];

const FLAVOURS: [Flavour; 3] = [Flavour::Native, Flavour::NativeTuned, Flavour::Wasm];

/// Each round runs every kernel in each flavour once.
const ROUNDS: usize = 7;

/// Kernels in an order that changes from round to round, and of each all flavours one after the
/// other, again in any order: what else the machine does in that second slows them all.
pub(crate) fn bench(spawner: &Spawner, clang: &Clang) -> Result<Report, Failure> {
    let names: Vec<&'static str> = PROMISED.into_iter().chain(OTHERS).collect();
    let mut kernels = names
        .iter()
        .map(|name| Kernel::build(name, spawner, clang))
        .collect::<Result<Vec<Kernel>, Failure>>()?;
    let mut shuffle = Shuffle::new();
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        shuffle.shuffle(&mut kernels);
        for kernel in &mut kernels {
            kernel.run(&mut shuffle)?;
        }
    }
    kernels.sort_by_key(|kernel| names.iter().position(|name| *name == kernel.name));
    Ok(report(&kernels, clang))
}

struct Kernel {
    name: &'static str,
    native: PathBuf,
    tuned: PathBuf,
    guest: Guest,
    rounds: Vec<Round>,
}

/// Processor times of one round.
#[derive(Default)]
struct Round {
    native: Duration,
    tuned: Duration,
    wasm: Duration,
}

impl Kernel {
    fn build(name: &'static str, spawner: &Spawner, clang: &Clang) -> Result<Self, Failure> {
        let compile = |flavour| clang.compile(&format!("kernels/{name}.c"), flavour);
        Ok(Self {
            name,
            native: compile(Flavour::Native)?,
            tuned: compile(Flavour::NativeTuned)?,
            guest: Guest::compile(spawner, &compile(Flavour::Wasm)?)?,
            rounds: Vec::new(),
        })
    }

    fn run(&mut self, shuffle: &mut Shuffle) -> Result<(), Failure> {
        let mut round = Round::default();
        let mut checksum: Option<String> = None;
        let mut flavours = FLAVOURS;
        shuffle.shuffle(&mut flavours);
        for flavour in flavours {
            let (time, printed) = match flavour {
                Flavour::Native => run_native(&self.native)?,
                Flavour::NativeTuned => run_native(&self.tuned)?,
                Flavour::Wasm => run_wasm(&self.guest)?,
            };
            *match flavour {
                Flavour::Native => &mut round.native,
                Flavour::NativeTuned => &mut round.tuned,
                Flavour::Wasm => &mut round.wasm,
            } = time;
            let expected = checksum.get_or_insert_with(|| printed.clone());
            if *expected != printed {
                return Err(Failure::new(format!(
                    "{}: results differ: {expected:?}, and {printed:?} as {flavour:?}",
                    self.name
                )));
            }
        }
        self.rounds.push(round);
        Ok(())
    }

    fn times(&self, flavour: Flavour) -> Sample {
        Sample::of_milliseconds(self.rounds.iter().map(|round| match flavour {
            Flavour::Native => round.native,
            Flavour::NativeTuned => round.tuned,
            Flavour::Wasm => round.wasm,
        }))
    }

    /// WebAssembly's time as a multiple of the other's, each of the same round.
    fn ratio(&self, to: impl Fn(&Round) -> Duration) -> Sample {
        let ratio = |round: &Round| round.wasm.as_secs_f64() / to(round).as_secs_f64();
        Sample::of(self.rounds.iter().map(ratio))
    }
}

fn run_native(program: &std::path::Path) -> Result<(Duration, String), Failure> {
    let ended = child::run(program)?;
    Ok((ended.cpu_time, ended.stdout))
}

fn run_wasm(guest: &Guest) -> Result<(Duration, String), Failure> {
    let report = guest.run(&[], &[])?;
    let printed = report
        .stdout
        .to_vec()
        .map_err(Failure::during("a kernel's checksum"))?;
    Ok((
        report.cpu_time,
        String::from_utf8_lossy(&printed).into_owned(),
    ))
}

fn report(kernels: &[Kernel], clang: &Clang) -> Report {
    let values: Vec<Value> = kernels.iter().map(to_json).collect();
    let mut report = Report::new("kernels", Some(clang), Value::Array(values));
    report
        .line("processor time, medians in ms; ratios: median of the rounds' (least to greatest)\n");
    report.line(format!(
        "{:16}{:>9}{:>9}{:>9}   {:22}{:>14}",
        "kernel", "native", "tuned", "wasm", "wasm to native", "wasm to tuned"
    ));
    for kernel in kernels {
        let ratio = kernel.ratio(|round| round.native);
        report.line(format!(
            "{:16}{:>9.0}{:>9.0}{:>9.0}   {:.2} ({:.2} to {:.2}){:>18.2}",
            kernel.name,
            kernel.times(Flavour::Native).median,
            kernel.times(Flavour::NativeTuned).median,
            kernel.times(Flavour::Wasm).median,
            ratio.median,
            ratio.least,
            ratio.greatest,
            kernel.ratio(|round| round.tuned).median,
        ));
    }
    let (promised, others) = kernels.split_at_checked(PROMISED.len()).unwrap_or_default();
    let to_native = mean(promised, |round| round.native);
    for (title, kernels) in [
        ("geometric mean of the first eight", promised),
        ("geometric mean of the others", others),
        ("geometric mean of all", kernels),
    ] {
        let native = mean(kernels, |round| round.native);
        let tuned = mean(kernels, |round| round.tuned);
        report.line(format!("{title:43}   {native:.3}{tuned:>31.2}"));
    }
    report.line("\nnative: clang -O3; tuned: clang -O3 -march=native; wasm: clang -O3 -msimd128");
    report.promise(Promise {
        what: "compiled programs, geometric mean of eight ratios to native `clang -O3`",
        bound: Bound::AtMost(1.20),
        measured: to_native,
        unit: "times",
    });
    report
}

fn mean(kernels: &[Kernel], to: fn(&Round) -> Duration) -> f64 {
    geometric_mean(kernels.iter().map(|kernel| kernel.ratio(to).median))
}

fn to_json(kernel: &Kernel) -> Value {
    let milliseconds = |flavour| {
        let times = kernel.times(flavour);
        json!({ "median": times.median, "spread": times.spread() })
    };
    json!({
        "kernel": kernel.name,
        "cpu_ms": {
            "native": milliseconds(Flavour::Native),
            "tuned": milliseconds(Flavour::NativeTuned),
            "wasm": milliseconds(Flavour::Wasm),
        },
        "ratio_to_native": kernel.ratio(|round| round.native).median,
        "ratio_to_tuned": kernel.ratio(|round| round.tuned).median,
        "rounds": kernel.rounds.len(),
    })
}

//! A program's files, which are in memory: what reading and many small ones cost.

use serde_json::json;
use veracruz_engine::memfd::{Sealed, Unsealed};
use veracruz_engine::{Input, Spawner};

use crate::clang::{Clang, Flavour};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::report::{Bound, Promise, Report};
use crate::statistics::{Sample, Shuffle};

const ROUNDS: usize = 7;

/// Length of the file that is read.
const MEBIBYTES: u16 = 256;

/// How often it is read after the first time.
const PASSES: u16 = 8;

/// So many small files, of 100 bytes each.
const FILES: u16 = 20_000;

/// What the program in `guests/files.c` does. What it takes is the difference between two of them.
const JOBS: [(&str, u16); 7] = [
    ("read", 0),
    ("read", 1),
    ("read", 1 + PASSES),
    ("make", 0),
    ("make", FILES),
    ("again", FILES),
    ("list", FILES),
];

/// All jobs by turns, in another order each time.
pub(crate) fn bench(spawner: &Spawner, clang: &Clang) -> Result<Report, Failure> {
    let guest = Guest::compile(spawner, &clang.compile("guests/files.c", Flavour::Wasm)?)?;
    let input = Input {
        path: "/in".into(),
        content: big_file().map_err(Failure::during("the file to read"))?,
    };
    let mut times = Times::default();
    let mut shuffle = Shuffle::new();
    for _ in 0..ROUNDS {
        let mut jobs = JOBS;
        shuffle.shuffle(&mut jobs);
        for (job, count) in jobs {
            let inputs = std::slice::from_ref(&input);
            let inputs = if job == "read" { inputs } else { &[] };
            let report = guest.run(&[job, &count.to_string()], inputs)?;
            times.0.push((job, count, report.cpu_time.as_secs_f64()));
        }
    }
    Ok(report(&times, clang))
}

/// Processor seconds of each job.
#[derive(Default)]
struct Times(Vec<(&'static str, u16, f64)>);

impl Times {
    fn median(&self, job: &str, count: u16) -> f64 {
        let same = self
            .0
            .iter()
            .filter(|time| (time.0, time.1) == (job, count));
        Sample::of(same.map(|(_, _, time)| *time)).median
    }
}

fn report(times: &Times, clang: &Clang) -> Report {
    let gibibytes = f64::from(MEBIBYTES) / 1024.0;
    let first = gibibytes / (times.median("read", 1) - times.median("read", 0));
    let later = gibibytes * f64::from(PASSES)
        / (times.median("read", 1 + PASSES) - times.median("read", 1));
    let made = times.median("make", FILES);
    let make = (made - times.median("make", 0)) / f64::from(FILES) * 1e6;
    let again = (times.median("again", FILES) - made) / f64::from(FILES) * 1e6;
    let list = (times.median("list", FILES) - made) * 1e3;

    let values = json!({
        "read_first_gib_per_s": first,
        "read_later_gib_per_s": later,
        "make_us_per_file": make,
        "read_us_per_file": again,
        "list_ms": list,
        "rounds": ROUNDS,
    });
    let mut report = Report::new("files", Some(clang), values);
    report.line(format!(
        "processor time, medians of {ROUNDS} runs, less that of a run that does nothing\n"
    ));
    report.line(format!(
        "read {MEBIBYTES} MiB in pieces of 4 KiB, first time   {first:>8.1} GiB/s"
    ));
    report.line(format!(
        "read it again                              {later:>8.1} GiB/s"
    ));
    report.line(format!(
        "{FILES} files of 100 bytes: make            {make:>8.2} µs each"
    ));
    report.line(format!(
        "                         open, read, close {again:>8.2} µs each"
    ));
    report.line(format!(
        "                         list the folder   {list:>8.1} ms"
    ));
    report.line(
        "\nthe first time depends on the memory that the kernel has free: pages of 2 MiB, or small ones",
    );
    report.promise(Promise {
        what: "a program reads in pieces of 4 KiB, the first time, of CPU time",
        bound: Bound::AtLeast(8.0),
        measured: first,
        unit: "GiB/s",
    });
    report.promise(Promise {
        what: "a program reads in pieces of 4 KiB again, of CPU time",
        bound: Bound::AtLeast(8.0),
        measured: later,
        unit: "GiB/s",
    });
    report.promise(Promise {
        what: "making 20,000 small files, each",
        bound: Bound::AtMost(5.0),
        measured: make,
        unit: "µs",
    });
    report.promise(Promise {
        what: "opening, reading and closing 20,000 small files, each",
        bound: Bound::AtMost(5.0),
        measured: again,
        unit: "µs",
    });
    report.promise(Promise {
        what: "listing a folder of 20,000 files",
        bound: Bound::AtMost(100.0),
        measured: list,
        unit: "ms",
    });
    report
}

/// Sealed, as the runtime keeps what participants provide.
fn big_file() -> std::io::Result<Sealed> {
    let mut file = Unsealed::expecting("in", u64::from(MEBIBYTES) << 20)?;
    let mebibyte: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    for _ in 0..MEBIBYTES {
        file.append(&mebibyte)?;
    }
    file.seal()
}

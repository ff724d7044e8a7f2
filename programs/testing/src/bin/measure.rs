//! Prints what each example takes, in WebAssembly and natively: `cargo run -p veracruz-example --bin
//! measure`, after everything was built with `--release` for both.

use std::path::Path;

use veracruz_example::Example;

/// How often each is run; the least time counts, since others use the machine too.
const RUNS: usize = 5;

fn main() {
    println!(
        "{:12} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8}",
        "example", "input", "output", "compile", "wall", "cpu", "native"
    );
    println!(
        "{:12} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8}",
        "", "bytes", "bytes", "ms", "ms", "ms", "ms"
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| folder.join(name).join("example.json").exists())
        .collect();
    names.sort();
    for name in names {
        let path = folder.join(&name);
        if let Some(example) = Example::find(&path.to_string_lossy()) {
            measure(&name, &example);
        }
    }
}

fn measure(name: &str, example: &Example) {
    let runs: Vec<_> = (0..RUNS).map(|_| example.run().succeeded()).collect();
    let least = |what: &str| {
        let times = runs.iter().filter_map(|run| run.milliseconds(what));
        times.min().map_or("-".to_owned(), |time| time.to_string())
    };
    let native = (0..RUNS).filter_map(|_| example.run_natively());
    let native = native.min_by(f64::total_cmp);
    let native = native.map_or("-".to_owned(), |time| format!("{time:.0}"));
    println!(
        "{name:12} {:>10} {:>10} {:>8} {:>8} {:>8} {native:>8}",
        example.input_bytes(),
        runs.first().map_or(0, |run| run.bytes_in("/output")),
        least("compile_ms"),
        least("wall_ms"),
        least("cpu_ms"),
    );
}

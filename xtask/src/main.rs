//! Everything a developer and CI do, behind one command: `cargo xtask <command>`.
//!
//! It is the standard library, `serde_json` and a lexer of Rust, so that it builds in seconds on a machine that has
//! nothing but a Rust toolchain. It is not part of the product and nothing depends on it.

mod artifacts;
mod bench;
mod cache;
mod check;
mod cross;
mod debian;
mod deny;
mod dist;
mod fuzz;
mod image;
mod kernel;
mod languages;
mod machines;
mod model;
mod portable;
mod process;
mod qemu_nitro;
mod reproduce;
mod runtime;
mod setup;
mod steps;
mod tcb;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use artifacts::Artifacts;
use machines::Machines;
use process::Failure;
use steps::Steps;

const USAGE: &str = "\
Usage: cargo xtask <command>

  demo [ARGS]   install what is missing, build, and run `veracruz demo ARGS`
  test          install what is missing, build, and run every test
  check         formatting, lints, documentation, no_std builds, dependencies
  portable      lints of the command line for macOS and Windows
  ci            check, portable, model, fuzz for a minute, reproduce, test: what CI runs
  bench [NAME]  measure what SPECIFICATION.md promises: kernels, start, files, or all of them
  fuzz [TARGET] [--seconds N]
                try bytes of all kinds on everything that reads bytes from outside
  model         the protocol in a symbolic checker, docs/protocol/model
  build         the runtime, the example programs and the `veracruz` binary
  setup         install what is missing
  dist [--key FILE] [--images] [--built DIR] [--out DIR]
                archives of the client and of the host, with checksums, a signature,
                reference values and licences
  image [--kernel DIR | --arch aarch64]
                an image of each kind of isolate, in target/images, and what each measures to;
                with --arch aarch64 also one of a virtual machine for Arm
  reproduce     build the runtime in two folders: it must be the same bytes
  kernel [--arch x86_64|aarch64] [--test-provider]
                the kernel of virtual machines, from pinned source; kept in the cache
  tcb [--write | --check]
                how much code everyone has to trust; --write puts it into the docs
  qemu-nitro    QEMU that emulates a Nitro enclave; kept in the cache
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let mut steps = Steps::default();
    match run(&command, &rest, &mut steps) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            steps.print_times();
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, rest: &[String], steps: &mut Steps) -> Result<(), Failure> {
    if !rest.is_empty()
        && !matches!(
            command,
            "demo" | "bench" | "dist" | "fuzz" | "image" | "kernel" | "tcb"
        )
    {
        return Err(Failure::new(format!(
            "`{command}` takes no arguments\n\n{USAGE}"
        )));
    }
    match command {
        "demo" => demo(rest, steps),
        "test" => test::test(steps),
        "check" => check::check(steps).map(|()| steps.print_times()),
        "portable" => portable::portable(steps).map(|()| steps.print_times()),
        "ci" => check::check(steps)
            .and_then(|()| portable::portable(steps))
            .and_then(|()| model::model(steps))
            .and_then(|()| fuzz::fuzz(steps, &fuzz::Options::IN_CI))
            .and_then(|()| reproduce::reproduce_in_ci(steps))
            .and_then(|()| test::test(steps)),
        "bench" => bench::bench(rest, steps),
        "model" => model::model(steps).map(|()| steps.print_times()),
        "fuzz" => fuzz::fuzz(steps, &fuzz::Options::parse(rest)?).map(|()| steps.print_times()),
        "build" => Artifacts::build(steps).map(|artifacts| {
            steps.print_times();
            println!("{artifacts}");
        }),
        "setup" => setup::setup(steps),
        "dist" => dist::dist(&dist::Options::parse(rest)?, steps).map(|()| steps.print_times()),
        "image" => {
            let options = image::Options::parse(rest)?;
            setup::setup(steps)?;
            let artifacts = Artifacts::build(steps)?;
            image::images(&options, &artifacts, steps).map(|_| ())
        }
        "reproduce" => reproduce::reproduce(steps).map(|()| steps.print_times()),
        "kernel" => kernel::kernel(kernel::Options::parse(rest)?, steps)
            .map(|folder| println!("\n{}", folder.display())),
        "qemu-nitro" => qemu_nitro::built(steps).map(|program| println!("\n{}", program.display())),
        "tcb" => tcb::tcb(rest),
        "" | "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::new(format!("no command `{other}`\n\n{USAGE}"))),
    }
}

fn demo(arguments: &[String], steps: &mut Steps) -> Result<(), Failure> {
    setup::setup(steps)?;
    // A process needs none of what runs machines.
    let in_machines = arguments.iter().any(|word| word.starts_with("--isolate"));
    let machines = if in_machines {
        machines::setup_machines(steps)?
    } else {
        Machines::default()
    };
    // Only a `veracruz` of its own believes an emulator.
    let emulated = arguments.iter().any(|word| word.contains("nitro-emulated"));
    let emulators = emulated
        .then(|| Artifacts::build_for_emulators(steps))
        .transpose()?;
    let mut artifacts = Artifacts::build(steps)?;
    if arguments.iter().any(|word| languages::builds(word)) {
        artifacts.build_other_languages(steps)?;
    }
    if in_machines {
        let for_arm = arguments.iter().any(|word| word.contains("aarch64"));
        artifacts = artifacts.with_images(for_arm, steps)?;
    }
    if let Some(veracruz) = emulators {
        artifacts = artifacts.with_veracruz(veracruz);
    }
    println!();
    let mut demo = artifacts.veracruz_command();
    machines.give_to(&mut demo);
    demo.arg("demo").args(arguments);
    process::run(&mut demo)
}

/// The repository's root: the folder above this crate.
fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

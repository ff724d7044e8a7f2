//! Programs in real worker processes.
//!
//! The harness has threads, and a spawner is forked from a process with one: hence a `main` of
//! its own, which forks first.

mod isolation;
mod limits;
mod refusals;
mod running;
mod support;

use libtest_mimic::Arguments;

fn main() {
    support::fork_spawner();
    let tests = [
        running::tests(),
        refusals::tests(),
        limits::tests(),
        isolation::tests(),
    ];
    let tests = tests.into_iter().flatten().collect();
    let mut arguments = Arguments::from_args();
    // Some tests look at what processes the spawner has, or at how long something takes.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, tests).exit();
}

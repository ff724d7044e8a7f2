//! Programs in real worker processes.
//!
//! The harness has threads, and a spawner is forked from a process with one: hence a `main` of
//! its own, which forks first.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests panic; clippy knows only those under its own harness"
)]

mod components;
mod corpus;
mod fuel;
mod isolation;
mod large;
mod limits;
mod many;
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
        fuel::tests(),
        corpus::tests(),
        components::tests(),
        isolation::tests(),
        large::tests(),
        many::tests(),
    ];
    let tests = tests.into_iter().flatten().collect();
    let mut arguments = Arguments::from_args();
    // Some tests look at what processes the spawner has, or at how long something takes.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, tests).exit();
}

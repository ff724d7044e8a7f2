//! The folders are the trust boundary: who may depend on whom, what is in the trusted base, and
//! which crates need no operating system. Read off what cargo resolves, not off what we meant.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod arrows;
mod closure;
mod graph;
mod no_std;

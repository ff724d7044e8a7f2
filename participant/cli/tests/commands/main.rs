//! Every command, by the binary: what it prints for people and for programs, with which code it
//! ends, and what it leaves behind where it fails.
//!
//! A new command is told of in [`cases`], or these tests fail.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![cfg(target_os = "linux")]

mod cases;
mod configuration;
mod desk;
mod documents;
mod outputs;
mod passphrases;
mod redact;
mod shell;

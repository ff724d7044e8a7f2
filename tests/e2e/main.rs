//! The whole system, by its command line, with real processes and sockets.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "all of it is test code, in which a failure is a panic"
)]

mod agreement;
mod check;
mod computation;
mod examples;
mod exec;
mod microvm;
mod nitro;
mod pipelines;
mod programs;
mod proxies;
mod quorum;
mod receipts;
mod standard_client;
mod survival;
mod transfers;
mod uploads;
mod versions;

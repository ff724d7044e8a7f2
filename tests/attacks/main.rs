//! Every attack that must be refused, a file an adversary, with real processes and sockets. Each
//! refusal is asserted by its code, and where it makes sense the honest parties finish afterwards.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "all of it is test code, in which a failure is a panic"
)]

mod host;
mod network;
mod participant;
mod program;
mod verifier;

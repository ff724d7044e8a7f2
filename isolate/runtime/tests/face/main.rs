//! The runtime's public face: the real binary, without its sandbox, between a host, an attester
//! and participants that the tests play.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bounds;
mod client;
mod fetching;
mod host;
mod isolate;
mod pipelines;
mod requests;
mod runs;
mod standard;
mod uploads;

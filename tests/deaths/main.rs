//! Everything is killed at random for a while, and at the end nothing is left of it.
//!
//! A program of its own, so that whatever is left at the end is this test's. It draws what it does
//! from a seed, which it prints; `VERACRUZ_SEED` repeats one (as far as the kernel's scheduling lets
//! it), and `VERACRUZ_DEATHS_SECONDS` says how long: a minute where `CI` is set, 15 seconds else.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "all of it is test code, in which a failure is a panic"
)]

mod left;
mod random;
mod services;
mod storm;
mod tree;

use std::collections::BTreeMap;
use std::time::Duration;

use services::Kind;
use storm::Storm;

#[test]
fn nothing_is_left_after_killing_process_isolates_at_random() {
    survives(&Kind::process());
}

#[test]
fn nothing_is_left_after_killing_virtual_machines_at_random() {
    if let Some(kind) = Kind::microvm() {
        survives(&kind);
    }
}

/// One kind of isolate under the storm. Further kinds are further tests: they need a [`Kind`] alone.
fn survives(kind: &Kind) {
    let Some(mut storm) = Storm::prepare(kind) else {
        return;
    };
    storm.rage(duration());
    println!("{}", counts(&storm.counts));
    let launched = storm.counts.get("launched").copied().unwrap_or(0);
    assert!(launched > 0, "no isolate was ever started");
    storm.calm_down();
    storm.end();
}

fn duration() -> Duration {
    let said = std::env::var("VERACRUZ_DEATHS_SECONDS").ok();
    let said = said.and_then(|seconds| seconds.parse().ok());
    let usual = if std::env::var_os("CI").is_some() {
        60
    } else {
        15
    };
    Duration::from_secs(said.unwrap_or(usual))
}

fn counts(counts: &BTreeMap<&'static str, u32>) -> String {
    let each = counts
        .iter()
        .map(|(what, count)| format!("{what}: {count}"));
    each.collect::<Vec<_>>().join(", ")
}

//! The service as its peers see it, on both kinds of database.
//!
//! PostgreSQL is Debian's, started here on a free port; where it is not installed, its half says
//! so and is left out.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "in a test a panic is the report of a failure"
)]

mod administration;
mod certificates;
mod client;
mod postgres;
mod sessions;
mod world;

use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use postgres::Postgres;
use world::Backend;

/// A test on some database.
type Rule = fn(&Backend);

/// Every test: its name is the rule that it shows.
const TESTS: &[(&str, Rule)] = &[
    (
        "evidence_with_its_policy_gets_a_result",
        sessions::evidence_with_its_policy_gets_a_result,
    ),
    (
        "a_result_can_be_had_as_cwt",
        sessions::a_result_can_be_had_as_cwt,
    ),
    (
        "raw_evidence_is_held_against_stored_policies",
        sessions::raw_evidence_is_held_against_stored_policies,
    ),
    (
        "a_session_is_answered_once",
        sessions::a_session_is_answered_once,
    ),
    (
        "refused_evidence_is_never_signed_and_uses_the_session_up",
        sessions::refused_evidence_is_never_signed_and_uses_the_session_up,
    ),
    (
        "unknown_and_deleted_sessions_are_not_found",
        sessions::unknown_and_deleted_sessions_are_not_found,
    ),
    (
        "bad_requests_are_refused_with_their_reason",
        sessions::bad_requests_are_refused_with_their_reason,
    ),
    (
        "an_attester_must_be_enrolled_besides_being_named",
        sessions::an_attester_must_be_enrolled_besides_being_named,
    ),
    (
        "an_enrolled_key_vouches_for_no_policy_that_does_not_name_it",
        sessions::an_enrolled_key_vouches_for_no_policy_that_does_not_name_it,
    ),
    (
        "a_peer_that_asks_too_often_is_told_to_wait",
        sessions::a_peer_that_asks_too_often_is_told_to_wait,
    ),
    (
        "a_restart_keeps_enrolments_and_forgets_nonces",
        administration::a_restart_keeps_enrolments_and_forgets_nonces,
    ),
    (
        "a_revocation_holds_from_the_next_verdict_on_and_for_ever",
        administration::a_revocation_holds_from_the_next_verdict_on_and_for_ever,
    ),
    (
        "every_verdict_is_written_down",
        administration::every_verdict_is_written_down,
    ),
    (
        "metrics_are_on_a_port_of_their_own",
        administration::metrics_are_on_a_port_of_their_own,
    ),
    (
        "a_certificate_names_the_policy_and_nothing_else",
        certificates::a_certificate_names_the_policy_and_nothing_else,
    ),
    (
        "serial_numbers_are_random",
        certificates::serial_numbers_are_random,
    ),
    (
        "a_certificate_needs_a_policy_that_names_this_verifier",
        certificates::a_certificate_needs_a_policy_that_names_this_verifier,
    ),
    (
        "a_certificate_needs_evidence_for_this_key_verifier_and_nonce",
        certificates::a_certificate_needs_evidence_for_this_key_verifier_and_nonce,
    ),
    (
        "a_request_that_asks_for_names_gets_none",
        certificates::a_request_that_asks_for_names_gets_none,
    ),
];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let mut add = |name: &str, backend: Arc<Backend>| {
        for (rule, test) in TESTS {
            let backend = Arc::clone(&backend);
            trials.push(Trial::test(format!("{name}::{rule}"), move || {
                test(&backend);
                Ok(())
            }));
        }
    };
    add("sqlite", Arc::new(Backend::Sqlite));
    let postgres = match Postgres::start() {
        Ok(postgres) => {
            let postgres = Arc::new(postgres);
            add(
                "postgres",
                Arc::new(Backend::Postgres(Arc::clone(&postgres))),
            );
            Some(postgres)
        }
        Err(why) => {
            println!("skipped: the tests on PostgreSQL, because {why}");
            None
        }
    };
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Some(postgres) = postgres {
        postgres.stop();
    }
    conclusion.exit();
}

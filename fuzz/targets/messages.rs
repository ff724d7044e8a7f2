//! JSON bodies of the participant API, both ways: isolates read requests, clients read answers of
//! isolates that they have no reason to trust yet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use veracruz_protocol::{
    AttestationRequest, AttestationResponse, Problem, RunRequest, RunState, Status,
    WithdrawalAnswer,
};

fuzz_target!(|body: &[u8]| {
    check::<AttestationRequest>(body);
    check::<AttestationResponse>(body);
    check::<RunRequest>(body);
    check::<RunState>(body);
    check::<Status>(body);
    check::<WithdrawalAnswer>(body);
    if let Ok(problem) = serde_json::from_slice::<Problem>(body) {
        let again: Problem = serde_json::from_str(&problem.to_json()).expect("our own form");
        assert_eq!(again.code, problem.code);
    }
});

/// What was read is written, and read from that as the same again.
fn check<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(body: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<T>(body) {
        let text = serde_json::to_string(&message).expect("written to memory");
        assert_eq!(serde_json::from_str::<T>(&text).ok(), Some(message));
    }
}

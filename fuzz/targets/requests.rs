//! The head of a participant's request: its route, and every header that carries meaning. What is
//! read is written in one way, and read from that as the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veracruz_protocol::header::{self, ContentRange, Range};
use veracruz_protocol::{Route, StateTag};

const METHODS: [&str; 6] = ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"];

fuzz_target!(|text: &str| {
    for method in METHODS {
        route(method, text);
    }
    if let Some((method, target)) = text.split_once(' ') {
        route(method, target);
    }
    headers(text);
});

fn route(method: &str, target: &str) {
    match Route::parse(method, target) {
        Ok(route) => {
            assert_eq!(route.method().as_str(), method);
            assert!(Route::allowed(target).contains(&route.method()));
            assert_eq!(Route::parse(method, &route.path()), Ok(route));
        }
        Err(problem) => assert!(!problem.to_json().is_empty()),
    }
}

fn headers(value: &str) {
    if let Some(digest) = header::parse_repr_digest(value) {
        assert_eq!(header::repr_digest(&digest), value.trim_matches(' '));
    }
    if let Some(secret) = header::parse_bytes(value) {
        assert_eq!(header::bytes(&secret), value.trim_matches(' '));
    }
    if let Some(number) = header::decimal(value) {
        assert_eq!(number.to_string(), value);
    }
    if let Some(tag) = StateTag::parse_header(value) {
        assert_eq!(StateTag::parse_header(&tag.to_header()), Some(tag));
    }
    if let Some(range) = ContentRange::parse(value) {
        assert_eq!(range.to_string(), value.trim_matches(' '));
        assert!(range.body_length() >= 1);
        let end = range.first().checked_add(range.body_length());
        assert!(end.is_some_and(|end| end <= range.length()));
    }
    if let Some(range) = Range::parse(value) {
        assert_eq!(Range::parse(&range.to_string()), Some(range));
        for length in [0, 1, 10, u64::from(u32::MAX) + 1, u64::MAX] {
            if let Some(part) = range.resolve(length) {
                assert_eq!(part.length(), length);
                assert!(part.first() < length && part.body_length() <= length - part.first());
            }
        }
    }
}

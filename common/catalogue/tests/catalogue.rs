//! The catalogue as a whole: in order, complete, each code once, and every text as long as needed.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use insta::assert_snapshot;
use veracruz_catalogue::{Area, ErrorCode, Fault};

#[test]
fn codes_are_unique_and_in_order() {
    let codes: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    for pair in codes.windows(2) {
        assert!(pair[0] < pair[1], "{} comes after {}", pair[1], pair[0]);
    }
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::parse(code.as_str()), Some(*code));
    }
}

#[test]
fn every_code_is_in_an_area() {
    let in_areas = Area::ALL.iter().flat_map(|area| area.codes());
    assert_eq!(in_areas.collect::<Vec<_>>(), ErrorCode::ALL);
}

#[test]
fn every_code_says_what_happened_and_what_to_do() {
    for code in ErrorCode::ALL {
        let digits = code.as_str().strip_prefix("VC-").unwrap();
        assert!(digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(code.http_status() == 0 || (400..=599).contains(&code.http_status()));
        assert!(
            code.title().len() >= 6 && !code.title().ends_with('.'),
            "{code}"
        );
        assert!(
            code.hint().len() >= 6 && !code.hint().ends_with('.'),
            "{code}"
        );
        assert!(code.explanation().ends_with('.'), "{code}");
        // A cause that repeats the title explains nothing.
        assert_ne!(code.explanation().trim_end_matches('.'), code.title());
        let first = code.title().chars().next().unwrap();
        assert!(first.is_uppercase() || !first.is_alphabetic(), "{code}");
        for text in [code.title(), code.hint(), code.explanation()] {
            assert!(
                !text.contains("  ") && !text.contains('\n'),
                "{code}: {text}"
            );
        }
    }
}

#[test]
fn faults_have_names_of_their_own() {
    let mut names: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Fault::ALL.len());
    for fault in Fault::ALL {
        let used = ErrorCode::ALL.iter().any(|code| code.fault() == *fault);
        assert!(used, "nothing is ever the fault of {}", fault.name());
    }
}

/// What comes over HTTP and what does not, whose fault it is, and how it is called: a code that
/// changes its meaning is seen in review.
#[test]
fn every_error_code() {
    let table: Vec<String> = ErrorCode::ALL
        .iter()
        .map(|code| {
            let (status, fault) = (code.http_status(), code.fault().name());
            format!("{code} {status} {fault}: {}", code.title())
        })
        .collect();
    assert_snapshot!("error_codes", table.join("\n"));
}

//! Approvals: the compact form of a JWS, and the statement in it.
#![no_main]

use data_encoding::BASE64URL_NOPAD;
use libfuzzer_sys::fuzz_target;
use veracruz_protocol::Jws;

const HEADER: &str = r#"{"alg":"ES256","typ":"veracruz-approval+jws"}"#;

fuzz_target!(|bytes: &[u8]| {
    // As it arrives, and as the statement alone, which is hard to find behind base64.
    if let Ok(compact) = std::str::from_utf8(bytes) {
        check(compact);
    }
    let encode = |part: &[u8]| BASE64URL_NOPAD.encode(part);
    let input = format!("{}.{}", encode(HEADER.as_bytes()), encode(bytes));
    check(&Jws::compact(&input, &[7; 64]));
});

fn check(compact: &str) {
    match Jws::parse(compact) {
        Ok(jws) => {
            // One compact form for what was signed, and the statement survives being written.
            assert_eq!(Jws::compact(&jws.signing_input, &jws.signature), compact);
            let input = Jws::signing_input(&jws.statement);
            let again = Jws::parse(&Jws::compact(&input, &jws.signature)).expect("our own form");
            assert_eq!(again.statement, jws.statement);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

//! The start of a connection, from which the host reads the server name.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The file itself: its crate brings a whole HTTP server along, which would be built for nothing.
#[path = "../../host/server/src/sni.rs"]
mod sni;

use sni::{MAX_HELLO, server_name};

fuzz_target!(|bytes: &[u8]| {
    let result = server_name(bytes);
    match &result {
        Ok(Some(name)) => assert!(
            (1..=253).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        ),
        Ok(None) => assert!(bytes.len() < MAX_HELLO),
        Err(_) => {}
    }
    // What was said of the first bytes is not taken back when more arrive.
    for end in [
        bytes.len() / 4,
        bytes.len() / 2,
        bytes.len().saturating_sub(1),
    ] {
        let earlier = server_name(&bytes[..end]);
        assert!(earlier == Ok(None) || earlier == result);
    }
});

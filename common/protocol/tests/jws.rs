//! Signed approvals, taken apart and put together.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use veracruz_policy::{ParticipantName, PolicyHash};
use veracruz_protocol::{
    APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, Instances, Jws, JwsError,
};

fn statement() -> ApprovalStatement {
    ApprovalStatement {
        purpose: APPROVAL_PURPOSE.into(),
        policy: PolicyHash::from_bytes([1; 32]),
        participant: ParticipantName::parse("acme").unwrap(),
        instances: Instances::Any,
        programs: vec![],
        nbf: 1,
        exp: 3,
        iat: 2,
        jti: ApprovalId::from_random(&[4; 16]),
    }
}

fn with_header(header: &str) -> Result<Jws, JwsError> {
    let payload = serde_json::to_string(&statement()).unwrap();
    let input = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(header.as_bytes()),
        BASE64URL_NOPAD.encode(payload.as_bytes())
    );
    Jws::parse(&Jws::compact(&input, &[0; 64]))
}

#[test]
fn an_approval_comes_back() {
    let input = Jws::signing_input(&statement());
    // python3: base64.urlsafe_b64encode(b'{"alg":"ES256","typ":"veracruz-approval+jws"}')
    assert!(input.starts_with("eyJhbGciOiJFUzI1NiIsInR5cCI6InZlcmFjcnV6LWFwcHJvdmFsK2p3cyJ9."));
    let jws = Jws::parse(&Jws::compact(&input, &[7; 64])).unwrap();
    assert_eq!(
        jws,
        Jws {
            statement: statement(),
            signing_input: input,
            signature: [7; 64]
        }
    );
}

#[test]
fn the_order_of_the_header_does_not_matter() {
    assert!(with_header(r#"{"typ":"veracruz-approval+jws","alg":"ES256"}"#).is_ok());
}

#[test]
fn refuses_another_algorithm_or_type() {
    for alg in ["none", "HS256", "ES384", "es256"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"veracruz-approval+jws"}}"#);
        assert_eq!(
            with_header(&header),
            Err(JwsError::Algorithm { found: alg.into() })
        );
    }
    assert_eq!(
        with_header(r#"{"alg":"ES256","typ":"JWT"}"#),
        Err(JwsError::Type {
            found: "JWT".into()
        })
    );
}

#[test]
fn refuses_header_members_that_nobody_looks_at() {
    for more in [
        r#""jwk":{}"#,
        r#""crit":[]"#,
        r#""kid":"x""#,
        r#""b64":false"#,
        r#""alg":"ES256""#,
    ] {
        let header = format!(r#"{{"alg":"ES256","typ":"veracruz-approval+jws",{more}}}"#);
        assert!(
            matches!(with_header(&header), Err(JwsError::Header { .. })),
            "{more}"
        );
    }
}

#[test]
fn refuses_what_is_not_three_strict_parts() {
    let good = Jws::compact(&Jws::signing_input(&statement()), &[7; 64]);
    for bad in [
        format!("{good}="),
        format!("{good}.AA"),
        format!(" {good}"),
        format!("{good}\n"),
        good.replace('.', ""),
        good.rsplit_once('.').unwrap().0.to_owned() + ".AA",
        "..".into(),
        String::new(),
    ] {
        assert!(Jws::parse(&bad).is_err(), "{bad}");
    }
    let long = "A".repeat(17 * 1024);
    assert!(matches!(Jws::parse(&long), Err(JwsError::TooLong { .. })));
}

proptest! {
    #[test]
    fn no_cut_and_no_changed_byte_panics(at in 0_usize..600, byte: u8) {
        let good = Jws::compact(&Jws::signing_input(&statement()), &[7; 64]);
        let cut: String = good.chars().take(at).collect();
        let _ = Jws::parse(&cut);
        let mut changed = good.into_bytes();
        if let Some(place) = changed.get_mut(at) {
            *place = byte;
        }
        let _ = Jws::parse(&String::from_utf8_lossy(&changed));
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = Jws::parse(&text);
    }
}

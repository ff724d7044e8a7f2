//! HTTP as it should and should not be spoken.

use crate::isolate::Isolate;

#[test]
fn answers_every_request_of_one_write_in_order() {
    let isolate = Isolate::start();
    let mut client = isolate.acme();
    let requests: String = ["/v1/policy", "/v1/status", "/v1/nowhere", "/v1/policy"]
        .map(|path| client.head("GET", path, &[]))
        .concat();
    client.write(requests);
    let answers = [(); 4].map(|()| client.answer("GET"));
    let statuses = answers.each_ref().map(|answer| answer.status);
    assert_eq!(statuses, [200, 200, 404, 200]);
    for policy in [&answers[0], &answers[3]] {
        assert_eq!(policy.body, isolate.policy.document());
    }
    assert_eq!(answers[1].json()["you"], "acme");
}

#[test]
fn requires_evidence_on_each_connection_anew() {
    let isolate = Isolate::start();
    let mut first = isolate.acme();
    assert_eq!(first.get("/v1/files/input/acme.csv").status, 404);
    let mut second = isolate.dial(&isolate.acme);
    let refused = second.get("/v1/files/input/acme.csv");
    assert_eq!((refused.status, refused.code().as_str()), (428, "VC-0202"));
    assert_eq!(second.get("/v1/status").status, 200);
}

#[test]
fn refuses_oversized_and_endless_heads() {
    let isolate = Isolate::start();
    let mut client = isolate.dial(&isolate.acme);
    let large = client.head(
        "GET",
        "/v1/status",
        &[format!("X: {}", "x".repeat(17 << 10))],
    );
    client.write(large);
    assert_eq!(client.answer("GET").status, 431);
    assert!(client.is_closed());

    let mut client = isolate.dial(&isolate.acme);
    let many = vec!["X: x".to_owned(); 65];
    let head = client.head("GET", "/v1/status", &many);
    client.write(head);
    assert_eq!(client.answer("GET").status, 431);

    let mut client = isolate.dial(&isolate.acme);
    client.write("GET /v1/status HTTP/1.1\r\nX: ");
    client.write(vec![b'x'; 200 << 10]);
    assert_eq!(client.answer("GET").status, 431);
    assert!(client.is_closed());
}

#[test]
fn refuses_what_is_no_http_and_goes_on() {
    let isolate = Isolate::start();
    for nonsense in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n"] {
        let mut client = isolate.dial(&isolate.acme);
        client.write(nonsense);
        assert!(client.is_closed());
    }
    assert_eq!(isolate.acme().get("/v1/status").status, 200);
}

#[test]
fn refuses_the_name_of_another_computation() {
    let isolate = Isolate::start();
    let mut client = isolate.dial(&isolate.acme);
    for host in ["other.example", &format!("x{}", isolate.name())] {
        client.write(format!("GET /v1/status HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let refused = client.answer("GET");
        assert_eq!((refused.status, refused.code().as_str()), (421, "VC-0201"));
    }
    client.write("GET /v1/status HTTP/1.1\r\n\r\n");
    assert_eq!(client.answer("GET").status, 421);
}

#[test]
fn refuses_bodies_that_are_too_large_or_of_another_kind() {
    let isolate = Isolate::start();
    let mut client = isolate.dial(&isolate.acme);
    let json = vec!["Content-Type: application/json".to_owned()];
    let large = client.ask("POST", "/v1/attestation", &json, &[b' '; 5 << 10]);
    assert_eq!((large.status, large.code().as_str()), (413, "VC-0905"));
    let mut client = isolate.dial(&isolate.acme);
    assert_eq!(
        client.ask("POST", "/v1/attestation", &[], b"{}").status,
        415
    );
    let mut client = isolate.dial(&isolate.acme);
    let unknown = br#"{"nonce":"mOlWrP1RynSHNyNpjvlDNrTz6eH3eNaBEIsxkQRvNBA","more":1}"#;
    let refused = client.ask("POST", "/v1/attestation", &json, unknown);
    assert_eq!((refused.status, refused.code().as_str()), (400, "VC-0904"));
}

#[test]
fn takes_one_credential_for_each_piece_of_evidence_on_its_connection() {
    let isolate = Isolate::start();
    let json = vec!["Content-Type: application/json".to_owned()];
    let path = "/v1/attestation/credential";
    let credential = br#"{"credential_blob":"AAAA","secret":"AAAA"}"#;
    let mut client = isolate.dial(&isolate.acme);
    let refused = client.ask("POST", path, &json, credential);
    assert_eq!((refused.status, refused.code().as_str()), (428, "VC-0202"));
    assert_eq!(client.attest().status, 200);
    // This isolate has no TPM; that was its one attempt.
    let refused = client.ask("POST", path, &json, credential);
    assert_eq!((refused.status, refused.code().as_str()), (422, "VC-0208"));
    let refused = client.ask("POST", path, &json, credential);
    assert_eq!((refused.status, refused.code().as_str()), (428, "VC-0202"));
    // Other evidence, another attempt, but for no other form of it.
    assert_eq!(client.attest().status, 200);
    let long = format!(r#"{{"credential_blob":"{}","secret":""}}"#, "A".repeat(178));
    let more = r#"{"credential_blob":"AAAA","secret":"AAAA","more":1}"#;
    for malformed in [&long, more, r#"{"credential_blob":"A A="}"#] {
        let refused = client.ask("POST", path, &json, malformed.as_bytes());
        assert_eq!((refused.status, refused.code().as_str()), (400, "VC-0904"));
    }
    let large = client.ask("POST", path, &json, &[b' '; 5 << 10]);
    assert_eq!((large.status, large.code().as_str()), (413, "VC-0905"));
}

#[test]
fn the_status_stream_tells_of_every_change_and_ends_with_its_reader() {
    let mut isolate = Isolate::start();
    let mut reader = isolate.acme();
    let head = reader.head("GET", "/v1/status", &["Accept: text/event-stream".into()]);
    reader.write(head);
    assert!(reader.head_of_answer().contains("text/event-stream"));
    let first = String::from_utf8(reader.until(b"\n\n")).unwrap();
    assert!(first.contains("event: status") && first.contains("\"awaiting\""));

    let mut lab = isolate.attested(&isolate.lab);
    let jose = vec!["Content-Type: application/jose".to_owned()];
    let approved = lab.ask("PUT", "/v1/approval", &jose, &isolate.approval());
    assert_eq!(
        approved.status,
        204,
        "{:?}",
        String::from_utf8(approved.body)
    );
    let second = String::from_utf8(reader.until(b"\n\n")).unwrap();
    assert_ne!(first, second);

    drop((reader, lab));
    for _ in 0..200 {
        if isolate.health().connections == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("a connection is left");
}

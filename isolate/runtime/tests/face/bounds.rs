//! Who gets in, and how many.

use crate::client::Client;
use crate::isolate::{Isolate, identity, idle};
use rustix::net::sockopt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What TLS says when this client asks for something.
fn refusal(mut client: Client) -> String {
    let head = client.head("GET", "/v1/status", &[]);
    // The handshake is over for the client before the isolate has looked at its certificate.
    let sent = client.stream.write_all(head.repeat(50).as_bytes());
    let error = match sent {
        Err(error) => error,
        Ok(()) => client.stream.read(&mut [0]).unwrap_err(),
    };
    error.to_string()
}

#[test]
fn strangers_and_other_names_get_an_alert_and_no_reset() {
    let isolate = Isolate::start();
    for _ in 0..20 {
        let stranger = isolate.dial(&identity("stranger"));
        let error = refusal(stranger);
        assert!(error.contains("fatal alert"), "{error}");
    }
    let other = format!("{}.veracruz.internal", "a".repeat(52));
    for name in ["other.example", &other] {
        let error = refusal(Client::new(isolate.connect(), &isolate.acme, name));
        assert!(error.contains("AccessDenied"), "{error}");
    }
    assert_eq!(isolate.acme().get("/v1/status").status, 200);
}

#[test]
fn strangers_take_half_of_the_seats_at_most() {
    // A quarter of the descriptors are for connections: 16.
    let mut isolate = Isolate::with(64, &[&idle()], |_| {});
    let mut here = isolate.acme();
    let silent: Vec<_> = (0..8).map(|_| isolate.connect()).collect();
    let mut ninth = isolate.connect();
    ninth
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    assert_eq!(ninth.read(&mut [0]).unwrap(), 0);
    assert_eq!(here.get("/v1/status").status, 200);
    drop(silent);
    while isolate.health().connections > 1 {}
    assert_eq!(isolate.acme().get("/v1/status").status, 200);
}

#[test]
fn one_participant_has_64_connections_and_eight_streams() {
    let isolate = Isolate::start();
    let mut clients: Vec<_> = (0..64).map(|_| isolate.dial(&isolate.acme)).collect();
    for client in &mut clients {
        assert_eq!(client.get("/v1/policy").status, 200);
    }
    let mut further = isolate.dial(&isolate.acme);
    let _ = further.stream.write_all(b"GET ");
    assert!(further.is_closed());
    let mut lab = isolate.dial(&isolate.lab);
    assert_eq!(lab.get("/v1/status").status, 200);

    for client in &mut clients[..8] {
        let head = client.head("GET", "/v1/status", &["Accept: text/event-stream".into()]);
        client.write(head);
        assert!(client.head_of_answer().starts_with("HTTP/1.1 200"));
    }
    let ninth = clients[8].ask(
        "GET",
        "/v1/status",
        &["Accept: text/event-stream".into()],
        &[],
    );
    assert_eq!((ninth.status, ninth.code().as_str()), (503, "VC-0909"));
    drop(clients);
}

#[test]
fn a_tcp_connection_is_served_and_given_up_when_its_reader_stalls() {
    let isolate = Isolate::start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    isolate.pass(&[accepted.as_fd()]);
    let dialled = UnixStream::from(OwnedFd::from(dialled));
    let mut client = Client::new(dialled, &isolate.acme, &isolate.name());
    assert_eq!(client.get("/v1/status").status, 200);
    // The socket is shared with this process, so what the isolate set can be seen here.
    assert_eq!(sockopt::tcp_user_timeout(&accepted).unwrap(), 120_000);
    assert!(sockopt::tcp_nodelay(&accepted).unwrap());
    assert!(sockopt::socket_keepalive(&accepted).unwrap());
}

#[test]
fn whoever_asks_for_evidence_without_end_keeps_nobody_else_from_it() {
    let isolate = Isolate::start();
    let mut greedy: Vec<_> = (0..40).map(|_| isolate.dial(&isolate.acme)).collect();
    for client in &mut greedy {
        let body = br#"{"nonce":"mOlWrP1RynSHNyNpjvlDNrTz6eH3eNaBEIsxkQRvNBA"}"#;
        let headers = [
            "Content-Type: application/json".to_owned(),
            format!("Content-Length: {}", body.len()),
        ];
        let head = client.head("POST", "/v1/attestation", &headers);
        client.write([head.as_bytes(), body].concat().repeat(20));
    }
    assert_eq!(isolate.dial(&isolate.lab).attest().status, 200);
    let threads: u32 = isolate.kernel_says("status", "Threads").parse().unwrap();
    let processors = std::thread::available_parallelism().unwrap().get();
    assert!(threads as usize <= 5 + processors, "{threads}");
    for client in &mut greedy {
        for _ in 0..20 {
            assert_eq!(client.answer("POST").status, 200);
        }
    }
}

//! The participants' port, with real sockets and isolates that are made up.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use support::{Host, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use veracruz_launch::Loss;
use veracruz_server::Limits;
use veracruz_session::{Identity, client_config};

#[tokio::test]
async fn the_isolate_reads_the_handshake_from_its_start() {
    let host = Host::start().await;
    let (isolate, policy) = host.launch("one").await;
    let hello = hello(&name(&policy));
    let mut connection = TcpStream::connect(host.participants).await.unwrap();
    connection.write_all(&hello).await.unwrap();
    assert_eq!(
        read(&mut connection, isolate.greeting().len()).await,
        isolate.greeting().as_bytes()
    );
    assert_eq!(
        read(&mut connection, hello.len()).await,
        hello,
        "not a byte is missing"
    );
}

#[tokio::test]
async fn a_hello_that_arrives_in_pieces_is_waited_for() {
    let host = Host::start().await;
    let (isolate, policy) = host.launch("one").await;
    let mut connection = TcpStream::connect(host.participants).await.unwrap();
    connection.set_nodelay(true).unwrap();
    for piece in hello(&name(&policy)).chunks(400) {
        connection.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(
        read(&mut connection, isolate.greeting().len()).await,
        isolate.greeting().as_bytes()
    );
}

#[tokio::test]
async fn each_policy_reaches_its_own_isolate_and_an_instance_only_itself() {
    let host = Host::start().await;
    let (one, policy_one) = host.launch("one").await;
    let (two, policy_two) = host.launch("two").await;
    assert_eq!(greeting(&host, &name(&policy_one)).await, one.greeting());
    assert_eq!(greeting(&host, &name(&policy_two)).await, two.greeting());
    let own = format!("{}.{}", one.greeting(), name(&policy_one));
    assert_eq!(greeting(&host, &own).await, one.greeting());
    let other = format!("{}.{}", two.greeting(), name(&policy_one));
    assert_eq!(greeting(&host, &other).await, "", "closed");
}

#[tokio::test]
async fn closes_on_a_name_that_no_isolate_has() {
    let host = Host::start().await;
    let (_, policy) = host.launch("one").await;
    for other in [
        &name(&"a".repeat(52)),
        "example.com",
        &format!("{policy}.example.com"),
        "veracruz.internal",
    ] {
        assert_eq!(greeting(&host, other).await, "", "{other}");
    }
}

#[tokio::test]
async fn closes_on_what_is_not_tls() {
    let host = Host::start().await;
    let mut connection = TcpStream::connect(host.participants).await.unwrap();
    connection
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(rest(&mut connection).await, b"");
}

#[tokio::test]
async fn closes_where_the_hello_does_not_come_in_time() {
    let limits = Limits {
        handshake_time: Duration::from_millis(200),
        ..Limits::default()
    };
    let host = Host::start_with(limits, Arc::default()).await;
    let (_, policy) = host.launch("one").await;
    for sent in [&b""[..], &hello(&name(&policy))[..500]] {
        let start = Instant::now();
        let mut connection = TcpStream::connect(host.participants).await.unwrap();
        connection.write_all(sent).await.unwrap();
        assert_eq!(rest(&mut connection).await, b"");
        assert!(
            start.elapsed() >= Duration::from_millis(200),
            "it was waited for"
        );
    }
}

#[tokio::test]
async fn those_that_say_nothing_keep_no_more_places_than_there_are() {
    let limits = Limits {
        handshakes: 2,
        handshake_time: Duration::from_millis(300),
        ..Limits::default()
    };
    let host = Host::start_with(limits, Arc::default()).await;
    let (isolate, policy) = host.launch("one").await;
    let _first = TcpStream::connect(host.participants).await.unwrap();
    let _second = TcpStream::connect(host.participants).await.unwrap();
    let mut third = TcpStream::connect(host.participants).await.unwrap();
    assert_eq!(rest(&mut third).await, b"", "closed at once");
    eventually(async || greeting(&host, &name(&policy)).await == isolate.greeting()).await;
}

#[tokio::test]
async fn connections_to_one_isolate_are_limited_until_it_has_closed_some() {
    let limits = Limits {
        connections_per_isolate: 2,
        ..Limits::default()
    };
    let host = Host::start_with(limits, Arc::default()).await;
    let (isolate, policy) = host.launch("one").await;
    let name = name(&policy);
    assert_eq!(greeting(&host, &name).await, isolate.greeting());
    assert_eq!(greeting(&host, &name).await, isolate.greeting());
    assert_eq!(greeting(&host, &name).await, "", "closed");
    isolate.connections.store(1, Ordering::Relaxed);
    eventually(async || greeting(&host, &name).await == isolate.greeting()).await;
}

#[tokio::test]
async fn connections_to_all_isolates_are_limited() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let host = Host::start_with(limits, Arc::default()).await;
    let (one, policy_one) = host.launch("one").await;
    let (two, policy_two) = host.launch("two").await;
    assert_eq!(greeting(&host, &name(&policy_one)).await, one.greeting());
    assert_eq!(greeting(&host, &name(&policy_two)).await, two.greeting());
    assert_eq!(greeting(&host, &name(&policy_one)).await, "", "closed");
    two.die(Loss::Exited(0));
    eventually(async || greeting(&host, &name(&policy_one)).await == one.greeting()).await;
}

#[tokio::test]
async fn the_host_goes_on_when_an_isolate_dies() {
    let host = Host::start().await;
    let (one, policy_one) = host.launch("one").await;
    let (two, policy_two) = host.launch("two").await;
    one.die(Loss::Signalled(11));
    eventually(async || greeting(&host, &name(&policy_one)).await.is_empty()).await;
    assert_eq!(greeting(&host, &name(&policy_two)).await, two.greeting());
}

#[tokio::test]
async fn connections_in_an_isolate_outlive_the_host() {
    let host = Host::start().await;
    let (isolate, policy) = host.launch("one").await;
    let mut connection = TcpStream::connect(host.participants).await.unwrap();
    let hello = hello(&name(&policy));
    connection.write_all(&hello).await.unwrap();
    read(&mut connection, isolate.greeting().len() + hello.len()).await;
    host.stop().await;
    connection.write_all(b"still there?").await.unwrap();
    assert_eq!(read(&mut connection, 12).await, b"still there?");
}

fn name(policy: &str) -> String {
    format!("{policy}.veracruz.internal")
}

/// What a participant's client really sends first.
fn hello(name: &str) -> Vec<u8> {
    let config = client_config(&Identity::generate("acme").unwrap()).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    hello
}

/// What the isolate behind this name says first; nothing where the host closes.
async fn greeting(host: &Host, name: &str) -> String {
    let mut connection = TcpStream::connect(host.participants).await.unwrap();
    // It may be closed before everything is sent.
    let _ = connection.write_all(&hello(name)).await;
    let mut greeting = [0; 52];
    let read = connection.read_exact(&mut greeting);
    let read = tokio::time::timeout(Duration::from_secs(3), read)
        .await
        .expect("an answer or the end");
    if read.is_ok() {
        String::from_utf8(greeting.to_vec()).unwrap()
    } else {
        String::new()
    }
}

async fn read(connection: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let read = connection.read_exact(&mut bytes);
    tokio::time::timeout(Duration::from_secs(3), read)
        .await
        .expect("in time")
        .unwrap();
    bytes
}

/// Everything until the end, which may be a reset.
async fn rest(connection: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = connection.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(Duration::from_secs(3), read)
        .await
        .expect("in time");
    bytes
}

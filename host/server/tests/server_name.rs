//! The ClientHello that is read for its name, against what rustls writes and what rustls reads.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helpers of tests"
)]

use std::io::{Cursor, Read};
use std::sync::Arc;

use proptest::prelude::*;
use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use veracruz_server::sni::{MAX_HELLO, SniError, server_name};

const NAME: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.veracruz.internal";

#[test]
fn reads_the_name_that_a_real_client_sends() {
    let hello = real_hello(NAME);
    assert!(hello.len() > 1200, "it has a post-quantum key share");
    assert_eq!(server_name(&hello), Ok(Some(NAME.to_owned())));
}

#[test]
fn what_follows_the_hello_does_not_matter() {
    let mut hello = real_hello(NAME);
    hello.extend_from_slice(b"early data, or anything");
    assert_eq!(server_name(&hello), Ok(Some(NAME.to_owned())));
}

#[test]
fn a_hello_cut_at_any_byte_needs_more() {
    let hello = real_hello(NAME);
    for length in 0..hello.len() {
        assert_eq!(server_name(&hello[..length]), Ok(None), "{length}");
    }
}

#[test]
fn a_hello_spread_over_records_is_read_as_one() {
    let hello = real_hello(NAME);
    for size in [1, 2, 5, 100, 1000] {
        let spread = spread(&hello, size);
        assert_eq!(server_name(&spread), Ok(Some(NAME.to_owned())), "{size}");
        for length in 0..spread.len() {
            assert_eq!(server_name(&spread[..length]), Ok(None), "{size}, {length}");
        }
    }
}

#[test]
fn refuses_a_connection_to_an_address() {
    let hello = hello_to(ServerName::try_from("192.0.2.1").unwrap());
    assert_eq!(server_name(&hello), Err(SniError::NoName));
}

#[test]
fn refuses_what_is_not_tls() {
    for start in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"\x16\x02\x00\x00\x05",
        b"SSH-2.0-x",
        b"\x80\x2e\x01",
    ] {
        assert_eq!(server_name(start), Err(SniError::NotTls), "{start:?}");
    }
}

#[test]
fn refuses_another_handshake_message() {
    let server_hello = [22, 3, 3, 0, 4, 2, 0, 0, 0];
    assert!(matches!(
        server_name(&server_hello),
        Err(SniError::Malformed { .. })
    ));
}

#[test]
fn refuses_records_that_are_empty_or_too_long() {
    assert!(matches!(
        server_name(&[22, 3, 1, 0, 0]),
        Err(SniError::Malformed { .. })
    ));
    assert!(matches!(
        server_name(&[22, 3, 1, 0x40, 1]),
        Err(SniError::Malformed { .. })
    ));
}

#[test]
fn refuses_a_hello_that_says_it_is_too_long_before_it_arrives() {
    assert_eq!(
        server_name(&[22, 3, 1, 0x40, 0, 1, 0, 0x40, 1]),
        Err(SniError::TooLong)
    );
    assert_eq!(
        server_name(&[22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]),
        Err(SniError::TooLong)
    );
}

#[test]
fn refuses_a_hello_that_does_not_end_within_the_limit() {
    let endless: Vec<u8> = [22, 3, 1, 0, 1, 1].repeat(MAX_HELLO);
    assert!(server_name(&endless[..MAX_HELLO]).is_err());
}

#[test]
fn refuses_two_names_empty_names_and_names_with_odd_characters() {
    assert_eq!(
        server_name(&hello_with(&[extension(b"a.b")])),
        Ok(Some("a.b".to_owned()))
    );
    let refused = [
        hello_with(&[extension(b"a.b"), extension(b"a.b")]),
        hello_with(&[extension(b"")]),
        hello_with(&[extension(b"a b")]),
        hello_with(&[extension(b"a\0b")]),
        hello_with(&[extension("ä.b".as_bytes())]),
        hello_with(&[extension(&[b'a'; 254])]),
        // Two host names in one list, another type of name, bytes after the list, no list.
        hello_with(&[vec![0, 0, 0, 10, 0, 8, 0, 0, 1, b'a', 0, 0, 1, b'b']]),
        hello_with(&[vec![0, 0, 0, 6, 0, 4, 1, 0, 1, b'a']]),
        hello_with(&[vec![0, 0, 0, 7, 0, 4, 0, 0, 1, b'a', 0]]),
        hello_with(&[vec![0, 0, 0, 0]]),
        // An extension that says it is longer than it is.
        hello_with(&[vec![0, 0, 0, 99]]),
    ];
    for hello in refused {
        assert!(
            matches!(server_name(&hello), Err(SniError::Malformed { .. })),
            "{hello:?}"
        );
    }
    assert_eq!(server_name(&hello_with(&[])), Err(SniError::NoName));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = server_name(&bytes);
        let mut record = vec![22, 3, 1, 0, bytes.len().min(255) as u8, 1, 0, 0, 80];
        record.extend_from_slice(&bytes);
        let _ = server_name(&record);
    }

    /// Whatever byte is changed: where rustls accepts the hello and finds a name, so it is here,
    /// or it is refused; another name than rustls finds is never given.
    #[test]
    fn never_finds_another_name_than_rustls(position in 0..400_usize, value: u8) {
        let mut hello = real_hello(NAME);
        hello[position] = value;
        if let (Ok(Some(here)), Some(there)) = (server_name(&hello), rustls_name(&hello)) {
            prop_assert_eq!(here.to_ascii_lowercase(), there);
        }
    }

    #[test]
    fn what_is_refused_stays_refused(position in 0..400_usize, value: u8, length in 0..400_usize) {
        let mut hello = real_hello(NAME);
        hello[position] = value;
        if let Err(early) = server_name(&hello[..length]) {
            prop_assert_eq!(server_name(&hello), Err(early));
        }
    }
}

fn real_hello(name: &str) -> Vec<u8> {
    hello_to(ServerName::try_from(name.to_owned()).unwrap())
}

fn hello_to(name: ServerName<'static>) -> Vec<u8> {
    let config = ClientConfig::builder()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    hello
}

fn rustls_name(hello: &[u8]) -> Option<String> {
    let mut acceptor = Acceptor::default();
    let mut hello = Cursor::new(hello);
    acceptor.read_tls(&mut hello.by_ref().take(1 << 16)).ok()?;
    let accepted = acceptor.accept().ok()??;
    accepted.client_hello().server_name().map(str::to_owned)
}

/// The same handshake message in records of at most `size` bytes.
fn spread(hello: &[u8], size: usize) -> Vec<u8> {
    let fragments = hello[5..].chunks(size);
    fragments
        .flat_map(|fragment| [&[22, 3, 1], &length(fragment)[..], fragment].concat())
        .collect()
}

fn hello_with(extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = extensions.concat();
    let head = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 0x01, 1, 0]].concat();
    let body = [&head[..], &length(&extensions), &extensions].concat();
    let message = [&[1, 0][..], &length(&body), &body].concat();
    [&[22, 3, 1][..], &length(&message), &message].concat()
}

fn extension(name: &[u8]) -> Vec<u8> {
    let entry = [&[0][..], &length(name), name].concat();
    let list = [&length(&entry)[..], &entry].concat();
    [&[0, 0][..], &length(&list), &list].concat()
}

fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap().to_be_bytes()
}

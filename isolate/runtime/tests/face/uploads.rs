//! Uploads, whole and broken.

use crate::client::{Client, provision};
use crate::isolate::Isolate;

const PATH: &str = "/v1/files/input/acme.csv";

fn put(client: &mut Client, headers: &[String], length: usize) {
    let mut headers = headers.to_vec();
    headers.push(format!("Content-Length: {length}"));
    let head = client.head("PUT", PATH, &headers);
    client.write(head);
}

/// The headers of the rest of `contents`.
fn rest(contents: &[u8], offset: usize) -> Vec<String> {
    let (last, length) = (contents.len() - 1, contents.len());
    let mut headers = provision(contents);
    headers.push(format!("Content-Range: bytes {offset}-{last}/{length}"));
    headers
}

fn offset(client: &mut Client) -> String {
    let head = client.ask("HEAD", PATH, &[], &[]);
    head.header("upload-offset").to_owned()
}

#[test]
fn a_body_that_breaks_off_is_kept_and_goes_on_elsewhere() {
    let isolate = Isolate::start();
    let contents = b"one,two,three";
    let mut client = isolate.acme();
    put(&mut client, &provision(contents), contents.len());
    client.write(&contents[..5]);
    drop(client);
    let mut client = isolate.acme();
    while offset(&mut client) != "5" {}
    put(&mut client, &rest(contents, 5), contents.len() - 5);
    client.write(&contents[5..]);
    assert_eq!(client.answer("PUT").status, 201);
    assert_eq!(client.get(PATH).body, contents);
}

#[test]
fn a_newer_connection_takes_over_from_one_that_hangs() {
    let isolate = Isolate::start();
    let contents = b"one,two,three";
    let mut hanging = isolate.acme();
    put(&mut hanging, &provision(contents), contents.len());
    hanging.write(&contents[..5]);
    let mut newer = isolate.acme();
    while offset(&mut newer) != "5" {}
    put(&mut newer, &rest(contents, 5), contents.len() - 5);
    newer.write(&contents[5..8]);
    while offset(&mut isolate.acme()) != "8" {}
    // What the older one sends now reaches nobody.
    hanging.write(b"XX");
    let late = hanging.answer("PUT");
    assert_eq!((late.status, late.code().as_str()), (409, "VC-0411"));
    newer.write(&contents[8..]);
    assert_eq!(newer.answer("PUT").status, 201);
    assert_eq!(newer.get(PATH).body, contents);
}

#[test]
fn bytes_beyond_the_body_are_not_part_of_the_file() {
    let isolate = Isolate::start();
    let mut client = isolate.acme();
    put(&mut client, &provision(b"12345"), 5);
    client.write(b"12345 and more that is no request\r\n\r\n");
    assert_eq!(client.answer("PUT").status, 201);
    assert_eq!(client.answer("GET").status, 400);
    assert!(client.is_closed());
    assert_eq!(isolate.acme().get(PATH).body, b"12345");
}

#[test]
fn the_length_is_required_and_chunks_are_refused() {
    let isolate = Isolate::start();
    let mut headers = provision(b"12345");
    headers.push("Transfer-Encoding: chunked".into());
    let mut client = isolate.acme();
    let head = client.head("PUT", PATH, &headers);
    client.write(head + "5\r\n12345\r\n0\r\n\r\n");
    let refused = client.answer("PUT");
    assert_eq!((refused.status, refused.code().as_str()), (411, "VC-0407"));

    // Both at once is how one request is hidden in another.
    headers.push("Content-Length: 5".into());
    let mut client = isolate.acme();
    let head = client.head("PUT", PATH, &headers);
    client.write(head + "5\r\n12345\r\n0\r\n\r\n");
    assert!(matches!(client.answer("PUT").status, 400 | 411));
    assert_eq!(isolate.acme().get(PATH).status, 404);
}

#[test]
fn expect_continue_is_answered_before_the_body_is_sent() {
    let isolate = Isolate::start();
    let mut client = isolate.acme();
    let expecting = |contents: &[u8]| {
        let mut headers = provision(contents);
        headers.push("Expect: 100-continue".into());
        headers
    };
    put(&mut client, &expecting(b"12345"), 5);
    assert_eq!(client.answer("PUT").status, 100);
    client.write(b"12345");
    assert_eq!(client.answer("PUT").status, 201);

    // What is too large is refused without a byte of it.
    let mut client = isolate.acme();
    put(&mut client, &expecting(b"12345"), 1 << 40);
    let refused = client.answer("PUT");
    assert_eq!((refused.status, refused.code().as_str()), (413, "VC-0408"));
}

#[test]
fn a_wrong_digest_commits_nothing() {
    let isolate = Isolate::start();
    let mut client = isolate.acme();
    put(&mut client, &provision(b"12345"), 5);
    client.write(b"12346");
    let refused = client.answer("PUT");
    assert_eq!((refused.status, refused.code().as_str()), (422, "VC-0413"));
    assert_eq!(client.get(PATH).status, 404);
}

#[test]
fn an_upload_that_is_erased_meanwhile_is_told_so_and_nothing_is_left() {
    let isolate = Isolate::start();
    let mut sending = isolate.acme();
    put(&mut sending, &provision(b"12345"), 5);
    sending.write(b"123");
    let mut other = isolate.acme();
    while offset(&mut other) != "3" {}
    assert_eq!(other.ask("DELETE", PATH, &[], &[]).status, 204);
    sending.write(b"45");
    let refused = sending.answer("PUT");
    assert_eq!((refused.status, refused.code().as_str()), (409, "VC-0422"));
    assert_eq!(other.get(PATH).status, 404);
}

#[test]
fn a_large_upload_streams_through_little_memory() {
    const MIB: usize = 1 << 20;
    let isolate = Isolate::start();
    let own_kib = || -> u64 {
        let line = isolate.kernel_says("status", "RssAnon");
        line.trim_end_matches(" kB").parse().unwrap()
    };
    let contents: Vec<u8> = (0..=250_u8).cycle().take(64 * MIB).collect();
    let mut client = isolate.acme();
    let before = own_kib();
    put(&mut client, &provision(&contents), contents.len());
    let mut most = before;
    for piece in contents.chunks(8 * MIB) {
        client.write(piece);
        most = most.max(own_kib());
    }
    assert_eq!(client.answer("PUT").status, 201);
    assert!(most < before + 8 * 1024, "{before} KiB became {most} KiB");
    assert_eq!(client.get(PATH).body, contents);
}

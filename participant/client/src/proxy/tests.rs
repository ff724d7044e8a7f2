//! Tests of what proxies are called and of what they answer.

use super::*;

fn parsed(text: &str) -> Proxy {
    Proxy::parse(text, "--proxy").unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work)
}

/// What becomes of an answer, and what the proxy was sent.
fn asked(proxy: &Proxy, answer: &[u8]) -> (Result<(), ProxyError>, String) {
    block_on(async {
        let (mut here, mut there) = tokio::io::duplex(1 << 20);
        there.write_all(answer).await.unwrap();
        there.shutdown().await.unwrap();
        let result = proxy.tunnel(&mut here, "host.example:7443").await;
        drop(here);
        let mut request = String::new();
        there.read_to_string(&mut request).await.unwrap();
        (result, request)
    })
}

#[test]
fn takes_names_addresses_ports_and_credentials() {
    for (text, address) in [
        ("http://proxy.example:3128", "proxy.example:3128"),
        ("HTTP://proxy.example", "proxy.example:80"),
        ("http://proxy.example/", "proxy.example:80"),
        ("proxy:8080", "proxy:8080"),
        ("http://10.0.0.1:1", "10.0.0.1:1"),
        ("http://[::1]:3128", "[::1]:3128"),
        ("http://[fe80::1]", "[fe80::1]:80"),
        ("http://me:p@ss@proxy:1", "proxy:1"),
    ] {
        assert_eq!(parsed(text).address(), address, "{text}");
    }
}

#[test]
fn refuses_what_names_no_proxy_and_never_repeats_it() {
    for text in [
        "",
        "http://",
        "https://proxy",
        "socks5://proxy:1080",
        "http://proxy:0",
        "http://proxy:65536",
        "http://proxy:",
        "http://proxy:+1",
        "http://pro xy:1",
        "http://[::1:80",
        "http://[host]:80",
        "http://proxy/path",
        "http://secret%0d:x@proxy",
        "http://secret%2:x@proxy",
        &format!("http://{}", "a".repeat(3000)),
    ] {
        let error = Proxy::parse(text, "HTTPS_PROXY").unwrap_err();
        assert!(
            matches!(error, ProxyError::Address { .. }),
            "{text}: {error}"
        );
        assert!(!error.to_string().contains("secret"));
        assert_eq!(error.code(), ErrorCode::ProxyAddress);
    }
}

#[test]
fn credentials_are_sent_decoded_and_never_printed() {
    let proxy = parsed("http://me:p%40ss@proxy:3128");
    let (result, request) = asked(&proxy, b"HTTP/1.1 200 Connection established\r\n\r\n");
    result.unwrap();
    // The independent answer is that of RFC 7617: base64 of `me:p@ss`.
    assert_eq!(
        request,
        "CONNECT host.example:7443 HTTP/1.1\r\nHost: host.example:7443\r\n\
         Proxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"
    );
    let shown = format!("{proxy:?}");
    assert!(!shown.contains("bWU6") && !shown.contains("@"), "{shown}");
    let (result, _) = asked(
        &proxy,
        b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n",
    );
    let error = result.unwrap_err();
    assert!(matches!(
        error,
        ProxyError::Authentication { given: true, .. }
    ));
    assert!(!error.to_string().contains("p@ss"), "{error}");
}

#[test]
fn an_answer_is_consent_or_an_error_of_its_own() {
    let proxy = parsed("proxy:1");
    let of = |answer: &[u8]| asked(&proxy, answer).0;
    of(b"HTTP/1.0 200 OK\r\nVia: 1.1 squid\r\nX-Cache:\tMISS\r\n\r\n").unwrap();
    of(b"HTTP/1.1 204\r\n\r\n").unwrap();
    let error = of(b"HTTP/1.1 407 Who are you\r\n\r\nbody").unwrap_err();
    assert!(matches!(
        error,
        ProxyError::Authentication { given: false, .. }
    ));
    let error = of(b"HTTP/1.1 403 Not \x1b[31m there\r\n\r\n").unwrap_err();
    assert!(matches!(error, ProxyError::Garbage { .. }), "{error:?}");
    for (status, passes) in [
        (403, false),
        (502, true),
        (504, true),
        (301, false),
        (100, false),
    ] {
        let error = of(format!("HTTP/1.1 {status} No\r\nLocation: x\r\n\r\n<html>").as_bytes());
        let error = error.unwrap_err();
        assert!(
            matches!(&error, ProxyError::Refused { status: found, .. } if *found == status),
            "{error:?}"
        );
        assert_eq!(error.may_pass(), passes, "{status}");
    }
}

#[test]
fn what_is_no_http_is_refused_within_bounds() {
    let proxy = parsed("proxy:1");
    let long = [
        b"HTTP/1.1 200 OK\r\n".as_slice(),
        &b"a: b\r\n".repeat(4000),
        b"\r\n",
    ]
    .concat();
    let many = [
        b"HTTP/1.1 200 OK\r\n".as_slice(),
        &b"a: b\r\n".repeat(101),
        b"\r\n",
    ]
    .concat();
    for answer in [
        b"SSH-2.0-OpenSSH_9.6\r\n".as_slice(),
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 +20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\nA: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: \xff\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03",
        &long,
        &many,
    ] {
        let error = asked(&proxy, answer).0.unwrap_err();
        assert!(matches!(error, ProxyError::Garbage { .. }), "{error:?}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
    for answer in [b"".as_slice(), b"HTT", b"HTTP/1.1 200 OK\r\n"] {
        let error = asked(&proxy, answer).0.unwrap_err();
        assert!(matches!(error, ProxyError::Unreachable { .. }), "{error:?}");
    }
}

#[test]
fn a_host_name_cannot_become_a_second_request() {
    let proxy = parsed("proxy:1");
    for to in ["", "a b:1", "a:1\r\nX: y", "hóst:1"] {
        let (mut here, _there) = tokio::io::duplex(64);
        let error = block_on(proxy.tunnel(&mut here, to)).unwrap_err();
        assert!(matches!(error, ProxyError::Address { .. }), "{error:?}");
    }
}

#[test]
fn some_hosts_are_dialled_directly() {
    for (address, list) in [
        ("localhost:1", ""),
        ("127.8.8.8:1", ""),
        ("[::1]:7443", ""),
        ("host.example:7443", "*"),
        ("host.example:7443", "other, .example"),
        ("host.example:7443", "EXAMPLE"),
        ("host.example:7443", "*.example"),
        ("host.example:7443", "host.example:7443"),
        ("10.1.2.3:1", "10.0.0.0/8"),
        ("10.1.2.3:1", "10.1.2.3"),
        ("[fd00::1]:1", "fd00::/8"),
    ] {
        assert!(bypassed(address, list), "{address} {list}");
    }
    for (address, list) in [
        ("host.example:7443", ""),
        ("host.example:7443", "ost.example"),
        ("host.example:7443", "host.example:443"),
        ("host.example:7443", ".,,"),
        ("11.1.2.3:1", "10.0.0.0/8"),
        ("10.1.2.3:1", "10.0.0.0/33"),
        ("10.1.2.3:1", "10.0.0.0/x"),
        ("10.1.2.3:1", "3"),
    ] {
        assert!(!bypassed(address, list), "{address} {list}");
    }
}

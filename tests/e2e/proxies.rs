//! A host behind an HTTP proxy, by CONNECT and nothing else.

use std::ffi::OsStr;
use veracruz_cli::local::{LocalError, Party};
use veracruz_tests::{ConnectProxy, Manner, World, refusal};

/// `status` through a proxy.
fn status(
    world: &World,
    party: &Party,
    policy: &std::path::Path,
    proxy: &str,
) -> Result<serde_json::Value, LocalError> {
    let arguments = [OsStr::new("--proxy"), OsStr::new(proxy)];
    party.call(&world.target(policy), &["attest"], &arguments)
}

#[test]
fn the_isolate_is_attested_through_a_proxy_that_leads_on() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("proxy", |_| {});
    world.launch(&policy).expect("an isolate");
    let host = world.deployment.participants;

    let open = ConnectProxy::start(Manner::Open);
    let direct = status(&world, &world.acme, &policy, "none").expect("it is attested");
    assert!(open.asked().is_empty());
    let proxied = status(
        &world,
        &world.acme,
        &policy,
        &format!("http://{}", open.address),
    );
    assert_eq!(
        proxied.expect("it is attested")["instance"],
        direct["instance"]
    );
    assert_eq!(
        open.asked(),
        [format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    );

    // RFC 7617: base64 of `me:open sesame`.
    let wants = ConnectProxy::start(Manner::Wants("Basic bWU6b3BlbiBzZXNhbWU=".into()));
    let known = format!("http://me:open%20sesame@{}", wants.address);
    status(&world, &world.acme, &policy, &known).expect("it is attested");
    let refused = refusal(status(
        &world,
        &world.acme,
        &policy,
        &wants.address.to_string(),
    ));
    assert_eq!((refused.code.as_str(), refused.exit), ("VC-0872", Some(3)));
    let wrong = format!("http://me:secret@{}", wants.address);
    let refused = refusal(status(&world, &world.acme, &policy, &wrong));
    assert_eq!(refused.code, "VC-0872");
    assert!(!refused.document.to_string().contains("secret"));
}

#[test]
fn each_way_in_which_a_proxy_fails_has_a_code_of_its_own() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("proxy-fails", |_| {});
    let code = |proxy: &str| {
        let refused = refusal(status(&world, &world.acme, &policy, proxy));
        (refused.code, refused.exit.unwrap_or(0))
    };
    let says = |text| {
        let proxy = ConnectProxy::start(Manner::Says(text));
        code(&format!("http://{}", proxy.address))
    };
    assert_eq!(code("https://proxy.example"), ("VC-0870".into(), 3));
    assert_eq!(code("socks5://proxy.example"), ("VC-0870".into(), 3));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    assert_eq!(code(&address.to_string()), ("VC-0871".into(), 6));
    assert_eq!(says(""), ("VC-0871".into(), 6));
    assert_eq!(
        says("HTTP/1.1 403 Forbidden\r\n\r\n"),
        ("VC-0873".into(), 5)
    );
    assert_eq!(says("SSH-2.0-OpenSSH_9.9\r\n"), ("VC-0874".into(), 6));
    assert_eq!(says("HTTP/1.1 200 OK\r\n\r\n\u{16}"), ("VC-0874".into(), 6));
}

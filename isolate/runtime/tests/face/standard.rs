//! Participants who come with curl or Python's `requests`, and nothing of ours.

use crate::isolate::{Isolate, identity, idle};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData,
    SignatureAlgorithm,
};
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use veracruz_evidence::{Evidence, Nonce, report_data, sw_rot};
use veracruz_policy::KeyDigest;
use veracruz_protocol::control::{CertificateRequest, ToHost, ToIsolate};
use veracruz_session::Identity;

/// A verifier, as far as an isolate sees one.
struct Verifier {
    ca: CertificateParams,
    ca_key: KeyPair,
    ear_key: KeyPair,
}

/// The point of a P-256 key, for the certificate's encoder.
struct Point(Vec<u8>);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl Verifier {
    fn new() -> Self {
        let mut ca = CertificateParams::default();
        ca.distinguished_name
            .push(rcgen::DnType::CommonName, "isolates by verifier.example");
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        ca.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        ca.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("veracruz.internal".into())],
            excluded_subtrees: vec![],
        });
        Self {
            ca,
            ca_key: KeyPair::generate().unwrap(),
            ear_key: KeyPair::generate().unwrap(),
        }
    }

    fn ca_pem(&self) -> String {
        self.ca.self_signed(&self.ca_key).unwrap().pem()
    }

    fn ear_spki(&self) -> Vec<u8> {
        self.ear_key.subject_public_key_info()
    }

    fn digest(&self) -> KeyDigest {
        KeyDigest::of_spki(&self.ear_spki())
    }

    /// A certificate for this key under this name.
    fn issue(&self, spki: &[u8], name: &str) -> Vec<u8> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_params(&self.ca, &self.ca_key);
        let certificate = params.signed_by(&Point(spki[26..].to_vec()), &issuer);
        certificate.unwrap().der().to_vec()
    }
}

/// An isolate whose acme relies on `verifier`.
fn isolate_for(verifier: &Verifier) -> Isolate {
    Isolate::with(4096, &[&idle()], |policy| {
        policy["participants"]["acme"]["trust"] = json!("verifier");
        policy["verifiers"] = json!([{
            "name": "verifier.example",
            "ca": verifier.ca_pem(),
            "ear_key": verifier.ear_key.public_key_pem(),
        }]);
    })
}

fn request(isolate: &mut Isolate, verifier: KeyDigest, nonce: [u8; 32]) -> CertificateRequest {
    isolate.say(&ToIsolate::Certify { verifier, nonce });
    match isolate.hear() {
        ToHost::CertificateRequest(wanted) => wanted,
        other => panic!("{other:?}"),
    }
}

fn install(isolate: &mut Isolate, verifier: KeyDigest, certificate: Vec<u8>) -> bool {
    isolate.say(&ToIsolate::Certificate {
        verifier,
        certificate,
    });
    match isolate.hear() {
        ToHost::Certified { installed } => installed,
        other => panic!("{other:?}"),
    }
}

/// The key in a request: the one encoding of a P-256 key begins with these bytes.
fn spki_in(request: &[u8]) -> Vec<u8> {
    let start = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
    let at = request.windows(start.len()).position(|part| part == start);
    request[at.unwrap()..][..91].to_vec()
}

#[test]
fn the_isolate_shows_its_key_to_the_policys_verifier_over_that_verifiers_nonce() {
    let verifier = Verifier::new();
    let mut isolate = isolate_for(&verifier);
    let wanted = request(&mut isolate, verifier.digest(), [5; 32]);
    assert_eq!(wanted.policy, isolate.policy.document());
    let evidence = Evidence::parse(&wanted.evidence).unwrap();
    let token = sw_rot::parse(evidence.content()).unwrap();
    let expected = report_data::key(
        &isolate.policy.hash(),
        &spki_in(&wanted.request),
        &verifier.ear_spki(),
        &Nonce::from_bytes([5; 32]),
    );
    assert_eq!(token.peek().claims().report_data, expected);

    // Another verifier is shown nothing.
    let (other, nonce) = (Verifier::new().digest(), [5; 32]);
    let verifier = other;
    isolate.say(&ToIsolate::Certify { verifier, nonce });
    assert_eq!(isolate.hear(), ToHost::Certified { installed: false });
}

#[test]
fn a_certificate_of_the_hosts_choosing_is_not_shown() {
    let verifier = Verifier::new();
    let mut isolate = isolate_for(&verifier);
    let spki = spki_in(&request(&mut isolate, verifier.digest(), [5; 32]).request);
    let name = isolate.name();
    let other_authority = Verifier::new().issue(&spki, &name);
    let other_key = verifier.issue(identity("other").spki(), &name);
    let other_name = verifier.issue(&spki, &format!("{}.veracruz.internal", "a".repeat(52)));
    for wrong in [other_authority, other_key, other_name, vec![], vec![0; 100]] {
        assert!(!install(&mut isolate, verifier.digest(), wrong));
    }
    let right = verifier.issue(&spki, &name);
    assert!(!install(
        &mut isolate,
        Verifier::new().digest(),
        right.clone()
    ));
    assert!(install(&mut isolate, verifier.digest(), right));
    // Those who appraise for themselves see the same key in another certificate.
    assert_eq!(isolate.attested(&isolate.lab).get("/v1/status").status, 200);
}

/// A certified isolate behind a TCP port, and the files of a standard client.
struct Port {
    isolate: Isolate,
    address: SocketAddr,
    listener: TcpListener,
    folder: PathBuf,
}

impl Port {
    fn open(test: &str) -> Self {
        let verifier = Verifier::new();
        let mut isolate = isolate_for(&verifier);
        let spki = spki_in(&request(&mut isolate, verifier.digest(), [5; 32]).request);
        let certificate = verifier.issue(&spki, &isolate.name());
        assert!(install(&mut isolate, verifier.digest(), certificate));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        std::fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, content: &[u8]| std::fs::write(folder.join(name), content);
        write("ca.pem", verifier.ca_pem().as_bytes()).unwrap();
        let acme: &Identity = &isolate.acme;
        write("acme.pem", acme.to_pem().unwrap().as_bytes()).unwrap();
        // More than curl sends without asking first.
        write("data.csv", &b"email,amount\n".repeat(200_000)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            isolate,
            address: listener.local_addr().unwrap(),
            listener,
            folder,
        }
    }

    /// Runs a client while its connections are handed to the isolate, as the host does.
    fn run(&self, command: &mut Command) -> Output {
        self.listener.set_nonblocking(true).unwrap();
        let mut child = command
            .current_dir(&self.folder)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            if let Ok((accepted, _)) = self.listener.accept() {
                self.isolate.pass(&[accepted.as_fd()]);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.wait_with_output().unwrap()
    }

    /// What acme finds under its own path, by our own client.
    fn contents(&self) -> Vec<u8> {
        let mut client = self.isolate.dial(&self.isolate.acme);
        client.get("/v1/files/input/acme.csv").body
    }

    fn data(&self) -> Vec<u8> {
        std::fs::read(self.folder.join("data.csv")).unwrap()
    }
}

fn curl(port: &Port, ca: &str, arguments: &[&str]) -> Command {
    let name = port.isolate.name();
    let mut command = Command::new("curl");
    command
        .args([
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--max-time",
            "30",
        ])
        .args(["--cacert", ca, "--cert", "acme.pem"])
        .args(["--connect-to", &format!("{name}:443:{}", port.address)])
        .args(arguments);
    command
}

#[test]
fn curl_uploads_with_a_verifiers_certificate() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not installed");
        return;
    }
    let port = Port::open("curl");
    let name = port.isolate.name();
    let file = format!("https://{name}/v1/files/input/acme.csv");
    let uploaded = port.run(&mut curl(&port, "ca.pem", &["-T", "data.csv", &file]));
    assert!(uploaded.status.success(), "{uploaded:?}");
    assert_eq!(port.contents(), port.data());
    let status = format!("https://{name}/v1/status");
    let asked = port.run(&mut curl(&port, "ca.pem", &[&status]));
    let document: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!(document["state"], "awaiting", "{document}");

    // Without the authority, or under another name, curl itself refuses (60: not to be trusted).
    std::fs::write(port.folder.join("other.pem"), Verifier::new().ca_pem()).unwrap();
    let stranger = port.run(&mut curl(&port, "other.pem", &[&status]));
    assert_eq!(stranger.status.code(), Some(60), "{stranger:?}");
}

/// Whether the `python3` on the search path has `requests`: `cargo xtask test` puts one there.
fn python_has_requests() -> bool {
    let imported = Command::new("python3")
        .args(["-c", "import requests"])
        .output();
    imported.is_ok_and(|output| output.status.success())
}

#[test]
fn requests_uploads_with_a_verifiers_certificate() {
    if !python_has_requests() {
        println!("skipped: no Python with the package `requests` is installed");
        return;
    }
    let port = Port::open("requests");
    // What an entry in /etc/hosts does for people.
    let script = r#"
import socket, sys, requests
name, address = sys.argv[1], sys.argv[2].split(":")
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, port, *rest: resolve(*(address if host == name else (host, port)), *rest)
with open("data.csv", "rb") as data:
    answer = requests.put(f"https://{name}/v1/files/input/acme.csv", data=data,
                          cert="acme.pem", verify="ca.pem", timeout=30)
answer.raise_for_status()
print(answer.status_code)
"#;
    let mut command = Command::new("python3");
    command.args([
        "-c",
        script,
        &port.isolate.name(),
        &port.address.to_string(),
    ]);
    let uploaded = port.run(&mut command);
    assert_eq!(uploaded.stdout, b"201\n", "{uploaded:?}");
    assert_eq!(port.contents(), port.data());
}

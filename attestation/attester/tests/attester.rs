//! The attester as its host sees it, and as its isolates do.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests, too, end a test by panicking"
)]

mod support;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use support::{Attester, is_root, mode, policy, puppet, runs, tell, wait_until};
use veracruz_attester::{
    Client, ClientError, Exit, IsolateId, IsolateState, Launched, Limits, Refusal, serve,
};
use veracruz_evidence::channel::Reply;
use veracruz_evidence::sw_rot;
use veracruz_policy::{Policy, Sha256};

fn launch(attester: &Attester, policy: &[u8]) -> Launched {
    let image = File::open(puppet()).unwrap();
    let digest = attester.client.register(&image).unwrap();
    attester
        .client
        .launch(&digest, policy, &Limits::default())
        .unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ClientError>) -> Refusal {
    match result.unwrap_err() {
        ClientError::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}

#[test]
fn keeps_its_key_and_its_socket_to_its_user() {
    let mut attester = Attester::start();
    let state = &attester.config.state_dir;
    assert_eq!(mode(state), 0o700);
    assert_eq!(mode(&state.join("attester.key")), 0o600);
    assert_eq!(mode(&attester.config.socket), 0o600);
    let hello = attester.client.hello().unwrap();
    let key = veracruz_attester::AttesterKey::open(state).unwrap();
    assert_eq!(hello.key, key.digest());
    assert_eq!(hello.spki, key.spki());
    let second = Command::new(env!("CARGO_BIN_EXE_veracruz-attester"))
        .arg(state)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&second.stderr).contains("another attester is running"));
    attester.kill();
}

#[test]
fn does_not_serve_in_a_process_with_other_threads() {
    // Tests run in threads of their own.
    let dir = tempfile::tempdir().unwrap();
    let config = veracruz_attester::Config::in_dir(dir.path());
    let refused = serve(&config, |_| {}).unwrap_err();
    assert!(matches!(
        refused,
        veracruz_attester::ServeError::Threads { .. }
    ));
}

#[test]
fn measures_as_sha256sum_does_and_executes_what_it_measured() {
    let attester = Attester::start();
    let path = attester.dir.path().join("runtime");
    fs::copy(puppet(), &path).unwrap();
    let output = Command::new("sha256sum").arg(&path).output().unwrap();
    let expected = String::from_utf8(output.stdout).unwrap();
    let digest = attester
        .client
        .register(&File::open(&path).unwrap())
        .unwrap();
    assert_eq!(
        digest.to_string(),
        expected.split_whitespace().next().unwrap()
    );

    // The same file, overwritten in place with what is no program at all.
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all(&[0; 65536]).unwrap();
    let launched = attester
        .client
        .launch(&digest, &policy("a"), &Limits::default())
        .unwrap();
    assert!(!tell(&launched.control, b'i', None).is_empty());
    assert_eq!(attester.client.list().unwrap()[0].image, digest);
}

#[test]
fn gives_an_isolate_evidence_of_itself_and_its_policy() {
    let attester = Attester::start();
    let (first, second) = (policy("first"), policy("second"));
    let digest = Sha256::of(&fs::read(puppet()).unwrap());
    for (document, launched) in [
        (&first, launch(&attester, &first)),
        (&second, launch(&attester, &second)),
    ] {
        let answer = tell(&launched.control, b'e', Some(&[0x5a; 64]));
        let Reply::Evidence(evidence) = Reply::parse(&answer).unwrap() else {
            panic!("refused")
        };
        let token = sw_rot::parse(evidence.content()).unwrap();
        let claims = token.peek().claims();
        assert_eq!(claims.report_data.as_bytes(), &[0x5a; 64]);
        assert_eq!(claims.measured, sw_rot::Measured::Runtime(digest));
        assert_eq!(
            claims.launch_policy,
            Policy::parse(document).unwrap().hash()
        );
        assert_eq!(
            token.peek().attester(),
            attester.client.hello().unwrap().key
        );
        verify_by_hand(evidence.content(), &attester.client.hello().unwrap().spki);
    }
}

/// COSE_Sign1 with nothing but a CBOR reader and the curve: RFC 9052 section 4.4.
fn verify_by_hand(token: &[u8], spki: &[u8]) {
    use p256::ecdsa::signature::Verifier;
    use p256::ecdsa::{Signature, VerifyingKey};
    use p256::pkcs8::DecodePublicKey;

    let mut reader = minicbor::Decoder::new(token);
    if reader.datatype().unwrap() == minicbor::data::Type::Tag {
        assert_eq!(reader.tag().unwrap().as_u64(), 18);
    }
    assert_eq!(reader.array().unwrap(), Some(4));
    let protected = reader.bytes().unwrap();
    reader.skip().unwrap();
    let payload = reader.bytes().unwrap();
    let signature = Signature::from_slice(reader.bytes().unwrap()).unwrap();
    let mut signed = minicbor::Encoder::new(Vec::new());
    signed
        .array(4)
        .unwrap()
        .str("Signature1")
        .unwrap()
        .bytes(protected)
        .unwrap();
    signed.bytes(b"").unwrap().bytes(payload).unwrap();
    let key = VerifyingKey::from_public_key_der(spki).unwrap();
    key.verify(signed.writer(), &signature).unwrap();
}

#[test]
fn refuses_evidence_over_anything_but_64_bytes() {
    let attester = Attester::start();
    let launched = launch(&attester, &policy("a"));
    for length in [1, 32, 63, 65, 128, 5000] {
        let answer = tell(&launched.control, b'e', Some(&vec![1; length]));
        assert_eq!(
            Reply::parse(&answer).unwrap(),
            Reply::Refused(1),
            "{length} bytes"
        );
    }
    let answer = tell(&launched.control, b'e', Some(&[1; 64]));
    assert!(matches!(Reply::parse(&answer).unwrap(), Reply::Evidence(_)));
}

#[test]
fn goes_on_after_an_isolate_closed_its_evidence_channel() {
    let attester = Attester::start();
    let launched = launch(&attester, &policy("a"));
    assert_eq!(tell(&launched.control, b'k', None), b"closed");
    assert_eq!(attester.client.list().unwrap().len(), 1);
    assert!(!tell(&launched.control, b'i', None).is_empty());
}

#[test]
fn refuses_what_it_does_not_know() {
    let attester = Attester::start();
    let client = &attester.client;
    let digest = Sha256::of(b"nobody registered this");
    let found = refusal(client.launch(&digest, &policy("a"), &Limits::default()));
    assert_eq!(
        found,
        Refusal::UnknownImage {
            digest: *digest.as_bytes()
        }
    );
    let id = IsolateId(17);
    assert_eq!(refusal(client.attach(id)), Refusal::UnknownIsolate { id });
    assert_eq!(refusal(client.stop(id)), Refusal::UnknownIsolate { id });
    let digest = client.register(&File::open(puppet()).unwrap()).unwrap();
    let found = refusal(client.launch(&digest, b"no policy", &Limits::default()));
    assert!(matches!(found, Refusal::Policy { .. }));
    let limits = Limits {
        processes: 0,
        ..Limits::default()
    };
    let found = refusal(client.launch(&digest, &policy("a"), &limits));
    assert!(matches!(found, Refusal::Limit { name, .. } if name == "processes"));
    let huge = vec![b' '; 2 << 20];
    let found = client.launch(&digest, &huge, &Limits::default());
    assert!(matches!(found, Err(ClientError::TooLong { .. })));
    assert_eq!(client.list().unwrap(), []);
}

#[test]
fn refuses_a_program_that_the_kernel_does_not_execute() {
    let attester = Attester::start();
    let path = attester.dir.path().join("broken");
    fs::write(&path, b"\x7fELF and nothing of what should follow").unwrap();
    let digest = attester
        .client
        .register(&File::open(&path).unwrap())
        .unwrap();
    let found = refusal(
        attester
            .client
            .launch(&digest, &policy("a"), &Limits::default()),
    );
    let expected = "the sandbox failed at the step 'execute': Exec format error (os error 8)";
    assert_eq!(found.to_string(), expected);
    assert_eq!(attester.children(), Vec::<u32>::new());
}

#[test]
fn an_isolate_cannot_load_a_library_of_the_machine() {
    let attester = Attester::start();
    // This very test is linked dynamically.
    let program = File::open(std::env::current_exe().unwrap()).unwrap();
    let digest = attester.client.register(&program).unwrap();
    let found = refusal(
        attester
            .client
            .launch(&digest, &policy("a"), &Limits::default()),
    );
    let expected = "the sandbox failed at the step 'execute': No such file or directory";
    assert!(found.to_string().starts_with(expected), "{found}");
}

#[test]
fn survives_malformed_frames() {
    let attester = Attester::start();
    let connect = || UnixStream::connect(&attester.config.socket).unwrap();
    // Too long, not CBOR, another message, an empty one, trailing bytes.
    let frames: [&[u8]; 6] = [
        b"\xff\xff\xff\xff",
        b"\0\0\0\x04\xff\xff\xff\xff",
        b"\0\0\0\x02\x82\x09",
        b"\0\0\0\0",
        b"\0\0\0\x03\x82\x04\0",
        b"GET / HTTP/1.1\r\n\r\n",
    ];
    for frame in frames {
        let mut stream = connect();
        stream.write_all(frame).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(attester.client.hello().is_ok());
    }
    // A known frame cut at every length.
    let whole = b"\0\0\0\x04\x82\x00\x81\x01";
    for length in 0..whole.len() {
        connect().write_all(&whole[..length]).unwrap();
    }
    let mut stream = connect();
    stream.write_all(whole).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert!(attester.client.hello().is_ok());
    drop(stream);
    wait_until("their descriptors are closed", || {
        attester.client.list().is_ok() && attester.descriptors() < 20
    });
}

#[test]
fn closes_a_connection_that_sends_several_descriptors() {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    use std::os::fd::AsFd;

    let attester = Attester::start();
    let before = attester.descriptors();
    let file = File::open(puppet()).unwrap();
    for number in [2, 3, 16] {
        let mut stream = UnixStream::connect(&attester.config.socket).unwrap();
        let rights = vec![file.as_fd(); number];
        let mut space = vec![std::mem::MaybeUninit::uninit(); 256];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&rights)));
        let bytes = std::io::IoSlice::new(b"\0\0");
        sendmsg(&stream, &[bytes], &mut ancillary, SendFlags::empty()).unwrap();
        assert!(
            matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)),
            "{number} descriptors"
        );
    }
    wait_until("the descriptors are closed", || {
        attester.client.hello().is_ok() && attester.descriptors() <= before
    });
}

#[test]
fn notices_how_an_isolate_ended() {
    let attester = Attester::start();
    for (command, expected) in [(b'x', Exit::Code(7)), (b's', Exit::Signal(11))] {
        let launched = launch(&attester, &policy("a"));
        let mut control = File::from(launched.control.try_clone().unwrap());
        control.write_all(&[command]).unwrap();
        // Its channels close, since nobody else has the other ends.
        assert_eq!(control.read(&mut [0; 1]).unwrap_or(0), 0);
        let id = launched.id;
        wait_until("it is listed as ended", || {
            let listed = attester.client.list().unwrap();
            listed
                .iter()
                .any(|found| found.id == id && found.state == IsolateState::Ended(expected))
        });
        assert_eq!(
            refusal(attester.client.attach(id)),
            Refusal::IsolateEnded { id }
        );
        assert_eq!(attester.client.stop(id).unwrap(), expected);
        assert_eq!(attester.client.list().unwrap(), []);
    }
}

#[test]
fn stops_an_isolate_and_all_it_started() {
    let attester = Attester::start();
    let launched = launch(&attester, &policy("a"));
    assert_eq!(attester.children(), [launched.pid]);
    assert_eq!(attester.client.stop(launched.id).unwrap(), Exit::Signal(9));
    assert_eq!(attester.children(), Vec::<u32>::new());
    let id = launched.id;
    assert_eq!(
        refusal(attester.client.stop(id)),
        Refusal::UnknownIsolate { id }
    );
}

#[test]
fn an_isolate_whose_host_went_away_before_it_left_a_note_is_ended() {
    let attester = Attester::start();
    let image = File::open(puppet()).unwrap();
    let digest = attester.client.register(&image).unwrap();
    let launch = |client: &Client| {
        let launched = client.launch(&digest, &policy("a"), &Limits::default());
        launched.unwrap().id
    };
    let gone = Client::new(&attester.config.socket);
    let (kept, lost) = (launch(&gone), launch(&gone));
    gone.remember(kept, b"mine").unwrap();
    drop(gone);
    wait_until("it is ended", || {
        let listed = attester.client.list().unwrap();
        listed
            .iter()
            .any(|found| found.id == lost && found.state == IsolateState::Ended(Exit::Signal(9)))
    });
    let listed = attester.client.list().unwrap();
    let state = listed.iter().find(|found| found.id == kept).unwrap().state;
    assert!(matches!(state, IsolateState::Running { .. }));
}

#[test]
fn gives_the_channels_again_to_a_host_that_was_restarted() {
    let attester = Attester::start();
    let id = launch(&attester, &policy("a")).id;
    attester.client.remember(id, b"a note").unwrap();
    let found = refusal(attester.client.remember(id, &[0; 257]));
    assert!(matches!(found, Refusal::NoteTooLong { found: 257, .. }));
    let again = Client::new(&attester.config.socket);
    assert_eq!(again.list().unwrap()[0].id, id);
    let attached = again.attach(id).unwrap();
    assert_eq!(attached.note, b"a note");
    assert!(!tell(&attached.control, b'i', None).is_empty());
}

#[test]
fn isolates_die_with_the_attester() {
    let mut attester = Attester::start();
    let launched = launch(&attester, &policy("a"));
    assert!(runs(launched.pid));
    attester.kill();
    wait_until("the isolate is gone", || !runs(launched.pid));
    assert!(matches!(
        attester.client.hello(),
        Err(ClientError::Unreachable { .. })
    ));
}

#[test]
fn leaves_nothing_behind_after_fifty_launches() {
    let attester = Attester::start();
    let image = File::open(puppet()).unwrap();
    let digest = attester.client.register(&image).unwrap();
    let before = attester.descriptors();
    let mut times = Vec::new();
    for number in 0..50 {
        let begin = Instant::now();
        let document = policy(&format!("number-{number}"));
        let launched = attester
            .client
            .launch(&digest, &document, &Limits::default())
            .unwrap();
        tell(&launched.control, b'i', None);
        times.push(begin.elapsed());
        attester.client.stop(launched.id).unwrap();
    }
    assert_eq!(attester.descriptors(), before);
    assert_eq!(attester.children(), Vec::<u32>::new());
    times.sort();
    println!(
        "launch to first answer: median {:?}, slowest {:?}",
        times[25], times[49]
    );
}

#[test]
fn an_isolate_can_do_what_the_runtime_does() {
    let attester = Attester::start();
    let launched = launch(&attester, &policy("a"));
    let report = String::from_utf8(tell(&launched.control, b'w', None)).unwrap();
    for line in report.lines() {
        assert!(line.ends_with("=ok"), "{line}");
    }
    assert!(
        report
            .lines()
            .last()
            .unwrap()
            .starts_with("a tighter filter")
    );
}

#[test]
fn does_not_wait_for_an_isolate_that_reads_no_evidence() {
    let attester = Attester::start();
    let greedy = launch(&attester, &policy("greedy"));
    let other = launch(&attester, &policy("other"));
    assert_eq!(tell(&greedy.control, b'l', None), b"asked");
    let answer = tell(&other.control, b'e', Some(&[1; 64]));
    assert!(matches!(Reply::parse(&answer).unwrap(), Reply::Evidence(_)));
    assert_eq!(attester.client.list().unwrap().len(), 2);
}

#[test]
fn an_isolate_begins_with_six_descriptors_and_nothing_else() {
    let attester = Attester::start();
    // Others are there already, whose channels must not be inherited.
    let _others = [
        launch(&attester, &policy("a")),
        launch(&attester, &policy("b")),
    ];
    let launched = launch(&attester, &policy("c"));
    let found = String::from_utf8(tell(&launched.control, b'i', None)).unwrap();
    for expected in [
        "open=[0, 1, 2, 3, 4, 5]",
        "arguments=[\"veracruz-runtime\", \"process\"]",
        "environment=0",
        "pid=1",
        "ppid=0",
        "uid=65534",
        "dumpable=0",
        "no_new_privs=1",
        "capabilities=0",
    ] {
        assert!(
            found.lines().any(|line| line == expected),
            "{expected} is not in:\n{found}"
        );
    }
    if is_root() {
        assert!(found.lines().any(|line| line == "groups=0"), "{found}");
        let status = fs::read_to_string(format!("/proc/{}/status", launched.pid)).unwrap();
        let user = status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:\t"))
            .unwrap();
        let user: u32 = user.split_whitespace().next().unwrap().parse().unwrap();
        assert_eq!(user >> 16, 0x7663, "not the superuser, nor anybody else's");
    }
}

#[test]
fn an_isolate_has_an_empty_root_and_namespaces_of_its_own() {
    if !is_root() {
        eprintln!("skipped: only root can look into a process that is not dumpable");
        return;
    }
    let attester = Attester::start();
    let process = format!("/proc/{}", launch(&attester, &policy("a")).pid);
    for kind in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"] {
        let namespace = fs::read_link(format!("{process}/ns/{kind}")).unwrap();
        assert_ne!(
            namespace,
            fs::read_link(format!("/proc/self/ns/{kind}")).unwrap()
        );
    }
    let mounts = fs::read_to_string(format!("{process}/mountinfo")).unwrap();
    assert_eq!(mounts.lines().count(), 1, "{mounts}");
    assert!(mounts.contains(" / / ro,nosuid,nodev,noexec"), "{mounts}");
    assert_eq!(fs::read_dir(format!("{process}/root/")).unwrap().count(), 0);
    let limits = fs::read_to_string(format!("{process}/limits")).unwrap();
    let of = |name| {
        limits
            .lines()
            .find(|line: &&str| line.starts_with(name))
            .unwrap()
    };
    let words = |line: &str| {
        line.split_whitespace()
            .map(String::from)
            .collect::<Vec<_>>()
    };
    let memory = Limits::default().memory.to_string();
    assert_eq!(words(of("Max data size"))[3..5], [memory.clone(), memory]);
    assert_eq!(words(of("Max core file size"))[4..6], ["0", "0"]);
}

#[test]
fn a_client_does_not_wait_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("silent");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let client = Client::new(&socket).with_timeout(Duration::from_millis(100));
    assert!(matches!(client.hello(), Err(ClientError::Timeout)));
}

#[test]
fn a_client_finds_an_attester_that_was_restarted() {
    let mut attester = Attester::start();
    let key = attester.client.hello().unwrap().key;
    attester.kill();
    let program = env!("CARGO_BIN_EXE_veracruz-attester");
    let mut again = Command::new(program)
        .arg(&attester.config.state_dir)
        .spawn()
        .unwrap();
    wait_until("it answers again", || attester.client.hello().is_ok());
    assert_eq!(attester.client.hello().unwrap().key, key);
    again.kill().unwrap();
    again.wait().unwrap();
}

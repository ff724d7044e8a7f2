//! The host: it starts isolates, hands them connections, and is trusted by nobody.

use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recv, sendmsg};
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use veracruz_attester::{Client, IsolateState, Launched, Limits};
use veracruz_cli::local::{LocalError, Target};
use veracruz_protocol::control::{Decoder, ToHost, ToIsolate, encode, refusal as classes};
use veracruz_tests::{World, digest, kill_isolates, refusal};

/// An isolate started without the host, by a program that does with its channels what it likes.
struct Captive {
    attester: Client,
    launched: Launched,
    control: UnixStream,
}

impl Captive {
    fn launch(world: &World, policy: &Path) -> Self {
        let attester = Client::new(&world.deployment.attester_socket);
        let image = std::fs::File::open(&world.runtime).unwrap();
        let measurement = attester.register(&image).unwrap();
        let document = std::fs::read(policy).unwrap();
        let launched = attester
            .launch(&measurement, &document, &Limits::default())
            .unwrap();
        let control = UnixStream::from(launched.control.as_fd().try_clone_to_owned().unwrap());
        Self {
            attester,
            launched,
            control,
        }
    }

    fn say(&mut self, message: &ToIsolate) {
        self.control.write_all(&encode(message).unwrap()).unwrap();
    }

    fn install(&mut self, policy: &Path) {
        self.say(&ToIsolate::Install {
            policy: std::fs::read(policy).unwrap(),
        });
    }

    fn hears(&mut self) -> ToHost {
        let mut decoder = Decoder::new();
        loop {
            let mut byte = [0];
            self.control
                .read_exact(&mut byte)
                .expect("the isolate answers");
            decoder.push(&byte).unwrap();
            if let Some(message) = decoder.next().unwrap() {
                return message;
            }
        }
    }

    fn pass(&self, descriptors: &[BorrowedFd<'_>]) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(
            descriptors.is_empty() || control.push(SendAncillaryMessage::ScmRights(descriptors))
        );
        let bytes = [IoSlice::new(&[1])];
        sendmsg(
            &self.launched.connections,
            &bytes,
            &mut control,
            SendFlags::empty(),
        )
        .unwrap();
    }

    fn is_dead(&self) -> bool {
        // The attester notices a death as soon as it looks; give it a moment to.
        (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            let listed = self.attester.list().unwrap();
            listed.iter().any(|isolate| {
                isolate.id == self.launched.id && matches!(isolate.state, IsolateState::Ended(_))
            })
        })
    }
}

#[test]
fn a_second_installation_of_a_policy_ends_the_isolate() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("installed-once", |_| {});
    let mut captive = Captive::launch(&world, &policy);
    captive.install(&policy);
    assert!(matches!(captive.hears(), ToHost::Installed { .. }));
    captive.install(&world.policy("installed-later", |_| {}));
    assert_eq!(
        captive.hears(),
        ToHost::Refused {
            class: classes::SECOND_POLICY
        }
    );
    assert!(captive.is_dead(), "an isolate has one policy, or none");
}

#[test]
fn a_policy_that_is_none_never_gets_a_key() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("good", |_| {});
    let mut captive = Captive::launch(&world, &policy);
    captive.say(&ToIsolate::Install {
        policy: b"{\"veracruz\": 2}".to_vec(),
    });
    assert_eq!(
        captive.hears(),
        ToHost::Refused {
            class: classes::POLICY
        }
    );
    assert!(captive.is_dead());
}

#[test]
fn crafted_descriptors_are_closed_and_the_isolate_goes_on() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("descriptors", |_| {});
    let mut captive = Captive::launch(&world, &policy);
    captive.install(&policy);
    assert!(matches!(captive.hears(), ToHost::Installed { .. }));

    let file = std::fs::File::open(&policy).unwrap();
    let (pipe, _writer) = std::io::pipe().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (stream, other) = UnixStream::pair().unwrap();
    let crafted: [&[BorrowedFd<'_>]; 6] = [
        &[],
        &[file.as_fd()],
        &[pipe.as_fd()],
        &[listener.as_fd()],
        &[stream.as_fd(), stream.as_fd()],
        &[
            file.as_fd(),
            pipe.as_fd(),
            listener.as_fd(),
            stream.as_fd(),
            stream.as_fd(),
        ],
    ];
    for descriptors in crafted {
        captive.pass(descriptors);
    }
    // A stream of nonsense is a connection, and is closed as one.
    let (nonsense, far_end) = UnixStream::pair().unwrap();
    captive.pass(&[far_end.as_fd()]);
    drop((far_end, stream, other));
    (&nonsense).write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = (&nonsense).read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");

    captive.say(&ToIsolate::Health);
    assert!(
        matches!(captive.hears(), ToHost::Health(_)),
        "the isolate goes on"
    );
}

#[test]
fn the_evidence_channel_belongs_to_the_isolate_and_is_not_the_hosts() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("evidence-channel", |_| {});
    let captive = Captive::launch(&world, &policy);
    // The host holds two descriptors, and neither answers 64 bytes of report data with evidence.
    let bytes = [IoSlice::new(&[7; 64])];
    let mut control = SendAncillaryBuffer::default();
    sendmsg(
        &captive.launched.connections,
        &bytes,
        &mut control,
        SendFlags::empty(),
    )
    .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(100));
    let mut buffer = [0; 64];
    let got = recv(
        &captive.launched.connections,
        &mut buffer,
        RecvFlags::DONTWAIT,
    );
    assert!(got.is_err() || got.is_ok_and(|(_, length)| length == 0));
}

#[test]
fn another_policy_than_the_one_that_was_read_is_refused() {
    let Some(world) = World::start() else { return };
    let read = world.policy("as-read", |_| {});
    let swapped = world.policy("as-swapped", |document| {
        let everyone = serde_json::json!(["acme", "globex", "lab"]);
        document["files"]["/output/overlap.csv"]["receivers"] = everyone;
    });
    // The host launches another policy than it was given: nothing answers to the name.
    world.launch(&swapped).expect("an isolate");
    let refused = refusal(world.acme.call(&world.target(&read), &["attest"], &[]));
    assert_eq!(refused.exit, Some(6), "{refused}");

    // It tells the attester one policy, and installs another: the evidence says so.
    let mut captive = Captive::launch(&world, &swapped);
    captive.install(&read);
    assert!(matches!(captive.hears(), ToHost::Installed { .. }));
    let refused = attest_captive(&world, &captive, &read);
    assert_eq!(refused, "VC-0217");
}

#[test]
fn an_isolate_with_another_measurement_is_refused() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("measurement", |document| {
        document["isolates"]["process"]["runtime"] = serde_json::json!([digest(&world.executable)]);
    });
    world.launch(&policy).expect("the host starts what it has");
    let refused = refusal(world.acme.call(&world.target(&policy), &["attest"], &[]));
    assert_eq!(
        (refused.code.as_str(), refused.exit),
        ("VC-0216", Some(4)),
        "{refused}"
    );
}

#[test]
fn evidence_under_an_attester_key_that_the_policy_does_not_name_is_refused() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("attester", |document| {
        document["isolates"]["process"]["attesters"] = serde_json::json!([digest(&world.runtime)]);
    });
    world.launch(&policy).expect("the host starts what it has");
    let refused = refusal(world.acme.call(&world.target(&policy), &["attest"], &[]));
    assert_eq!(
        (refused.code.as_str(), refused.exit),
        ("VC-0212", Some(4)),
        "{refused}"
    );
}

#[test]
fn an_attester_of_software_vouches_for_no_hardware() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("hardware", |document| {
        document["isolates"] = serde_json::json!({
            "sev-snp": { "measurement": "ab".repeat(48), "any_chip": true },
        });
        document.as_object_mut().unwrap().remove("unprotected");
    });
    let mut captive = Captive::launch(&world, &policy);
    captive.install(&policy);
    assert!(matches!(captive.hears(), ToHost::Installed { .. }));
    assert_eq!(attest_captive(&world, &captive, &policy), "VC-0211");
}

#[test]
fn a_party_that_is_led_to_a_second_genuine_isolate_sees_that_the_others_are_not_there() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("diversion", |_| {});
    world.launch(&policy).expect("an isolate");
    let target = world.target(&policy);
    world
        .globex
        .call(&target, &["approve"], &[])
        .expect("globex is at the first");

    // The second is as genuine as the first, and its evidence is good.
    let mut captive = Captive::launch(&world, &policy);
    captive.install(&policy);
    let ToHost::Installed { instance, .. } = captive.hears() else {
        panic!("the second isolate starts")
    };
    let seen = at_captive(&world, &captive, &policy, "status").expect("it answers");
    assert_eq!(seen["instance"], instance.to_string());
    let globex = &seen["approvals"]["globex"];
    assert!(globex.is_null() || globex == "missing", "{seen}");
    let first = world
        .globex
        .call(&target, &["status"], &[])
        .expect("status");
    assert_ne!(first["instance"], seen["instance"], "{first}");
}

#[test]
fn an_isolate_that_is_killed_and_started_again_gets_nothing_a_second_time() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("again", |_| {});
    let target = world.target(&policy);
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    world.upload_all(&policy);
    world
        .acme
        .call(&target, &["run"], &[])
        .expect("the one run");

    kill_isolates(&world.deployment.attester_socket);
    let relaunched = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        world.launch(&policy).ok()
    });
    relaunched.expect("the host starts the policy again");
    for command in [["attest"], ["approve"]] {
        let refused = refusal(world.acme.call(&target, &command, &[]));
        assert_eq!(refused.code, "VC-0803", "{command:?}: {refused}");
    }
    let upload = world.upload(
        &world.acme,
        &policy,
        "/input/acme.csv",
        &world.data.join("acme_airports.csv"),
    );
    assert_eq!(refusal(upload).code, "VC-0803");
}

/// Leads acme's client to a captive isolate, and gives the code with which it refuses.
fn attest_captive(world: &World, captive: &Captive, policy: &Path) -> String {
    refusal(at_captive(world, captive, policy, "attest")).code
}

/// Runs a command of acme's on a captive isolate.
fn at_captive(
    world: &World,
    captive: &Captive,
    policy: &Path,
    command: &str,
) -> Result<serde_json::Value, LocalError> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target {
        policy,
        host: listener.local_addr().unwrap(),
    };
    std::thread::scope(|scope| {
        let outcome = scope.spawn(|| world.acme.call(&target, &[command], &[]));
        let (accepted, _) = listener.accept().unwrap();
        captive.pass(&[accepted.as_fd()]);
        drop(accepted);
        outcome.join().unwrap()
    })
}

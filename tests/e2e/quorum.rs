//! A computation in two isolates of different kinds: what one of them alone says is not enough.
//!
//! The first is a process that the real attester starts. The second is a virtual machine where this
//! machine has an image and what runs it, and else a second real runtime, of which the test itself
//! says that it is a virtual machine.

use serde_json::{Value, json};
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use veracruz_cli::local::{Deployment, Isolates, LocalError, Party, call};
use veracruz_client::{Connection, Error, FilePath, Ledger, Provisioning, Source};
use veracruz_evidence::sw_rot::Measured;
use veracruz_policy::{Policy, Sha256};
use veracruz_tests::{Raw, StandIn, World, microvm, refusal};

/// The two isolates, and whoever runs the second one.
struct Quorum {
    world: World,
    policy: PathBuf,
    hosts: [SocketAddr; 2],
    _second: Second,
}

enum Second {
    StandIn(#[expect(dead_code, reason = "it lives as long as its test")] StandIn),
    Machine(#[expect(dead_code, reason = "as above")] Box<Deployment>),
}

impl Quorum {
    /// Both started with one policy; `None`, with the reason printed, where nothing is built.
    fn start(name: &str) -> Option<Self> {
        let world = World::start()?;
        let image = microvm();
        let machine = image.map(|image| {
            let isolates = Isolates::Microvm { image };
            let folder = world.folder().join("machine");
            std::fs::create_dir_all(&folder).unwrap();
            let deployment = Deployment::start_with(&world.executable, &isolates, &folder);
            (deployment.expect("an attester and a host"), isolates)
        });
        let measured = Sha256::of(b"what the test says");
        let microvm = match &machine {
            Some((deployment, isolates)) => {
                let entry = isolates.in_policy(&world.executable, deployment);
                entry.expect("the image is measured")["microvm"].clone()
            }
            None => {
                println!("the second isolate is a process that the test calls a virtual machine");
                json!({ "image": measured.to_string(), "attesters": StandIn::attester() })
            }
        };
        let policy = world.policy(name, |policy| {
            policy["isolates"]["microvm"] = microvm;
            policy["quorum"] = json!(["process", "microvm"]);
            policy["approval"]["required"] = json!(["acme", "globex", "lab"]);
            policy["execution"]["nan"] = "canonical".into();
        });
        world.launch(&policy).expect("an isolate");
        let (address, second) = match machine {
            Some((deployment, _)) => {
                deployment.launch(&policy).expect("a machine");
                (
                    deployment.participants,
                    Second::Machine(Box::new(deployment)),
                )
            }
            None => {
                let measured = Measured::Machine(measured);
                let stand_in = StandIn::start(&world.runtime, &policy, measured);
                (stand_in.address, Second::StandIn(stand_in))
            }
        };
        Some(Self {
            hosts: [world.deployment.participants, address],
            world,
            policy,
            _second: second,
        })
    }

    /// A command of `party` at these hosts.
    fn at(
        &self,
        hosts: &[SocketAddr],
        party: &Party,
        command: &[&str],
        more: &[&OsStr],
    ) -> Result<Value, LocalError> {
        let mut arguments: Vec<&OsStr> = command.iter().map(OsStr::new).collect();
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        for host in &hosts {
            arguments.extend([OsStr::new("--host"), OsStr::new(host)]);
        }
        arguments.extend([
            OsStr::new("--policy"),
            self.policy.as_os_str(),
            OsStr::new("--identity"),
            party.identity.as_os_str(),
            OsStr::new("--accept-unprotected"),
        ]);
        arguments.extend(more);
        call(&self.world.executable, arguments)
    }

    /// A command of `party` at both.
    fn call(&self, party: &Party, command: &[&str], more: &[&OsStr]) -> Result<Value, LocalError> {
        // In any order: what is what is found out by evidence.
        let [process, machine] = self.hosts;
        self.at(&[machine, process], party, command, more)
    }

    fn approve_all(&self) {
        for party in self.world.parties() {
            self.call(party, &["approve"], &[]).expect("an approval");
        }
    }

    fn upload(&self, party: &Party, path: &str, file: &Path) {
        let mut assignment = std::ffi::OsString::from(path);
        assignment.push("=");
        assignment.push(file);
        let sent = self.call(party, &["upload"], &[&assignment]);
        assert_eq!(sent.expect("an upload")["files"][0]["isolates"], 2);
    }

    fn upload_all(&self) {
        let world = &self.world;
        self.upload(&world.lab, "/program/psi.wasm", &world.program);
        let data = |name: &str| world.data.join(name);
        self.upload(&world.acme, "/input/acme.csv", &data("acme_airports.csv"));
        let globex = data("globex_airports.csv");
        self.upload(&world.globex, "/input/globex.csv", &globex);
    }

    fn download(&self, party: &Party, path: &str) -> Result<PathBuf, LocalError> {
        let file = party.folder.join(path.rsplit('/').next().unwrap());
        let more = [OsStr::new(path), OsStr::new("--output"), file.as_os_str()];
        self.call(party, &["download"], &more).map(|_| file)
    }

    /// What one isolate says of its latest run.
    fn run_at(&self, index: usize) -> Value {
        let status = self.at(&[self.hosts[index]], &self.world.lab, &["status"], &[]);
        status.expect("a status")["run"].clone()
    }

    /// acme's connection to one isolate, by hand.
    async fn raw(&self, index: usize) -> Raw {
        let document = std::fs::read(&self.policy).unwrap();
        let hash = Policy::parse(&document).unwrap().hash();
        let identity = veracruz_client::identity::load(&self.world.acme.identity, None).unwrap();
        let raw = Raw::connect(self.hosts[index], &hash, &identity).await;
        let mut raw = raw.unwrap();
        raw.evidence([5; 32]).await.unwrap();
        raw
    }
}

#[test]
fn two_isolates_of_different_kinds_agree_and_one_receipt_names_both() {
    let Some(quorum) = Quorum::start("quorum") else {
        return;
    };
    let world = &quorum.world;
    let attested = quorum
        .call(&world.acme, &["attest"], &[])
        .expect("evidence");
    let kinds = |document: &Value| -> Vec<Value> {
        let isolates = document["isolates"].as_array().unwrap();
        isolates.iter().map(|one| one["kind"].clone()).collect()
    };
    assert_eq!(kinds(&attested), ["process", "microvm"]);
    quorum.approve_all();
    quorum.upload_all();
    let run = quorum.call(&world.globex, &["run"], &[]).expect("a run");
    assert_eq!(
        (&run["run"], &run["outcome"]),
        (&json!(1), &json!("finished"))
    );

    let expected = json(&world.data.join("expected.json"));
    let summary = quorum.download(&world.acme, "/output/summary.json");
    let summary = json(&summary.expect("a summary"));
    for field in ["intersection", "sum_departures_2008", "sum_elevation_ft"] {
        assert_eq!(summary[field], expected[field], "{field}");
    }
    let overlap = quorum.download(&world.acme, "/output/overlap.csv");
    let overlap = overlap.expect("the overlap");

    let receipt = world.lab.folder.join("receipt.cbor");
    let more = [OsStr::new("--output"), receipt.as_os_str()];
    let fetched = quorum.call(&world.lab, &["receipt", "fetch"], &more);
    assert_eq!(
        kinds(&fetched.expect("a combined receipt")),
        ["process", "microvm"]
    );
    let verify = |output: &Path| {
        world.veracruz(&[
            OsStr::new("receipt"),
            OsStr::new("verify"),
            receipt.as_os_str(),
            OsStr::new("--policy"),
            quorum.policy.as_os_str(),
            OsStr::new("--output"),
            output.as_os_str(),
        ])
    };
    let verified = verify(&overlap).expect("the receipts hold for the output");
    assert_eq!(verified["outcome"], "finished");
    assert_eq!(kinds(&verified), ["process", "microvm"]);
    let mut forged = std::fs::read(&overlap).unwrap();
    forged.push(b'x');
    std::fs::write(&overlap, forged).unwrap();
    assert!(refusal(verify(&overlap)).code.starts_with("VC-06"));

    let status = quorum.call(&world.lab, &["status"], &[]).expect("both");
    for isolate in status["isolates"].as_array().unwrap() {
        assert_eq!(isolate["state"], "finished");
        assert_eq!(isolate["run"]["outcome"], "finished");
    }
}

#[tokio::test]
async fn an_isolate_of_a_quorum_alone_gets_nothing() {
    let Some(quorum) = Quorum::start("alone") else {
        return;
    };
    let world = &quorum.world;
    let [process, machine] = quorum.hosts;
    for hosts in [vec![process], vec![machine], vec![process, process]] {
        let approval = quorum.at(&hosts, &world.acme, &["approve"], &[]);
        assert_eq!(refusal(approval).code, "VC-0850", "{hosts:?}");
    }
    // Nor by the library, over a connection that is attested as it should be.
    let now = veracruz_client::now();
    let policy = Policy::parse(&std::fs::read(&quorum.policy).unwrap()).unwrap();
    let policy = std::sync::Arc::new(policy);
    let identity = veracruz_client::identity::load(&world.lab.identity, None).unwrap();
    let host = process.to_string();
    let connection = Connection::open(&host, &policy, &identity, None, now).await;
    let attested = connection.unwrap().attest(true, now).await;
    let (mut connection, _) = attested.expect("good evidence");
    let ledger = Ledger::at(world.folder().join("ledger.json"));
    let provisioning = Provisioning {
        ledger: &ledger,
        again: false,
        now,
    };
    let path = FilePath::parse("/program/psi.wasm").unwrap();
    let source = Source::File(world.program.clone());
    let refused = connection
        .upload(&path, &source, provisioning, &mut |_, _| {})
        .await;
    assert!(
        matches!(refused, Err(Error::QuorumIncomplete { .. })),
        "{refused:?}"
    );
    let status = connection.status().await.unwrap();
    let refused = connection.approve(&status, provisioning).await;
    assert!(
        matches!(refused, Err(Error::QuorumIncomplete { .. })),
        "{refused:?}"
    );
    assert!(ledger.provisioned(&policy.hash()).unwrap().is_empty());
    let status = quorum.at(&[process], &world.lab, &["status"], &[]);
    assert_eq!(status.expect("a status")["state"], "awaiting");
}

/// The share is a part of the key under which isolates compare: an isolate that was given another
/// one has other outputs, as far as the others can tell.
#[tokio::test]
async fn a_participant_who_gives_another_share_to_one_isolate_gets_nothing_released() {
    let Some(quorum) = Quorum::start("sabotage") else {
        return;
    };
    let world = &quorum.world;
    quorum.approve_all();
    quorum.upload_all();
    let input = std::fs::read(world.data.join("acme_airports.csv")).unwrap();
    let digest = Sha256::of(&input);
    let head = format!(
        "Content-Type: application/octet-stream\r\nRepr-Digest: {}\r\nVeracruz-Salt: {}\r\n\
         Veracruz-Share: {}\r\n",
        veracruz_protocol::header::repr_digest(&digest),
        veracruz_protocol::header::bytes(&[1; 32]),
        veracruz_protocol::header::bytes(&[2; 32]),
    );
    let put = "PUT /v1/files/input/acme.csv";
    let answer = quorum.raw(1).await.request(put, &head, &input).await;
    assert_eq!(answer.unwrap().status, 201);

    let run = refusal(quorum.call(&world.globex, &["run"], &[]));
    assert_eq!(run.code, "VC-0524");
    for index in 0..2 {
        assert_eq!(quorum.run_at(index)["outcome"], "withheld");
    }
    // Nobody is told more, and nothing can be fetched, together or from one of them by hand.
    let refused = refusal(quorum.download(&world.acme, "/output/summary.json"));
    assert_eq!(refused.code, "VC-0405");
    for index in 0..2 {
        let get = "GET /v1/files/output/summary.json";
        let answer = quorum.raw(index).await.request(get, "", b"").await;
        assert_eq!(answer.unwrap().code(), "VC-0405");
    }
    let receipt = world.acme.folder.join("receipt.cbor");
    let more = [OsStr::new("--output"), receipt.as_os_str()];
    let fetched = quorum.call(&world.acme, &["receipt", "fetch"], &more);
    let fetched = fetched.expect("a receipt of that");
    assert_eq!(fetched["outcome"], "withheld");
    assert_eq!(
        fetched["differences"],
        json!(["the inputs", "the randomness"])
    );
}

/// A host that keeps back what its isolate says keeps the outputs back, and cannot hide that.
#[tokio::test]
async fn what_is_kept_back_releases_nothing_and_whoever_is_silent_is_named() {
    let Some(quorum) = Quorum::start("silence") else {
        return;
    };
    let world = &quorum.world;
    quorum.approve_all();
    quorum.upload_all();
    // The program starts in each, and nobody carries.
    for index in 0..2 {
        let mut raw = quorum.raw(index).await;
        loop {
            let status = raw.request("GET /v1/status", "", b"").await.unwrap();
            let status: Value = serde_json::from_slice(&status.body).unwrap();
            if status["state"] == "ready" {
                let tag = status["tag"].as_str().unwrap();
                let head = format!("If-Match: \"{tag}\"\r\n");
                let started = raw.request("POST /v1/runs", &head, b"{}").await;
                assert_eq!(started.unwrap().status, 201);
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    while quorum.run_at(0)["outcome"] != "agreeing" || quorum.run_at(1)["outcome"] != "agreeing" {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let words = |run: &Value| -> Vec<Value> {
        let members = run["quorum"]["members"].as_array().unwrap();
        members
            .iter()
            .map(|member| member["word"].clone())
            .collect()
    };
    assert_eq!(words(&quorum.run_at(0)), ["this", "awaited"]);
    assert_eq!(words(&quorum.run_at(1)), ["awaited", "this"]);
    let get = "GET /v1/files/output/summary.json";
    let agreement = "/v1/runs/1/agreement";
    let mut first = quorum.raw(0).await;
    assert_eq!(first.request(get, "", b"").await.unwrap().code(), "VC-0405");

    // Its own word, sent back; and the other's with one bit changed.
    let head = "Content-Type: application/vnd.veracruz.agreement+cose\r\n";
    let own = first
        .request(&format!("GET {agreement}"), "", b"")
        .await
        .unwrap()
        .body;
    let put = format!("PUT {agreement}");
    let back = first.request(&put, head, &own).await.unwrap();
    assert_eq!(back.code(), "VC-0522");
    let mut second = quorum.raw(1).await;
    let said = second
        .request(&format!("GET {agreement}"), "", b"")
        .await
        .unwrap()
        .body;
    let mut changed = said.clone();
    *changed.last_mut().unwrap() ^= 1;
    let refused = first.request(&put, head, &changed).await.unwrap();
    assert_eq!(refused.code(), "VC-0523");

    // In one direction alone: one releases what both found, and the other waits.
    let heard = first.request(&put, head, &said).await.unwrap();
    assert_eq!(heard.status, 200);
    assert_eq!(quorum.run_at(0)["outcome"], "finished");
    assert_eq!(quorum.run_at(1)["outcome"], "agreeing");
    // Whoever fetches carries the rest.
    quorum
        .download(&world.acme, "/output/summary.json")
        .expect("a summary");
    assert_eq!(quorum.run_at(1)["outcome"], "finished");
}

/// A host leads one participant to another second isolate than the others.
#[test]
fn participants_who_signed_different_isolates_have_no_quorum() {
    let Some(quorum) = Quorum::start("forged") else {
        return;
    };
    let Second::StandIn(_) = &quorum._second else {
        println!("skipped: only the test itself can start a second machine of one policy");
        return;
    };
    let world = &quorum.world;
    let measured = Measured::Machine(Sha256::of(b"what the test says"));
    let other = StandIn::start(&world.runtime, &quorum.policy, measured);
    let led_astray = [quorum.hosts[0], other.address];
    quorum
        .call(&world.acme, &["approve"], &[])
        .expect("an approval");
    // Genuine, and not where acme is: lab's own client sees that by acme's signature.
    let approval = quorum.at(&led_astray, &world.lab, &["approve"], &[]);
    assert_eq!(refusal(approval).code, "VC-0851");
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

//! Agreeing with or without a connection, taking it back, and watching all that: with real processes.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use veracruz_cli::local::{LocalError, Party};
use veracruz_tests::{Child, World, digest, refusal};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn approvals_signed_offline_are_bundled_carried_by_one_party_and_verified_by_all() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("offline", |_| {});
    let signed = world
        .parties()
        .map(|party| sign(&world, party, &policy, &["--any-instance"]));

    let judge = |files: &[&Path], more: &[&str]| approvals(&world, &policy, files, more);
    let (ended, said) = judge(&[&signed[0], &signed[2]], &[]);
    assert_eq!((ended, &said["missing"]), (9, &json!(["globex"])), "{said}");
    let bundle = world.folder().join("bundle.json");
    let all: Vec<_> = signed.iter().map(PathBuf::as_path).collect();
    let (ended, said) = judge(&all, &["--bundle", bundle.to_str().unwrap()]);
    assert_eq!(
        (ended, &said["places"][0]["instance"]),
        (0, &json!("any")),
        "{said}"
    );
    let (ended, said) = judge(&[&bundle], &[]);
    assert_eq!((ended, &said["complete"]), (0, &json!(true)), "{said}");

    world.launch(&policy).expect("an isolate");
    let carried = world
        .lab
        .call(
            &world.target(&policy),
            &["approve"],
            &[OsStr::new("--statement"), bundle.as_os_str()],
        )
        .expect("a bundle is carried");
    for statement in carried["statements"].as_array().unwrap() {
        assert_eq!(statement["verdict"], "taken", "{carried}");
    }
    // The same again changes nothing.
    let again = world
        .acme
        .call(
            &world.target(&policy),
            &["approve"],
            &[OsStr::new("--statement"), bundle.as_os_str()],
        )
        .expect("what is there already is no error");
    assert_eq!(again["statements"][1]["verdict"], "there-already");
    let status = status(&world, &world.globex, &policy);
    assert_eq!(status["said_by"], "isolate");
    for approval in status["verified_approvals"].as_array().unwrap() {
        assert_eq!(approval["verdict"], "any-instance", "{status}");
    }

    world.upload_all(&policy);
    world
        .acme
        .call(&world.target(&policy), &["run"], &[])
        .expect("a run on approvals that were signed offline");
}

#[test]
fn a_statement_that_another_implementation_verifies_is_what_policy_approve_writes() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("verified", |_| {});
    let statement = sign(&world, &world.acme, &policy, &["--any-instance"]);
    let found = Command::new("python3")
        .args(["-c", "import cryptography"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: there is no python3 with `cryptography` to verify the signature with");
        return;
    }
    let certificate = world.acme.identity.with_extension("crt");
    let verified = Command::new("python3")
        .args(["-c", VERIFY])
        .args([&statement, &certificate])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success(), "{said}");
    let claims: Value = serde_json::from_slice(&verified.stdout).unwrap();
    let hash = world
        .veracruz(&[OsStr::new("policy"), OsStr::new("hash"), policy.as_os_str()])
        .unwrap();
    assert_eq!(
        (
            &claims["policy"],
            &claims["participant"],
            &claims["instances"]
        ),
        (&hash["hash"], &json!("acme"), &json!("any"))
    );
}

/// Takes a JWS apart and verifies it, with nothing of this repository's.
const VERIFY: &str = r#"
import base64, json, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
header, payload, signature = open(sys.argv[1]).read().strip().split(".")
raw = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
assert json.loads(raw(header)) == {"alg": "ES256", "typ": "veracruz-approval+jws"}
r, s = (int.from_bytes(half, "big") for half in (raw(signature)[:32], raw(signature)[32:]))
key = x509.load_pem_x509_certificate(open(sys.argv[2], "rb").read()).public_key()
key.verify(utils.encode_dss_signature(r, s), f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
print(raw(payload).decode())
"#;

#[test]
fn whoever_withdraws_before_the_run_is_named_to_all_and_returns_by_its_own_session_alone() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("before", |_| {});
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    world.upload_all(&policy);
    let kept = statement_of(&status(&world, &world.globex, &policy), "acme");
    let mut watch = Watching::start(&world, &world.globex, &policy, &[]);
    watch.until(|line| line["change"] == "state" && line["state"] == "ready");

    let answer = world
        .acme
        .call(&world.target(&policy), &["withdraw"], &[])
        .expect("a withdrawal");
    assert_eq!(answer, json!({ "withdrawn": "before-run" }));
    let told = watch.until(|line| line["verdict"] == "withdrawn");
    assert_eq!(
        (&told["participant"], &told["withdrawal"]["withdrawn"]),
        (&json!("acme"), &json!("before-run"))
    );
    watch.until(|line| line["path"] == "/input/acme.csv" && line["present"] == false);

    let seen = status(&world, &world.lab, &policy);
    assert_eq!(
        seen["verified_approvals"][0]["verdict"], "withdrawn",
        "{seen}"
    );
    assert!(seen["missing"].to_string().contains("acme"), "{seen}");
    let refused = refusal(world.globex.call(&world.target(&policy), &["run"], &[]));
    assert_eq!(refused.code, "VC-0505");
    assert!(
        refused.message.contains("acme withdrew before any run"),
        "{refused}"
    );

    // What somebody kept, and what acme signs anew: neither counts in another's session.
    let old = world.folder().join("old.jws");
    std::fs::write(&old, kept).unwrap();
    let instance = seen["instance"].as_str().unwrap();
    let new = sign(&world, &world.acme, &policy, &["--instance", instance]);
    for (statement, who, code) in [
        (&old, &world.globex, Some("VC-0306")),
        (&new, &world.globex, Some("VC-0306")),
        (&old, &world.acme, Some("VC-0312")),
        (&new, &world.acme, None),
    ] {
        let more = [OsStr::new("--statement"), statement.as_os_str()];
        let carried = who.call(&world.target(&policy), &["approve"], &more);
        match code {
            Some(code) => assert_eq!(refusal(carried).code, code),
            None => drop(carried.expect("its own session can approve again")),
        }
    }
    watch.until(|line| line["participant"] == "acme" && line["verdict"] == "this-instance");
    world.upload_all(&policy);
    world
        .globex
        .call(&world.target(&policy), &["run"], &[])
        .expect("all is there again");
    watch.until(|line| line["change"] == "receipt");
    assert_eq!(watch.end(), Some(0));
}

#[test]
fn whoever_withdraws_during_a_run_ends_no_run_and_bars_the_next() {
    let Some(world) = World::start() else { return };
    let policy = slow(&world, "during");
    let mut watch = Watching::start(&world, &world.globex, &policy, &[]);
    let mut run = command(&world.executable, &world.globex, &policy, &world, &["run"]);
    let mut run = Child::spawn(run.stdout(Stdio::null()).stderr(Stdio::null())).unwrap();
    watch.until(|line| line["change"] == "run" && line["outcome"] == "running");
    let answer = world
        .acme
        .call(&world.target(&policy), &["withdraw"], &[])
        .expect("a withdrawal");
    assert_eq!(answer, json!({ "withdrawn": "during-run", "run": 1 }));
    let told = watch.until(|line| line["verdict"] == "withdrawn");
    assert_eq!(told["withdrawal"], answer);
    // The run goes on to its own end, here the deadline; then the inputs are gone.
    assert!(run.is_running().unwrap());
    watch.until(|line| line["path"] == "/input/acme.csv" && line["present"] == false);
    watch.until(|line| line["change"] == "run" && line["outcome"] == "failed");
    assert_eq!(run.wait(PATIENCE).unwrap().code(), Some(5));
    let refused = refusal(world.globex.call(&world.target(&policy), &["run"], &[]));
    assert!(
        refused.message.contains("acme withdrew during run 1"),
        "{refused}"
    );
    assert_eq!(watch.end(), Some(0));
    let answer = world
        .globex
        .call(&world.target(&policy), &["withdraw"], &[])
        .expect("a withdrawal");
    assert_eq!(answer, json!({ "withdrawn": "after-run", "run": 1 }));
}

#[test]
fn a_watch_goes_on_at_the_same_isolate_when_the_line_is_cut_and_says_so() {
    let Some(mut world) = World::start() else {
        return;
    };
    let policy = world.policy("cut", |_| {});
    world.launch(&policy).expect("an isolate");
    let line = Line::to(world.deployment.participants);
    world.deployment.participants = line.address;
    let mut watch = Watching::start(&world, &world.lab, &policy, &[]);
    let begin = watch.until(|line| line["change"] == "begin");
    watch.until(|line| line["change"] == "state");
    line.cut();
    watch.until(|line| line["change"] == "cut");
    watch.until(|line| line["change"] == "back");
    world.approve_all(&policy);
    watch.until(|line| line["participant"] == "globex" && line["verdict"] == "this-instance");
    let seen = status(&world, &world.lab, &policy);
    assert_eq!(begin["instance"], seen["instance"]);
    // A state seen before the cut is not told twice.
    assert_eq!(watch.count(|line| line["change"] == "state"), 1);
}

#[test]
fn a_watch_ends_with_what_it_waits_for_its_reader_or_its_user() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("ends", |_| {});
    world.launch(&policy).expect("an isolate");
    let awaiting = Watching::start(&world, &world.lab, &policy, &["--until", "awaiting"]);
    assert_eq!(awaiting.end(), Some(0));

    let mut stopped = Watching::start(&world, &world.lab, &policy, &[]);
    stopped.until(|line| line["change"] == "state");
    let pid = i32::try_from(stopped.child.process().id()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
    stopped.until(|line| line["why"] == "interrupted");
    assert_eq!(stopped.end(), Some(130));

    // The first line is read, then the pipe is closed. Nothing changes, and the watch ends.
    let words = ["status", "--watch"];
    let mut closed = command(&world.executable, &world.lab, &policy, &world, &words);
    let mut closed = Child::spawn(closed.stdout(Stdio::piped()).stderr(Stdio::piped())).unwrap();
    let mut first = String::new();
    let out = closed.process().stdout.take().unwrap();
    BufReader::new(out).read_line(&mut first).unwrap();
    assert_eq!(closed.wait(PATIENCE).unwrap().code(), Some(0), "{first}");
    let mut complaints = String::new();
    let mut errors = closed.process().stderr.take().unwrap();
    errors.read_to_string(&mut complaints).unwrap();
    assert_eq!(complaints, "");

    world.approve_all(&policy);
    let waiting = Watching::start(&world, &world.globex, &policy, &["--until", "ready"]);
    let never = Watching::start(&world, &world.globex, &policy, &["--until", "withheld"]);
    world.upload_all(&policy);
    assert_eq!(waiting.end(), Some(0));
    world
        .acme
        .call(&world.target(&policy), &["run"], &[])
        .expect("a run");
    assert_eq!(never.end(), Some(9));
    // After the run there is all of it to see, and nothing to wait for.
    let mut after = Watching::start(&world, &world.globex, &policy, &["--unattested"]);
    let begin = after.until(|line| line["change"] == "begin");
    assert_eq!(begin["said_by"], "unattested");
    after.until(|line| line["change"] == "output" && line["present"] == true);
    assert_eq!(after.end(), Some(0));
}

#[test]
fn the_ledger_tells_what_was_entrusted_where_and_a_second_instance_is_explained() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("twice", |_| {});
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    world.upload_all(&policy);
    world
        .acme
        .call(&world.target(&policy), &["run"], &[])
        .expect("a run");
    let first = status(&world, &world.globex, &policy)["instance"].clone();
    let ledger = |party: &Party| {
        let identity = ["--identity".as_ref(), party.identity.as_os_str()];
        let command = ["ledger".as_ref(), "show".as_ref(), policy.as_os_str()];
        world.veracruz(&[command, [identity[0], identity[1], "--json".as_ref()]].concat())
    };
    let shown = ledger(&world.acme).expect("a ledger");
    let instance = &shown["instances"][0];
    assert_eq!(
        (&shown["name"], &instance["instance"]),
        (&json!("twice"), &first)
    );
    assert_eq!(instance["uploads"][0]["path"], "/input/acme.csv");
    assert_eq!(
        (
            &instance["runs"][0]["outcome"],
            &instance["runs"][0]["budget"]
        ),
        (&json!("finished"), &Value::Null)
    );
    let text = std::fs::read_to_string(world.acme.folder.join("identity.pem.ledger.json")).unwrap();
    let secret = text
        .split("\"salt\": \"")
        .nth(1)
        .unwrap()
        .get(..64)
        .unwrap();
    assert!(!shown.to_string().contains(secret), "{shown}");
    // Who only looked has entrusted nothing but its approval.
    let looked = ledger(&world.globex).expect("a ledger");
    assert_eq!(looked["instances"][0]["runs"][0]["run"], 1, "{looked}");

    veracruz_tests::kill_isolates(&world.deployment.attester_socket);
    world.launch_again(&policy);
    let refused = refusal(world.acme.call(&world.target(&policy), &["approve"], &[]));
    assert_eq!(refused.code, "VC-0803");
    for words in [
        "/input/acme.csv at 20",
        "run 1 finished",
        first.as_str().unwrap(),
    ] {
        assert!(refused.message.contains(words), "{words}: {refused}");
    }
    world
        .acme
        .call(
            &world.target(&policy),
            &["approve"],
            &[OsStr::new("--again")],
        )
        .expect("the owner said so");
    let shown = ledger(&world.acme).expect("a ledger");
    assert_eq!(shown["instances"].as_array().unwrap().len(), 2);
}

/// `policy approve`: where the statement went.
fn sign(world: &World, party: &Party, policy: &Path, more: &[&str]) -> PathBuf {
    let file = party.folder.join(format!("approval-{}.jws", more.len()));
    let fixed = [
        OsStr::new("policy"),
        OsStr::new("approve"),
        policy.as_os_str(),
        OsStr::new("--identity"),
        party.identity.as_os_str(),
        OsStr::new("--yes"),
        OsStr::new("--out"),
        file.as_os_str(),
    ];
    let more: Vec<_> = more.iter().map(OsStr::new).collect();
    world
        .veracruz(&[&fixed[..], &more].concat())
        .expect("an approval is signed offline");
    file
}

/// `policy approvals`: its exit code and its document.
fn approvals(world: &World, policy: &Path, files: &[&Path], more: &[&str]) -> (i32, Value) {
    let output = Command::new(&world.executable)
        .args(["--json", "policy", "approvals"])
        .arg(policy)
        .args(files)
        .args(more)
        .output()
        .unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), document)
}

fn status(world: &World, party: &Party, policy: &Path) -> Value {
    let status: Result<Value, LocalError> = party.call(&world.target(policy), &["status"], &[]);
    status.expect("a status")
}

/// The statement that the isolate shows as a participant's approval.
fn statement_of(status: &Value, name: &str) -> String {
    let approvals = status["approvals"].as_array().unwrap();
    let shown = approvals.iter().find(|view| view["participant"] == name);
    shown.unwrap()["statement"].as_str().unwrap().to_owned()
}

/// A computation that is ready, and whose program runs until its deadline.
fn slow(world: &World, name: &str) -> PathBuf {
    let text = r#"(module (memory (export "memory") 1) (func (export "_start") (loop br 0)))"#;
    let program = world.folder().join("slow.wasm");
    std::fs::write(&program, wat::parse_str(text).expect("a module")).unwrap();
    let policy = world.policy(name, |document| {
        document["files"]["/program/psi.wasm"]["sha256"] = digest(&program).into();
        document["execution"] = json!({ "memory": "64MiB", "time": "8s" });
        document["approval"]["runs"] = 2.into();
        document["approval"]["approve"] = "once".into();
    });
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    world
        .upload(&world.lab, &policy, "/program/psi.wasm", &program)
        .expect("the program");
    let file = world.data.join("acme_airports.csv");
    for (party, path) in [
        (&world.acme, "/input/acme.csv"),
        (&world.globex, "/input/globex.csv"),
    ] {
        world.upload(party, &policy, path, &file).expect("an input");
    }
    policy
}

fn command(
    executable: &Path,
    party: &Party,
    policy: &Path,
    world: &World,
    words: &[&str],
) -> Command {
    let mut command = Command::new(executable);
    command
        .arg("--json")
        .args(words)
        .arg("--policy")
        .arg(policy)
        .arg("--host")
        .arg(world.deployment.participants.to_string())
        .arg("--identity")
        .arg(&party.identity)
        .arg("--accept-unprotected");
    command
}

/// `status --watch --json` of a party.
struct Watching {
    child: Child,
    lines: mpsc::Receiver<Value>,
    seen: Vec<Value>,
}

impl Watching {
    fn start(world: &World, party: &Party, policy: &Path, more: &[&str]) -> Self {
        let words = [&["status", "--watch"], more].concat();
        let mut command = command(&world.executable, party, policy, world, &words);
        let mut child = Child::spawn(command.stdout(Stdio::piped())).unwrap();
        let out = child.process().stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).expect("a JSON document a line");
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// The next line of which this is true.
    #[track_caller]
    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("it never came; there were {:#?}", self.seen);
            };
            assert!(line["at"].is_string(), "{line}");
            self.seen.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    fn count(&self, wanted: impl Fn(&Value) -> bool) -> usize {
        self.seen.iter().filter(|line| wanted(line)).count()
    }

    /// The code with which it ends by itself.
    fn end(mut self) -> Option<i32> {
        self.child.wait(PATIENCE).expect("the watch ends").code()
    }
}

/// A line to the host that can be cut. Connections after that go through again.
struct Line {
    address: SocketAddr,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    fn to(host: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&open);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(host).unwrap();
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    kept.lock().unwrap().push(from.try_clone().unwrap());
                    thread::spawn(move || carry(from, to));
                }
            }
        });
        Self { address, open }
    }

    fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

//! What is done at random.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, set_child_subreaper};
use serde_json::Value;
use veracruz_cli::local::{Party, Target};

use crate::left;
use crate::random::Random;
use crate::services::{Kind, Services};
use crate::tree;

/// How a process is made to die. (SIGSEGV and SIGBUS do not end a Rust program that does not fault.)
const DEATHS: [Signal; 4] = [Signal::KILL, Signal::TERM, Signal::QUIT, Signal::ABORT];

pub(crate) struct Storm {
    services: Services,
    random: Random,
    pub(crate) counts: BTreeMap<&'static str, u32>,
    /// Policies that were launched, the last ones.
    policies: Vec<PathBuf>,
    /// Stopped processes, and when they go on.
    stopped: Vec<(u32, Instant)>,
    work: Work,
    number: u32,
}

/// Participants who work with whatever computation there is.
struct Work {
    /// What they work with: the policy and the host.
    target: Arc<Mutex<Option<(PathBuf, SocketAddr)>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<u32>>,
}

impl Storm {
    pub(crate) fn prepare(kind: &Kind) -> Option<Self> {
        // What loses its parent becomes this process's child: nothing gets away.
        set_child_subreaper(Pid::from_raw(1)).unwrap();
        let services = Services::start(kind)?;
        let parties = services.parties.clone();
        let program = services.built.psi_program.clone();
        Some(Self {
            work: Work::start(parties, program),
            services,
            random: Random::new(),
            counts: BTreeMap::new(),
            policies: Vec::new(),
            stopped: Vec::new(),
            number: 0,
        })
    }

    /// One thing after another, until the time is over.
    pub(crate) fn rage(&mut self, duration: Duration) {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            self.strike();
            self.go_on(false);
            let pause = u64::try_from(self.random.below(150)).unwrap();
            std::thread::sleep(Duration::from_millis(pause));
        }
    }

    fn strike(&mut self) {
        match self.random.below(100) {
            0..35 => self.launch(),
            35..50 => self.kill_an_isolate(),
            50..65 => self.kill_within_an_isolate(),
            65..72 => self.stop_something(),
            72..80 => self.stop_a_computation(),
            80..90 => self.connect(),
            90..95 => {
                let signal = self.death();
                self.count("hosts killed");
                self.services.restart_host(signal);
            }
            95..98 => {
                let signal = self.death();
                self.count("attesters killed");
                self.services.restart_attester(signal);
            }
            _ => {
                // The next attester has to do the janitor's work.
                if let Some(janitor) = self.services.janitor() {
                    self.count("attesters killed with their janitor");
                    tree::signal(janitor, Signal::KILL);
                    self.services.restart_attester(Signal::KILL);
                }
            }
        }
    }

    fn launch(&mut self) {
        self.number += 1;
        let policy = self.services.policy(&format!("storm-{}", self.number));
        let outcome = match self.services.launch(&policy) {
            201 => "launched",
            502 | 504 => "launches that failed",
            503 => "launches over the limit",
            status => panic!("a launch ended with {status}"),
        };
        self.count(outcome);
        if outcome == "launched" {
            self.work.with(policy.clone(), self.services.participants);
            self.policies.push(policy);
        }
    }

    fn kill_an_isolate(&mut self) {
        let isolates = self.services.isolates();
        if let Some(isolate) = self.random.choose(&isolates) {
            self.count("isolates killed");
            // Process 1 of its namespace: signals without a handler do not reach it but this.
            tree::signal(isolate, Signal::KILL);
        }
    }

    /// Spawners, workers, what runs a stage.
    fn kill_within_an_isolate(&mut self) {
        let isolates = self.services.isolates();
        let inside: Vec<u32> = isolates.into_iter().flat_map(tree::descendants).collect();
        let signal = self.death();
        if let Some(process) = self.random.choose(&inside) {
            self.count("processes within isolates killed");
            tree::signal(process, signal);
        }
    }

    /// Some go on soon; an isolate may have to be ended by its host.
    fn stop_something(&mut self) {
        let mut candidates = self.services.isolates();
        candidates.extend([self.services.attester.id(), self.services.host.id()]);
        let Some(process) = self.random.choose(&candidates) else {
            return;
        };
        self.count("stopped for a while");
        tree::signal(process, Signal::STOP);
        let ours = [self.services.attester.id(), self.services.host.id()];
        let most = if ours.contains(&process) { 800 } else { 8000 };
        let pause = u64::try_from(self.random.below(most)).unwrap();
        let end = Instant::now() + Duration::from_millis(pause);
        self.stopped.push((process, end));
        if ours.contains(&process) {
            // Nothing else can be asked of them meanwhile.
            std::thread::sleep(Duration::from_millis(pause));
            self.go_on(false);
        }
    }

    fn go_on(&mut self, all: bool) {
        let now = Instant::now();
        self.stopped.retain(|(process, end)| {
            let over = all || *end <= now;
            if over {
                tree::signal(*process, Signal::CONT);
            }
            !over
        });
    }

    fn stop_a_computation(&mut self) {
        let (_, list) = self.services.ask("GET", "/v1/computations", b"");
        let Some(computations) = list["computations"].as_array() else {
            return;
        };
        let alive: Vec<&str> = computations
            .iter()
            .filter(|computation| computation["state"] != "lost")
            .filter_map(|computation| computation["policy"].as_str())
            .collect();
        if let Some(policy) = self.random.choose(&alive) {
            let path = format!("/v1/computations/{policy}");
            self.services.ask("DELETE", &path, b"");
            self.count("computations stopped");
        }
    }

    /// Connections that begin and are broken off.
    fn connect(&mut self) {
        self.count("connections broken off");
        let Ok(mut stream) = TcpStream::connect(self.services.participants) else {
            return;
        };
        let length = self.random.below(300);
        let bytes: Vec<u8> = (0..length)
            .map(|_| u8::try_from(self.random.below(256)).unwrap())
            .collect();
        let begins_as_tls = [22, 3, 1, 2, 0, 1, 0];
        if self.random.below(2) == 0 {
            let _ = stream.write_all(&begins_as_tls);
        }
        let _ = stream.write_all(&bytes);
    }

    fn death(&mut self) -> Signal {
        self.random.choose(&DEATHS).unwrap()
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Whatever happened, what is asked now works.
    pub(crate) fn calm_down(&mut self) {
        self.go_on(true);
        println!("participants' commands that succeeded: {}", self.work.end());
        // Those that were stopped may still be ended for it, and then make room.
        let end = Instant::now() + Duration::from_secs(30);
        let policy = self.services.policy("calm");
        loop {
            match self.services.launch(&policy) {
                201 => break,
                status => assert!(Instant::now() < end, "the last launch: {status}"),
            }
            let (_, list) = self.services.ask("GET", "/v1/computations", b"");
            let computations = list["computations"].as_array().cloned();
            let alive = computations.unwrap_or_default().into_iter();
            let mut alive = alive.filter(|computation| computation["state"] != "lost");
            if let Some(policy) = alive.find_map(|one| one["policy"].as_str().map(str::to_owned)) {
                self.services
                    .ask("DELETE", &format!("/v1/computations/{policy}"), b"");
            }
        }
        let target = Target {
            policy: &policy,
            host: self.services.participants,
        };
        let attested = self.services.parties[0].call(&target, &["attest"], &[]);
        attested.expect("an isolate that was started after all that is attested");
        self.every_isolate_is_known();
    }

    /// None that the host does not know of.
    fn every_isolate_is_known(&self) {
        let (_, list) = self.services.ask("GET", "/v1/computations", b"");
        let computations: &Vec<Value> = list["computations"].as_array().unwrap();
        let alive = computations.iter().filter(|one| one["state"] != "lost");
        let known = alive.count();
        let running = self.services.isolates().len();
        assert_eq!(known, running, "computations and isolates: {list}");
    }

    /// The host is asked to end, the attester is killed. Then there is nothing.
    pub(crate) fn end(mut self) {
        tree::signal(self.services.host.id(), Signal::TERM);
        let _ = self.services.host.wait();
        let isolates = self.services.isolates();
        assert!(!isolates.is_empty(), "isolates outlive the host");
        let signal = self.death();
        tree::signal(self.services.attester.id(), signal);
        let _ = self.services.attester.wait();
        left::nothing_of(&self.services);
    }
}

impl Work {
    fn start(parties: [Party; 3], program: PathBuf) -> Self {
        let target = Arc::<Mutex<Option<(PathBuf, SocketAddr)>>>::default();
        let over = Arc::<AtomicBool>::default();
        let (seen, stop) = (Arc::clone(&target), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            let mut succeeded = 0;
            while !stop.load(Ordering::Relaxed) {
                let next = seen.lock().unwrap().take();
                match next {
                    Some((policy, host)) => {
                        succeeded += compute(&parties, &program, &policy, host, &stop);
                    }
                    None => std::thread::sleep(Duration::from_millis(20)),
                }
            }
            succeeded
        });
        Self {
            target,
            over,
            thread: Some(thread),
        }
    }

    fn with(&self, policy: PathBuf, host: SocketAddr) {
        *self.target.lock().unwrap() = Some((policy, host));
    }

    fn end(&mut self) -> u32 {
        self.over.store(true, Ordering::Relaxed);
        self.thread
            .take()
            .map_or(0, |thread| thread.join().unwrap())
    }
}

/// A whole computation, as far as it comes; how many commands succeeded.
fn compute(
    parties: &[Party; 3],
    program: &std::path::Path,
    policy: &std::path::Path,
    host: SocketAddr,
    over: &AtomicBool,
) -> u32 {
    let target = Target { policy, host };
    let data =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs/examples/psi/data");
    let [acme, globex, lab] = parties;
    let upload = |path: &str, file: &std::path::Path| format!("{path}={}", file.display());
    let steps: [(&Party, &str, Option<String>); 7] = [
        (acme, "approve", None),
        (globex, "approve", None),
        (lab, "approve", None),
        (lab, "upload", Some(upload("/program/psi.wasm", program))),
        (
            acme,
            "upload",
            Some(upload("/input/acme.csv", &data.join("acme_airports.csv"))),
        ),
        (
            globex,
            "upload",
            Some(upload(
                "/input/globex.csv",
                &data.join("globex_airports.csv"),
            )),
        ),
        (acme, "run", None),
    ];
    let mut succeeded = 0;
    for (party, command, argument) in steps {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let argument = argument.map(std::ffi::OsString::from);
        let arguments: Vec<&std::ffi::OsStr> = argument.iter().map(AsRef::as_ref).collect();
        if party.call(&target, &[command], &arguments).is_err() {
            break;
        }
        succeeded += 1;
    }
    succeeded
}

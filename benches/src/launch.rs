//! From the order to start a `process` isolate until it accepts connections.
//!
//! With a real attester in a process of its own and the real runtime, and without the host: its part
//! is two messages. Processor time is the kernel's count of each process's own time on a processor.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use veracruz_attester::{Client, Config, Launched, Limits};
use veracruz_protocol::control::{Decoder, ToHost, ToIsolate, encode};

use crate::failure::Failure;
use crate::report::{Bound, Promise, Report};
use crate::statistics::Sample;

const LAUNCHES: usize = 50;
/// A policy as good as any.
const POLICY: &[u8] = include_bytes!("../launch/policy.json");

/// What one launch took.
struct Taken {
    /// Until the attester has executed the image.
    started: Duration,
    /// Until connections are welcome.
    accepting: Duration,
    /// Of the isolate's own processes.
    isolate_cpu: Duration,
    /// Of the attester.
    attester_cpu: Duration,
}

/// One image, measured once, started again and again.
pub(crate) fn bench(folder: &Path) -> Result<Report, Failure> {
    let runtime = std::env::var_os("VERACRUZ_RUNTIME").map(PathBuf::from);
    let runtime = runtime.ok_or_else(|| Failure::new("VERACRUZ_RUNTIME names no runtime"))?;
    let attester = Attester::start(&folder.join("attester"))?;
    let file = File::open(&runtime).map_err(Failure::during("the runtime"))?;
    let begin = Instant::now();
    let during = |what: &'static str| move |error| Failure::new(format!("{what}: {error}"));
    let image = attester
        .client
        .register(&file)
        .map_err(during("register"))?;
    let registered = begin.elapsed();
    let hello = attester.client.hello().map_err(during("hello"))?;

    let mut taken = Vec::with_capacity(LAUNCHES);
    for _ in 0..LAUNCHES {
        let before = cpu_time(attester.child.id());
        let begin = Instant::now();
        let launched = attester
            .client
            .launch(&image, POLICY, &Limits::default())
            .map_err(during("launch"))?;
        let started = begin.elapsed();
        install(&launched)?;
        taken.push(Taken {
            started,
            accepting: begin.elapsed(),
            isolate_cpu: cpu_time_of_all(launched.pid),
            attester_cpu: cpu_time(attester.child.id()).saturating_sub(before),
        });
        attester.client.stop(launched.id).map_err(during("stop"))?;
    }

    let sample = |of: fn(&Taken) -> Duration| Sample::of_milliseconds(taken.iter().map(of));
    let rows = [
        (
            "image executed, wall",
            "started_ms",
            sample(|taken| taken.started),
        ),
        (
            "accepting, wall",
            "accepting_ms",
            sample(|taken| taken.accepting),
        ),
        (
            "CPU of the isolate",
            "isolate_cpu_ms",
            sample(|taken| taken.isolate_cpu),
        ),
        (
            "CPU of the attester",
            "attester_cpu_ms",
            sample(|taken| taken.attester_cpu),
        ),
    ];
    let measured: serde_json::Map<_, _> = rows
        .iter()
        .map(|(_, name, sample)| {
            let Sample {
                median,
                least,
                greatest,
            } = sample;
            let sample = json!({ "median": median, "least": least, "greatest": greatest });
            ((*name).to_owned(), sample)
        })
        .collect();
    let values = json!({
        "launches": LAUNCHES,
        "limited_by": hello.limited_by.to_string(),
        "measured": measured,
    });
    let mut report = Report::new("launch", None, values);
    report.line(format!(
        "a runtime of {} bytes, measured once in {registered:.0?}, then {LAUNCHES} launches; limits: {}\n",
        file.metadata().map_or(0, |metadata| metadata.len()),
        hello.limited_by,
    ));
    for (name, _, sample) in &rows {
        report.line(format!(
            "{name:30}median {:.2} ms ({:.2} to {:.2})",
            sample.median, sample.least, sample.greatest
        ));
    }
    report.promise(Promise {
        what: "`process` isolate, from the order to accepting, wall",
        bound: Bound::AtMost(10.0),
        measured: sample(|taken| taken.accepting).median,
        unit: "ms",
    });
    Ok(report)
}

/// What this program does when it is started as an attester.
pub(crate) fn attester(state: &Path) -> Failure {
    match veracruz_attester::serve(&Config::in_dir(state), |_| {}) {
        Err(error) => Failure::new(error.to_string()),
    }
}

struct Attester {
    child: Child,
    client: Client,
}

impl Attester {
    fn start(state: &Path) -> Result<Self, Failure> {
        let this = std::env::current_exe().map_err(Failure::during("this program"))?;
        let mut command = Command::new(this);
        command.arg("attester").arg(state).stdin(Stdio::null());
        let child = command.spawn().map_err(Failure::during("the attester"))?;
        let client = Client::new(Config::in_dir(state).socket);
        let attester = Self { child, client };
        let begin = Instant::now();
        while attester.client.hello().is_err() {
            if begin.elapsed() > Duration::from_secs(20) {
                return Err(Failure::new("the attester does not answer"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(attester)
    }
}

impl Drop for Attester {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Installs the policy, and waits until connections are welcome.
fn install(launched: &Launched) -> Result<(), Failure> {
    let failed = Failure::during("the control channel");
    let control = launched.control.try_clone().map_err(&failed)?;
    let mut control = File::from(control);
    let policy = POLICY.to_vec();
    let order = encode(&ToIsolate::Install { policy });
    control
        .write_all(&order.unwrap_or_default())
        .map_err(&failed)?;
    let mut decoder = Decoder::new();
    let mut chunk = [0; 4096];
    loop {
        match decoder.next::<ToHost>() {
            Ok(Some(ToHost::Installed { .. })) => return Ok(()),
            Ok(None) => {}
            other => return Err(Failure::new(format!("the isolate said {other:?}"))),
        }
        let read = control.read(&mut chunk).map_err(&failed)?;
        if read == 0 {
            return Err(Failure::new("the isolate ended"));
        }
        let said = chunk.get(..read).unwrap_or_default();
        decoder
            .push(said)
            .map_err(|error| Failure::new(format!("the isolate said {error}")))?;
    }
}

/// Of a process and all that it started.
fn cpu_time_of_all(pid: u32) -> Duration {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let children = children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok());
    children.map(cpu_time_of_all).sum::<Duration>() + cpu_time(pid)
}

/// Nanoseconds on a processor are the first number of `schedstat`; of all its threads.
fn cpu_time(pid: u32) -> Duration {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Duration::ZERO;
    };
    let times = tasks.flatten().filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    });
    times.map(Duration::from_nanos).sum()
}

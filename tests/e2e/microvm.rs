//! The whole system with virtual machines for isolates. Each test says why it is skipped where this
//! machine has no image, or nothing that runs it.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use veracruz_attester::IsolateState;
use veracruz_machine::Board;
use veracruz_tests::{Artifacts, Demo, World, digest, refusal};

#[test]
fn a_whole_computation_in_a_virtual_machine() {
    let Some(world) = World::start_microvm() else {
        return;
    };
    let policy = world.policy("machine", |_| {});
    let launched = world.launch(&policy).expect("a machine");
    assert_eq!(
        (&launched["kind"], &launched["protects_from_host"]),
        (&"microvm".into(), &false.into())
    );
    let attested = world.acme.call(&world.target(&policy), &["attest"], &[]);
    let words = attested.expect("evidence")["words"].to_string();
    assert!(
        words.contains("a virtual machine that nothing protects"),
        "{words}"
    );
    world.approve_all(&policy);
    world.upload_all(&policy);
    let run = world.globex.call(&world.target(&policy), &["run"], &[]);
    assert_eq!(run.expect("a run")["outcome"], "finished");

    let expected = json(&world.data.join("expected.json"));
    let summary = world.download(&world.acme, &policy, "/output/summary.json");
    let summary = json(&summary.expect("a summary"));
    for field in ["intersection", "sum_departures_2008", "sum_elevation_ft"] {
        assert_eq!(summary[field], expected[field], "{field}");
    }
    let receipt = world.acme.folder.join("receipt.cbor");
    let arguments = [OsStr::new("--output"), receipt.as_os_str()];
    let target = world.target(&policy);
    world
        .acme
        .call(&target, &["receipt", "fetch"], &arguments)
        .expect("a receipt");
    world
        .veracruz(&[
            OsStr::new("receipt"),
            OsStr::new("verify"),
            receipt.as_os_str(),
            OsStr::new("--policy"),
            policy.as_os_str(),
        ])
        .expect("the receipt holds");
}

/// Runs the demo with the image in that folder.
fn demo(kind: &str, image: &Path) -> Option<Demo> {
    let built = Artifacts::find()?;
    let arguments = [
        OsStr::new("--isolate"),
        OsStr::new(kind),
        OsStr::new("--image"),
        image.as_os_str(),
        OsStr::new("--programs"),
        built.programs.as_os_str(),
    ];
    Some(Demo::run(&built.veracruz, arguments))
}

#[test]
fn the_demo_with_virtual_machines_says_what_they_do_not_protect_from() {
    let Some(demo) = veracruz_tests::microvm().and_then(|image| demo("microvm", &image)) else {
        return;
    };
    demo.assert_says(&["Answers equal the published ones."]);
    for (words, times) in [
        ("ISOLATE: microvm", 2),
        ("IT PROTECTS NOBODY FROM THE HOST", 2),
    ] {
        assert_eq!(demo.said.matches(words).count(), times, "{}", demo.said);
    }
}

/// Its policy names PCRs that were computed from the image alone, and the authority that certified
/// the TPM's endorsement key.
#[test]
fn the_demo_with_a_machine_that_firmware_measured_into_a_certified_tpm() {
    for variable in ["VERACRUZ_OVMF", "VERACRUZ_SWTPM"] {
        if std::env::var_os(variable).is_none() {
            println!("skipped: {variable} is not set; `cargo xtask test` says why");
            return;
        }
    }
    let image = veracruz_tests::microvm();
    let Some(demo) = image.and_then(|image| demo("microvm-measured", &image)) else {
        return;
    };
    demo.assert_says(&[
        "ISOLATE: microvm-measured",
        "IT PROTECTS NOBODY FROM THE HOST",
        "Answers equal the published ones.",
    ]);
}

/// The same program, in a guest of another architecture, gives the same answer.
#[test]
fn the_demo_with_a_machine_for_arm_gives_the_published_answers() {
    let image = veracruz_tests::machine_image("microvm-aarch64", Board::Virt);
    let Some(demo) = image.and_then(|image| demo("microvm", &image)) else {
        return;
    };
    demo.assert_says(&["ISOLATE: microvm", "Answers equal the published ones."]);
}

#[test]
fn a_gibibyte_goes_in_and_comes_out_again() {
    let Some(world) = World::start_microvm() else {
        return;
    };
    let policy = world.policy("gibibyte", |policy| {
        let file = &mut policy["files"]["/input/acme.csv"];
        file["max_bytes"] = "2GiB".into();
        file["receivers"] = serde_json::json!(["acme"]);
    });
    world.launch(&policy).expect("a machine");
    world.approve_all(&policy);
    let sent = world.folder().join("gibibyte");
    // Nothing on the disk, and not the same everywhere.
    let file = fs::File::create(&sent).unwrap();
    file.set_len(1 << 30).unwrap();
    for offset in [0, 12_345_678, (1 << 30) - 5] {
        std::os::unix::fs::FileExt::write_all_at(&file, b"mark!", offset).unwrap();
    }
    let start = Instant::now();
    world
        .upload(&world.acme, &policy, "/input/acme.csv", &sent)
        .expect("an upload");
    let uploaded = start.elapsed();
    let got = world.download(&world.acme, &policy, "/input/acme.csv");
    println!(
        "1 GiB went in in {uploaded:?}, in and out in {:?}",
        start.elapsed()
    );
    assert_eq!(digest(&got.expect("a download")), digest(&sent));
}

#[test]
fn a_restarted_host_takes_its_machines_over_again() {
    let Some(mut world) = World::start_microvm() else {
        return;
    };
    let policy = world.policy("adopted", |_| {});
    let launched = world.launch(&policy).expect("a machine");
    world.approve_all(&policy);
    for _ in 0..2 {
        world.deployment.restart_host().expect("a host");
        let attested = world.acme.call(&world.target(&policy), &["attest"], &[]);
        assert_eq!(
            attested.expect("evidence")["instance"],
            launched["instance"]
        );
        assert_eq!(state(&world, &policy), "awaiting", "the host asks it");
    }
    world.upload_all(&policy);
}

#[test]
fn the_death_of_a_machine_is_told_and_leaves_nothing() {
    let Some(world) = World::start_microvm() else {
        return;
    };
    // The emulator, the daemon behind its device, their parent.
    for (name, victim) in [
        ("emulator", "qemu-system"),
        ("daemon", "vhost-device"),
        ("warden", ""),
    ] {
        let policy = world.policy(name, |_| {});
        world.launch(&policy).expect("a machine");
        let warden = warden(&world);
        let (folder, family) = (folder(&world), family(warden));
        assert!(folder.is_dir() && family.len() >= 3, "{family:?}");
        let killed = family
            .iter()
            .find(|process| name_of(**process).starts_with(victim));
        let killed = if victim.is_empty() {
            warden
        } else {
            *killed.expect("a process")
        };
        signal(killed, Signal::KILL);
        wait_until("the host tells", || state(&world, &policy) == "lost");
        wait_until("nothing is left", || {
            !folder.exists() && family.iter().all(|process| !runs(*process))
        });
    }
}

#[test]
fn machines_end_with_their_attester() {
    let Some(world) = World::start_microvm() else {
        return;
    };
    let policy = world.policy("orphan", |_| {});
    world.launch(&policy).expect("a machine");
    let (folder, family) = (folder(&world), family(warden(&world)));
    signal(world.deployment.attester_process(), Signal::KILL);
    wait_until("nothing is left", || {
        !folder.exists() && family.iter().all(|process| !runs(*process))
    });
}

#[test]
fn a_machine_that_hangs_is_said_to() {
    let Some(world) = World::start_microvm() else {
        return;
    };
    let policy = world.policy("hanging", |_| {});
    world.launch(&policy).expect("a machine");
    assert_eq!(state(&world, &policy), "awaiting");
    let family = family(warden(&world));
    let emulator = family
        .iter()
        .find(|process| name_of(**process).starts_with("qemu-system"));
    signal(*emulator.expect("an emulator"), Signal::STOP);
    wait_until("the host notices", || state(&world, &policy) != "awaiting");
    let said = state(&world, &policy);
    assert!(["unresponsive", "lost"].contains(&said.as_str()), "{said}");
}

#[test]
fn a_machine_whose_policy_wants_processes_is_not_started_by_this_host() {
    let Some(world) = World::start_microvm() else {
        return;
    };
    let policy = world.policy("processes", |policy| {
        let key = &world.deployment.attester_key;
        let runtime = digest(&world.runtime);
        policy["isolates"] =
            serde_json::json!({ "process": { "runtime": [runtime], "attesters": [key] } });
    });
    assert_eq!(refusal(world.launch(&policy)).code, "VC-0707");
}

/// What the host says of a computation.
fn state(world: &World, policy: &Path) -> String {
    let management = world.deployment.management.to_string();
    let hash = world.veracruz(&[OsStr::new("policy"), OsStr::new("hash"), policy.as_os_str()]);
    let hash = hash.expect("a hash")["hash"].as_str().unwrap().to_owned();
    let url = format!("http://{management}/v1/computations/{hash}");
    let output = Command::new("curl")
        .args(["-s", &url])
        .output()
        .expect("curl");
    let view: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    view["state"].as_str().unwrap_or_default().to_owned()
}

/// The parent of the one machine that runs.
fn warden(world: &World) -> u32 {
    let attester = veracruz_attester::Client::new(&world.deployment.attester_socket);
    let listed = attester.list().expect("the attester answers");
    let mut running = listed.iter().filter_map(|isolate| match isolate.state {
        IsolateState::Running { pid } => Some(pid),
        IsolateState::Ended(_) => None,
    });
    running.next().expect("a machine runs")
}

/// The folder of the one machine that there is.
fn folder(world: &World) -> PathBuf {
    let machines = world.folder().join("attester/machines");
    let mut entries = fs::read_dir(machines).expect("a folder of machines");
    entries
        .next()
        .expect("a machine")
        .expect("its folder")
        .path()
}

/// A process and its children.
fn family(parent: u32) -> Vec<u32> {
    let file = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(file).expect("its children");
    let children = children
        .split_whitespace()
        .map(|number| number.parse().unwrap());
    std::iter::once(parent).chain(children).collect()
}

fn name_of(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default()
}

/// Whether it runs: one that only waits to be reaped does not.
fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

fn signal(process: u32, signal: Signal) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    kill_process(process.expect("a process"), signal).expect("it is there");
}

#[track_caller]
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

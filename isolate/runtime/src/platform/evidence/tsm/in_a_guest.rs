//! Evidence through the interface of a real kernel, in a virtual machine of its own.
//!
//! The kernel is the images' with a provider that proves nothing (`cargo xtask kernel
//! --test-provider`; `VERACRUZ_TEST_KERNEL` names its folder). The machine's first process is this
//! very test binary, which runs one ignored test there.

use super::*;
use crate::platform::{Connections, confine, evidence::tests::QUESTION, guest};
use cpio::newc::{Builder, ModeFileType, trailer};
use std::collections::BTreeSet;
use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a machine may take. Translated, it takes 3 seconds.
const PATIENCE: Duration = Duration::from_secs(120);

const HERE: &str = "platform::evidence::tsm::in_a_guest";

#[test]
fn the_kernels_own_interface_gives_reports_over_the_report_data() {
    boot("sev_guest", "reports_are_read");
}

#[test]
fn a_provider_that_nobody_can_verify_is_none() {
    boot("veracruz_test", "an_unknown_provider_is_none");
}

#[test]
#[ignore = "is the first process of a machine"]
fn reports_are_read() {
    guest::mount_file_systems();
    let source = Tsm::here().expect("the kernel's reports");
    // As it is asked in an isolate: by a process that has given up everything else.
    guest::give_up_privileges().unwrap();
    let connections = Connections::Accepted(fs::File::open("/dev/null").unwrap().into());
    confine(&connections).unwrap();
    for data in [QUESTION, ReportData::from_bytes([7; 64])] {
        let evidence = source.evidence(&data).unwrap();
        assert_eq!(evidence.technology(), Technology::SevSnp);
        let content = sev_snp::parse(evidence.content()).unwrap();
        assert_eq!(content.report[0x50..0x90], *data.as_bytes());
        assert!(content.certificates.is_empty());
        // Whoever appraises it sees that nobody signed it.
        assert_eq!(content.report[0x2a0..], [0; 0x200]);
    }
    let left = fs::read_dir("/sys/kernel/config/tsm/report").unwrap();
    assert_eq!(left.count(), 0, "questions were not forgotten");
}

#[test]
#[ignore = "is the first process of a machine"]
fn an_unknown_provider_is_none() {
    guest::mount_file_systems();
    let kernel = Configfs("/sys/kernel/config/tsm/report".into());
    let asked = AtomicU64::new(0);
    let question = Question::new(&kernel, &asked).unwrap();
    assert_eq!(question.word("provider").unwrap(), "veracruz_test");
    drop(question);
    assert!(Tsm::here().is_none());
}

/// Runs a test in a machine whose kernel has a provider of this name.
fn boot(provider: &str, test: &str) {
    let found = |variable: &str| env::var_os(variable).map(PathBuf::from);
    let (Some(kernel), Some(qemu)) = (found("VERACRUZ_TEST_KERNEL"), found("VERACRUZ_QEMU")) else {
        println!(
            "skipped: VERACRUZ_TEST_KERNEL and VERACRUZ_QEMU do not name a kernel with the \
             provider for tests, and a QEMU; see `cargo xtask kernel --test-provider`"
        );
        return;
    };
    let folder = crate::platform::evidence::tests::Folder::new("guest");
    let initramfs = folder.path("initramfs");
    fs::write(&initramfs, archive()).unwrap();
    let append = format!(
        "console=ttyS0 quiet reboot=t panic=-1 no_timer_check random.trust_cpu=on \
         test_provider.name={provider} -- --ignored --exact {HERE}::{test} --test-threads=1 \
         --nocapture"
    );
    let mut machine = Command::new(qemu)
        .args(["-nodefaults", "-no-user-config", "-no-reboot"])
        .args(["-display", "none", "-M", "q35", "-accel", "tcg"])
        .args(["-cpu", "max", "-m", "1G", "-serial", "stdio"])
        .arg("-kernel")
        .arg(kernel.join("vmlinux"))
        .arg("-initrd")
        .arg(&initramfs)
        .args(["-append", &append])
        .stdin(Stdio::null())
        .stdout(fs::File::create(folder.path("console")).unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while machine.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            machine.kill().unwrap();
            machine.wait().unwrap();
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let console = fs::read(folder.path("console")).unwrap();
    let console = String::from_utf8_lossy(&console);
    assert!(console.contains("test result: ok. 1 passed"), "{console}");
}

/// An initramfs whose first program is this one, with the libraries that it is linked to.
fn archive() -> Vec<u8> {
    let program = env::current_exe().unwrap();
    let linked = Command::new("ldd").arg(&program).output().unwrap();
    let linked = String::from_utf8(linked.stdout).unwrap();
    let libraries: BTreeSet<&str> = linked
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .collect();
    let mut folders: BTreeSet<&Path> = ["/dev", "/proc", "/sys", "/tmp"].map(Path::new).into();
    for library in &libraries {
        let parents = Path::new(library).ancestors().skip(1);
        folders.extend(parents.filter(|folder| folder.parent().is_some()));
    }
    let mut archive = Vec::new();
    let mut add = |name: &str, kind: ModeFileType, content: &[u8]| {
        let builder = Builder::new(name).mode(0o755).set_mode_file_type(kind);
        let length = u32::try_from(content.len()).unwrap();
        let mut writer = builder.write(&mut archive, length);
        writer.write_all(content).unwrap();
        writer.finish().unwrap();
    };
    // In their order a folder comes before what is in it.
    for folder in folders {
        let name = folder.to_str().unwrap().trim_start_matches('/');
        add(name, ModeFileType::Directory, &[]);
    }
    add("init", ModeFileType::Regular, &stripped(&program));
    for library in libraries {
        let content = fs::read(library).unwrap();
        add(
            library.trim_start_matches('/'),
            ModeFileType::Regular,
            &content,
        );
    }
    trailer(archive).unwrap()
}

/// Without what only a debugger reads, if this machine can remove that: it is most of it.
fn stripped(program: &Path) -> Vec<u8> {
    let folder = crate::platform::evidence::tests::Folder::new("stripped");
    let copy = folder.path("init");
    let mut strip = Command::new("strip");
    match strip.arg("-o").arg(&copy).arg(program).status() {
        Ok(status) if status.success() => fs::read(copy).unwrap(),
        _ => fs::read(program).unwrap(),
    }
}

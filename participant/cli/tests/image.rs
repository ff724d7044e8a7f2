//! `veracruz image`, by the binary: what is made, and what is printed of it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips"
)]

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use veracruz_appraisal::corim::{self, Corim};
use veracruz_policy::Sha256;

/// Wrong usage, and a file of the caller's own that will not do.
const USAGE: i32 = 2;
const LOCAL: i32 = 3;

fn veracruz(folder: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .args(arguments.split(' '))
        .current_dir(folder)
        .env_remove("VERACRUZ_RUNTIME")
        .output()
        .expect("the binary runs")
}

fn told(folder: &Path, arguments: &str) -> (i32, Value) {
    let output = veracruz(folder, &format!("{arguments} --json"));
    let printed = if output.stdout.is_empty() {
        &output.stderr
    } else {
        &output.stdout
    };
    let text = String::from_utf8_lossy(printed);
    let document = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
    (output.status.code().expect("it ends by itself"), document)
}

fn printed(folder: &Path, arguments: &str) -> String {
    let output = veracruz(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A static executable that does nothing, and a kernel in two forms that nobody can start.
fn parts(folder: &Path) {
    let mut elf = vec![0; 200];
    elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
    elf[16] = 2;
    elf[18] = 62;
    elf[32] = 64;
    fs::write(folder.join("runtime"), &elf).unwrap();
    elf.push(1);
    fs::create_dir(folder.join("kernel")).unwrap();
    fs::write(folder.join("kernel/vmlinux"), &elf).unwrap();
    let mut kernel = vec![0; 1024];
    kernel[0x1fe..0x200].copy_from_slice(&[0x55, 0xaa]);
    kernel[0x202..0x206].copy_from_slice(b"HdrS");
    fs::write(folder.join("kernel/bzImage"), &kernel).unwrap();
}

fn sha256_of(path: &Path) -> String {
    Sha256::of(&fs::read(path).unwrap()).to_string()
}

#[test]
fn an_image_of_each_kind_is_made_and_measured() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    parts(folder);
    let runtime = sha256_of(&folder.join("runtime"));
    for (kind, field) in [
        ("process", "runtime"),
        ("microvm", "image"),
        ("nitro", "pcr0"),
    ] {
        let build =
            format!("image build --kind {kind} --runtime runtime --kernel kernel --out {kind}");
        let (exit, made) = told(folder, &build);
        assert_eq!(exit, 0, "{made}");
        let (exit, measured) = told(folder, &format!("image measure {kind}"));
        assert_eq!(exit, 0, "{measured}");
        assert_eq!(measured["kind"], kind);
        assert_eq!(measured["runtime"], runtime, "{kind}");
        assert_eq!(measured["isolates"][kind][field][0], made["measurement"]);
    }
    let (_, process) = told(folder, "image measure process");
    let expected = json!({ "process": { "runtime": [runtime], "attesters": [] } });
    assert_eq!(process["isolates"], expected);
    // A file that is an image by itself.
    assert_eq!(
        told(folder, "image measure runtime").1["isolates"],
        expected
    );
    let (_, alone) = told(folder, "image measure nitro/image.eif");
    assert_eq!(alone, told(folder, "image measure nitro").1);
}

#[test]
fn what_is_printed_for_a_policy_is_what_a_policy_takes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    parts(folder);
    let key = "ab".repeat(32);
    printed(
        folder,
        "image build --kind microvm --runtime runtime --kernel kernel --out vm",
    );
    let policy = printed(
        folder,
        &format!("image measure vm --format policy --attester {key}"),
    );
    let isolates = veracruz_policy::Isolates::parse(policy.as_bytes()).unwrap();
    let microvm = isolates.microvm.unwrap();
    assert_eq!(microvm.attesters[0].to_string(), key);

    printed(
        folder,
        "image build --kind nitro --runtime runtime --kernel kernel --out nitro",
    );
    let policy = printed(folder, "image measure nitro --format policy");
    let isolates = veracruz_policy::Isolates::parse(policy.as_bytes()).unwrap();
    assert!(isolates.nitro.is_some());

    let without = printed(folder, "image measure vm --format policy");
    assert!(
        without.contains("NOTE: a policy needs an attester as well"),
        "{without}"
    );
}

#[test]
fn a_corim_has_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    parts(folder);
    printed(
        folder,
        "image build --kind nitro --runtime runtime --kernel kernel --out nitro",
    );
    printed(
        folder,
        "image measure nitro --format corim --out nitro.corim",
    );
    let corim = Corim::parse(&fs::read(folder.join("nitro.corim")).unwrap(), None).unwrap();
    let isolates = corim::isolates(&[corim], &[]).unwrap();
    let (_, document) = told(folder, "image measure nitro");
    let nitro = isolates.nitro.unwrap();
    for (values, field) in [
        (nitro.pcr0, "pcr0"),
        (nitro.pcr1, "pcr1"),
        (nitro.pcr2, "pcr2"),
    ] {
        let expected = &document["isolates"]["nitro"][field][0];
        assert_eq!(*expected, values[0].to_string());
    }
}

#[test]
fn every_value_is_printed_under_the_name_that_a_policy_has_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    parts(folder);
    printed(
        folder,
        "image build --kind process --runtime runtime --out process",
    );
    let runtime = sha256_of(&folder.join("runtime"));
    assert_eq!(
        printed(folder, "image measure process"),
        format!(
            "kind                process\n\
             runtime             {runtime}\n\
             process.runtime     {runtime}\n"
        )
    );
}

#[test]
fn an_image_that_was_changed_is_refused_with_both_digests() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    parts(folder);
    printed(
        folder,
        "image build --kind process --runtime runtime --out process",
    );
    let there = folder.join("process/runtime");
    let before = sha256_of(&there);
    fs::write(&there, "something else").unwrap();
    let (exit, refused) = told(folder, "image measure process");
    assert_eq!(exit, LOCAL);
    assert_eq!(refused["code"], "VC-0817");
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains(&before) && message.contains(&sha256_of(&there)),
        "{message}"
    );
}

#[test]
fn a_measurement_that_would_be_half_a_measurement_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    parts(folder);
    printed(
        folder,
        "image build --kind microvm --runtime runtime --kernel kernel --out vm",
    );
    fs::write(folder.join("firmware"), [0; 4096]).unwrap();
    // Its kernel is no EFI application.
    let measure = "image measure vm --firmware firmware --memory 256";
    assert_eq!(told(folder, measure).1["code"], "VC-0817");
    // Firmware that names no page for digests.
    let (exit, refused) = told(folder, "image measure vm --snp-firmware firmware");
    assert_eq!((exit, &refused["code"]), (LOCAL, &json!("VC-0817")));
    // Where things are depends on the memory.
    let output = veracruz(folder, "image measure vm --firmware firmware");
    assert_eq!(output.status.code(), Some(USAGE));
    let output = veracruz(
        folder,
        "image build --kind nitro --runtime runtime --out nitro",
    );
    assert_eq!(output.status.code(), Some(USAGE));
}

#[test]
fn the_images_that_were_built_have_the_runtime_that_was_built() {
    let given = |name| std::env::var_os(name).map(std::path::PathBuf::from);
    let (Some(images), Some(runtime)) = (given("VERACRUZ_IMAGES"), given("VERACRUZ_RUNTIME"))
    else {
        println!("skipped: no VERACRUZ_IMAGES and VERACRUZ_RUNTIME; `cargo xtask test` sets both");
        return;
    };
    let runtime = sha256_of(&runtime);
    for kind in ["process", "microvm", "nitro"] {
        if !images.join(kind).exists() {
            println!("skipped: no image of kind {kind}; `cargo xtask image` says why");
            continue;
        }
        let (exit, measured) = told(&images, &format!("image measure {kind}"));
        assert_eq!(exit, 0, "{measured}");
        assert_eq!(measured["runtime"], runtime, "{kind}");
    }
}

#[test]
fn the_line_of_a_machine_that_is_protected_has_the_policys_hash() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    parts(folder);
    printed(
        folder,
        "image build --kind microvm --runtime runtime --kernel kernel --out vm",
    );
    let document = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../common/policy/tests/data/overlap.json"
    );
    fs::copy(document, folder.join("policy.json")).unwrap();
    let policy = fs::read(document).unwrap();
    let hash = *veracruz_policy::Policy::parse(&policy)
        .unwrap()
        .hash()
        .as_bytes();

    let line = "image launch-line vm --policy policy.json --firmware OVMF.fd --kind";
    let snp = printed(
        folder,
        &format!("{line} sev-snp --processors 2 --memory 2048"),
    );
    let host_data = data_encoding::BASE64.encode(&hash);
    for expected in [
        &format!("kernel-hashes=on,host-data={host_data} \\"),
        "-kernel vm/kernel.bzimage \\",
        "-bios OVMF.fd \\",
        "-cpu EPYC-v4 \\",
        "-smp 2 \\",
        "-m 2048M \\",
    ] {
        assert!(snp.contains(expected), "{expected}: {snp}");
    }
    let tdx = printed(folder, &format!("{line} tdx"));
    let fixed = data_encoding::BASE64.encode(&[&hash[..], &[0; 16]].concat());
    assert!(tdx.contains(&format!(r#""mrconfigid":"{fixed}""#)), "{tdx}");

    // Another architecture, firmware that is missing, a model that is not measured here.
    for (arguments, word) in [
        (
            "image launch-line vm --policy policy.json --kind cca",
            "aarch64",
        ),
        (
            "image launch-line vm --policy policy.json --kind tdx",
            "--firmware",
        ),
        (
            "image launch-line vm --policy policy.json --firmware f --kind sev-snp --processor host",
            "EPYC-v4",
        ),
    ] {
        let (exit, told) = told(folder, arguments);
        assert_eq!(exit, USAGE, "{told}");
        assert!(told.to_string().contains(word), "{told}");
    }
}

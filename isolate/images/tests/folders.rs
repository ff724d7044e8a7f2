//! Folders: what is written is what is opened, and nothing else is.
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::Path;

use veracruz_images::tpm::{GuestMemory, Loading};
use veracruz_images::{
    Architecture, Image, ImageError, ImageKind, KernelFolder, MachineImage, NitroImage,
    ProcessImage, Runtime,
};

fn runtime() -> Runtime {
    Runtime::parse(support::runtime()).unwrap()
}

/// One image of each kind, each in a folder of its name.
fn images(folder: &Path) {
    let kernel = support::kernel(folder);
    ProcessImage::new(runtime())
        .write(&folder.join("process"))
        .unwrap();
    NitroImage::build(&kernel, &runtime(), support::command_line())
        .unwrap()
        .write(&folder.join("nitro"))
        .unwrap();
    support::machine().write(&folder.join("microvm")).unwrap();
}

#[test]
fn what_is_written_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    images(folder.path());
    for kind in ImageKind::ALL {
        let image = Image::open(&folder.path().join(kind.name())).unwrap();
        assert_eq!(image.kind(), kind);
    }
    let written = support::machine();
    let opened = MachineImage::open(&folder.path().join("microvm")).unwrap();
    assert_eq!(opened.measurement(), written.measurement());
    assert_eq!(opened.kernel().bytes(), support::vmlinux());
    assert_eq!(opened.efi_kernel().bytes(), support::bzimage());
    assert_eq!(opened.command_line().as_str(), support::COMMAND_LINE);
}

#[test]
fn the_same_image_is_written_twice_and_never_over_another() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    images(first.path());
    images(second.path());
    for file in [
        "process/image.json",
        "process/runtime",
        "microvm/image.json",
        "microvm/initramfs",
        "nitro/image.json",
        "nitro/image.eif",
    ] {
        let read = |folder: &Path| fs::read(folder.join(file)).unwrap();
        assert_eq!(read(first.path()), read(second.path()), "{file}");
    }
    assert!(matches!(
        support::machine().write(&first.path().join("microvm")),
        Err(ImageError::File { .. })
    ));
}

#[test]
fn refuses_a_file_that_was_changed() {
    for (file, name) in [
        ("process/runtime", "runtime"),
        ("microvm/kernel.elf", "kernel.elf"),
        ("microvm/kernel.bzimage", "kernel.bzimage"),
        ("microvm/initramfs", "initramfs"),
        ("nitro/image.eif", "image.eif"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        images(folder.path());
        let path = folder.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        let refused = Image::open(path.parent().unwrap()).unwrap_err();
        assert!(
            matches!(refused, ImageError::Digest { file, .. } if file == name),
            "{file}: {refused}"
        );
    }
}

#[test]
fn refuses_a_manifest_that_says_anything_else() {
    let command_line = r#""command_line": "console=ttyS0 quiet -- guest","#;
    for (there, instead, reason) in [
        (
            r#""veracruz-image": 1"#,
            r#""veracruz-image": 2"#,
            "expected 1, found 2",
        ),
        (
            r#""kind": "microvm""#,
            r#""kind": "jail""#,
            "unknown variant `jail`",
        ),
        (
            r#""kind": "microvm""#,
            r#""kind": "process""#,
            "expected runtime, found kernel.elf",
        ),
        (
            "\"x86_64\"",
            "\"aarch64\"",
            "expected kernel.image, initramfs, found kernel.elf",
        ),
        ("\"initramfs\"", "\"initrd\"", "unknown field `initrd`"),
        ("\"kind\"", "\"more\": 1, \"kind\"", "unknown field `more`"),
        (
            "\"kind\"",
            "\"kind\": \"nitro\", \"kind\"",
            "duplicate field `kind`",
        ),
        (command_line, "", "expected text, found nothing"),
        ("quiet", "vga=1", "not supported"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        images(folder.path());
        let path = folder.path().join("microvm/image.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(there), "{there} is not in {text}");
        fs::write(&path, text.replace(there, instead)).unwrap();
        let refused = Image::open(&folder.path().join("microvm"))
            .unwrap_err()
            .to_string();
        assert!(refused.contains(reason), "{instead}: {refused}");
    }
}

#[test]
fn refuses_a_runtime_that_needs_other_files() {
    let mut dynamic = support::runtime();
    support::put(&mut dynamic, 64, &3_u32.to_le_bytes());
    let refused = Runtime::parse(dynamic).unwrap_err().to_string();
    assert!(
        refused.contains("one that needs a dynamic linker"),
        "{refused}"
    );
    let refused = Runtime::parse(b"#!/bin/sh\n".to_vec()).unwrap_err();
    assert!(
        matches!(
            refused,
            ImageError::Differs {
                part: "runtime",
                ..
            }
        ),
        "{refused}"
    );
}

#[test]
fn refuses_a_runtime_for_another_architecture_than_the_kernels() {
    let folder = tempfile::tempdir().unwrap();
    let arm = Runtime::parse(support::runtime_for(183)).unwrap();
    assert_eq!(arm.architecture(), Architecture::Aarch64);
    let kernel = support::kernel(folder.path());
    let refused = MachineImage::build(kernel, &arm, support::command_line()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "architecture of the runtime: expected x86_64, found aarch64"
    );
}

#[test]
fn on_arm_one_kernel_serves_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let mut kernel = support::pattern(4096, 2);
    support::put(&mut kernel, 0x38, b"ARM\x64");
    fs::write(folder.path().join("Image"), &kernel).unwrap();
    let runtime = Runtime::parse(support::runtime_for(183)).unwrap();
    let read = || KernelFolder::read(folder.path(), Architecture::Aarch64).unwrap();

    let enclave = NitroImage::build(&read(), &runtime, support::command_line()).unwrap();
    enclave.write(&folder.path().join("nitro")).unwrap();
    let enclave = NitroImage::open(&folder.path().join("nitro")).unwrap();
    assert_eq!(enclave.architecture(), Architecture::Aarch64);
    assert_eq!(enclave.runtime().unwrap(), runtime.sha256());

    let machine = MachineImage::build(read(), &runtime, support::command_line()).unwrap();
    machine.write(&folder.path().join("microvm")).unwrap();
    let machine = MachineImage::open(&folder.path().join("microvm")).unwrap();
    assert_eq!(machine.kernel().bytes(), kernel);
    assert_eq!(machine.efi_kernel().sha256(), machine.kernel().sha256());
    let memory = GuestMemory::from_mebibytes(256);
    assert!(matches!(
        machine.tpm_kernel(Loading::AsItIs, memory),
        Err(ImageError::NotSupported { .. })
    ));
}

#[test]
fn refuses_what_is_no_kernel() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("vmlinux"), support::vmlinux()).unwrap();
    fs::write(folder.path().join("bzImage"), support::vmlinux()).unwrap();
    let refused = KernelFolder::read(folder.path(), Architecture::X86_64).unwrap_err();
    assert!(
        matches!(
            refused,
            ImageError::Differs {
                part: "kernel.bzimage",
                ..
            }
        ),
        "{refused}"
    );
    let missing = KernelFolder::read(folder.path(), Architecture::Aarch64).unwrap_err();
    assert!(matches!(missing, ImageError::File { .. }), "{missing}");
}

//! The lines of QEMU in `docs/reference/confidential-vm.md` are those that this version uses.

use std::path::Path;

use veracruz_launch::{cca, sev_snp, tdx};
use veracruz_machine::{Description, Named, Part, shown};
use veracruz_policy::PolicyHash;

/// The page's example: what `veracruz image launch-line` prints for it.
fn line(description: &Description, qemu: &str, kernel: &str, firmware: Option<&str>) -> String {
    let kernel = format!("microvm/{kernel}");
    let mut parts: Vec<(Part, &Path)> = vec![
        (Part::Kernel, kernel.as_ref()),
        (Part::Initramfs, "microvm/initramfs".as_ref()),
    ];
    parts.extend(firmware.map(|path| (Part::Firmware, Path::new(path))));
    let named = Named {
        qemu: qemu.as_ref(),
        parts: &parts,
        vsock: "vsock.sock".as_ref(),
    };
    shown(description, "console=ttyS0 quiet -- guest", &named)
}

#[test]
fn the_lines_of_the_documentation_are_those_that_are_used() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/confidential-vm.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    let policy = PolicyHash::from_bytes([0x11; 32]);
    for (name, line) in [
        (
            "SEV-SNP",
            line(
                &sev_snp::description(&policy),
                "qemu-system-x86_64",
                "kernel.bzimage",
                Some("OVMF.amdsev.fd"),
            ),
        ),
        (
            "TDX",
            line(
                &tdx::description(&policy),
                "qemu-system-x86_64",
                "kernel.bzimage",
                Some("OVMF.inteltdx.fd"),
            ),
        ),
        (
            "CCA",
            line(
                &cca::description(&policy),
                "qemu-system-aarch64",
                "kernel.image",
                None,
            ),
        ),
    ] {
        assert!(
            page.contains(&line),
            "the page has another line for {name}:\n{line}"
        );
    }
}

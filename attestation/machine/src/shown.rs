//! A machine's command line as a person types it: for documentation, and for operators who start one
//! by other means.

use std::ffi::OsString;
use std::os::fd::RawFd;
use std::path::Path;

use crate::{Description, Part, Wiring, qemu};

/// The files and sockets of a machine, by path.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The program.
    pub qemu: &'a Path,
    /// What the machine starts from.
    pub parts: &'a [(Part, &'a Path)],
    /// The socket on which `vhost-device-vsock` waits for QEMU.
    pub vsock: &'a Path,
}

/// Descriptors that stand for files until they are named: no process has so many.
const STAND_INS: RawFd = 1_000_000;

/// One option a line, with what a shell must not touch in quotes. The options are those of [`qemu`].
///
/// Whoever has the machine executed so vouches for nothing: its files may be others when QEMU opens
/// them. Where the hardware measures them, that does no harm.
#[must_use]
pub fn shown(description: &Description, command_line: &str, named: &Named<'_>) -> String {
    let mut wiring = Wiring {
        kvm: description.confidential.is_some(),
        vsock: STAND_INS,
        ..Wiring::default()
    };
    let mut names = vec![(
        format!("fd={STAND_INS}"),
        format!("path={}", named.vsock.display()),
    )];
    for (number, (part, path)) in (STAND_INS.saturating_add(1)..).zip(named.parts) {
        wiring.parts.push((*part, number));
        names.push((
            format!("/proc/self/fd/{number}"),
            path.display().to_string(),
        ));
    }
    let mut text = quoted(&named.qemu.display().to_string());
    for argument in qemu(description, command_line, &wiring) {
        let argument = with_names(argument, &names);
        // Values never begin so: they belong to the option before them.
        let between = if argument.starts_with('-') {
            " \\\n  "
        } else {
            " "
        };
        text.push_str(between);
        text.push_str(&quoted(&argument));
    }
    text
}

fn with_names(argument: OsString, names: &[(String, String)]) -> String {
    let argument = argument.to_string_lossy().into_owned();
    names.iter().fold(argument, |argument, (number, name)| {
        argument.replace(number.as_str(), name)
    })
}

/// As a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=,.:/+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Acceleration, Board, Confidential, SevSnp};

    #[test]
    fn a_line_can_be_given_to_a_shell() {
        let description = Description {
            board: Board::Q35,
            acceleration: Acceleration::Kvm,
            evidence: false,
            confidential: Some(Confidential::SevSnp(SevSnp::new([0; 32]))),
            ..Description::microvm()
        };
        let named = Named {
            qemu: "qemu-system-x86_64".as_ref(),
            parts: &[
                (Part::Kernel, "my images/kernel.bzimage".as_ref()),
                (Part::Initramfs, "initramfs".as_ref()),
                (Part::Firmware, "OVMF.fd".as_ref()),
            ],
            vsock: "vsock.sock".as_ref(),
        };
        let line = shown(&description, "quiet -- guest", &named);
        let lines: Vec<&str> = line.lines().map(str::trim).collect();
        for expected in [
            "qemu-system-x86_64 \\",
            "-kernel 'my images/kernel.bzimage' \\",
            "-initrd initramfs \\",
            "-append 'quiet -- guest' \\",
            "-bios OVMF.fd \\",
            "-chardev socket,id=vsock,path=vsock.sock \\",
            "-accel kvm \\",
        ] {
            assert!(lines.contains(&expected), "{expected}: {line}");
        }
        assert!(!line.contains("/proc/") && !line.contains("fd="), "{line}");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}

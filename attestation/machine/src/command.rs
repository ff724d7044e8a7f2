//! The command line of QEMU: a pure function of what the machine is.

use std::ffi::OsString;
use std::os::fd::RawFd;

use crate::{Board, Description, Part};

/// The descriptors that QEMU inherits, by number, and what was found out before it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wiring {
    /// Whether KVM executes the instructions.
    pub kvm: bool,
    /// A connection to the daemon behind the vsock device.
    pub vsock: RawFd,
    /// The port for evidence, where there is one.
    pub evidence: Option<RawFd>,
    /// A connection to `swtpm`, where there is a TPM.
    pub tpm: Option<RawFd>,
    /// The parts, as they were opened.
    pub parts: Vec<(Part, RawFd)>,
    /// The firmware's variables of this machine, a file that it may write.
    pub variables: Option<RawFd>,
}

impl Wiring {
    /// A path by which QEMU opens an inherited file.
    fn path(&self, part: Part) -> Option<String> {
        let found = self.parts.iter().find(|(found, _)| *found == part);
        found.map(|(_, descriptor)| inherited(*descriptor))
    }
}

/// The arguments (without the program) with which QEMU is the described machine.
#[must_use]
pub fn qemu(description: &Description, command_line: &str, wiring: &Wiring) -> Vec<OsString> {
    let mut line = Line::default();
    line.alone("-nodefaults").alone("-no-user-config");
    // A guest that resets itself has ended.
    line.alone("-no-reboot");
    line.option("-display", "none");
    // Standard calls of QEMU only: no new programs, no other user, no other priority.
    line.option(
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    );
    board(&mut line, description);
    line.option("-smp", description.processors.to_string());
    line.option("-m", format!("{}M", description.memory >> 20));
    accelerator(&mut line, description, wiring);
    if let Some(firmware) = wiring.path(Part::Firmware) {
        load_firmware(&mut line, &firmware, wiring);
    }
    let kernel = wiring
        .path(Part::Kernel)
        .or_else(|| wiring.path(Part::Enclave));
    if let Some(kernel) = kernel {
        line.option("-kernel", kernel);
    }
    if let Some(initramfs) = wiring.path(Part::Initramfs) {
        line.option("-initrd", initramfs);
        line.option("-append", command_line);
    }
    // What the kernel says, and nothing else: nobody reads what is written to standard input.
    line.option("-chardev", "stdio,id=console,signal=off");
    line.option("-serial", "chardev:console");
    devices(&mut line, description, wiring);
    line.0
}

fn board(line: &mut Line, description: &Description) {
    let protection = match &description.confidential {
        None => String::new(),
        Some(confidential) => {
            line.option("-object", confidential.object());
            confidential.of_machine()
        }
    };
    match description.board {
        // The daemon behind vsock sees the guest's memory, as a device does.
        Board::Q35 => line.option(
            "-machine",
            format!("q35,memory-backend=memory,sata=off,usb=off,vmport=off{protection}"),
        ),
        Board::Virt => line.option(
            "-machine",
            format!("virt,memory-backend=memory,gic-version=3{protection}"),
        ),
        // It shares its memory by itself. AWS numbers enclaves so.
        Board::NitroEnclave => line.option(
            "-machine",
            "nitro-enclave,vsock=vsock,id=i-00000000000000000-enc0000000000000000",
        ),
    };
    if description.board != Board::NitroEnclave {
        let memory = description.memory >> 20;
        let backend = format!("memory-backend-memfd,id=memory,size={memory}M,share=on");
        line.option("-object", backend);
    }
}

fn accelerator(line: &mut Line, description: &Description, wiring: &Wiring) {
    if wiring.kvm {
        line.option("-accel", "kvm");
        let processor = match (&description.confidential, description.board) {
            (Some(confidential), _) => confidential.processor(),
            // Some hosts offer this register and do not have it.
            (None, Board::Q35 | Board::NitroEnclave) => "host,-arch-capabilities",
            (None, Board::Virt) => "host",
        };
        line.option("-cpu", processor);
    } else {
        line.option("-accel", "tcg");
        line.option("-cpu", "max");
    }
}

fn load_firmware(line: &mut Line, firmware: &str, wiring: &Wiring) {
    let Some(variables) = wiring.variables else {
        line.option("-bios", firmware);
        return;
    };
    let code = format!("if=pflash,unit=0,format=raw,readonly=on,file.locking=off,file={firmware}");
    line.option("-drive", code);
    let variables = inherited(variables);
    line.option(
        "-drive",
        format!("if=pflash,unit=1,format=raw,file.locking=off,file={variables}"),
    );
}

fn devices(line: &mut Line, description: &Description, wiring: &Wiring) {
    line.option("-chardev", format!("socket,id=vsock,fd={}", wiring.vsock));
    let bus = match description.board {
        Board::Q35 | Board::Virt => "pci",
        // Its board has the device built in, and no bus for others.
        Board::NitroEnclave => return,
    };
    // A guest whose memory is its own says which pages a device may touch, and no others.
    let shared = match description.confidential {
        Some(_) => ",iommu_platform=on",
        None => "",
    };
    line.option(
        "-device",
        format!("vhost-user-vsock-{bus},chardev=vsock{shared}"),
    );
    if let Some(evidence) = wiring.evidence {
        line.option("-chardev", format!("socket,id=evidence,fd={evidence}"));
        line.option("-device", format!("virtio-serial-{bus},max_ports=2"));
        line.option(
            "-device",
            "virtserialport,chardev=evidence,nr=1,name=veracruz.evidence",
        );
    }
    if let Some(tpm) = wiring.tpm {
        line.option("-chardev", format!("socket,id=tpm,fd={tpm}"));
        line.option("-tpmdev", "emulator,id=tpm,chardev=tpm");
        let device = match description.board {
            Board::Virt => "tpm-tis-device,tpmdev=tpm",
            Board::Q35 | Board::NitroEnclave => "tpm-crb,tpmdev=tpm",
        };
        line.option("-device", device);
    }
}

fn inherited(descriptor: RawFd) -> String {
    format!("/proc/self/fd/{descriptor}")
}

/// Arguments. A value is an argument of its own, so that nothing in it is taken for an option.
#[derive(Default)]
struct Line(Vec<OsString>);

impl Line {
    fn alone(&mut self, option: &str) -> &mut Self {
        self.0.push(option.into());
        self
    }

    fn option(&mut self, option: &str, value: impl Into<OsString>) -> &mut Self {
        self.0.push(option.into());
        self.0.push(value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Acceleration, Cca, Confidential, SevSnp, Tdx};

    /// One option a line, as a person reads it.
    fn shown(description: &Description, wiring: &Wiring) -> String {
        let mut text = String::new();
        for argument in qemu(description, "console=ttyS0 quiet -- guest", wiring) {
            let argument = argument.into_string().unwrap();
            text.push(if argument.starts_with('-') { '\n' } else { ' ' });
            text.push_str(&argument);
        }
        text.trim_start().to_owned()
    }

    fn plain() -> Wiring {
        Wiring {
            vsock: 10,
            evidence: Some(11),
            parts: vec![(Part::Kernel, 12), (Part::Initramfs, 13)],
            ..Wiring::default()
        }
    }

    #[test]
    fn the_plain_machine() {
        let expected = "\
-nodefaults
-no-user-config
-no-reboot
-display none
-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
-machine q35,memory-backend=memory,sata=off,usb=off,vmport=off
-object memory-backend-memfd,id=memory,size=1024M,share=on
-smp 1
-m 1024M
-accel tcg
-cpu max
-kernel /proc/self/fd/12
-initrd /proc/self/fd/13
-append console=ttyS0 quiet -- guest
-chardev stdio,id=console,signal=off
-serial chardev:console
-chardev socket,id=vsock,fd=10
-device vhost-user-vsock-pci,chardev=vsock
-chardev socket,id=evidence,fd=11
-device virtio-serial-pci,max_ports=2
-device virtserialport,chardev=evidence,nr=1,name=veracruz.evidence";
        assert_eq!(shown(&Description::microvm(), &plain()), expected);
    }

    /// The lines that a change adds to the plain machine's.
    fn added(description: &Description, wiring: &Wiring) -> Vec<String> {
        let before = shown(&Description::microvm(), &plain());
        let after = shown(description, wiring);
        let new = after
            .lines()
            .filter(|line| !before.lines().any(|old| old == *line));
        new.map(str::to_owned).collect()
    }

    #[test]
    fn kvm_changes_the_accelerator_and_the_processor_alone() {
        let wiring = Wiring {
            kvm: true,
            ..plain()
        };
        let added = added(&Description::microvm(), &wiring);
        assert_eq!(added, ["-accel kvm", "-cpu host,-arch-capabilities"]);
    }

    #[test]
    fn firmware_and_a_tpm() {
        let description = Description {
            tpm: true,
            evidence: false,
            ..Description::microvm()
        };
        let mut wiring = Wiring {
            tpm: Some(14),
            evidence: None,
            ..plain()
        };
        wiring.parts.push((Part::Firmware, 15));
        let expected = [
            "-bios /proc/self/fd/15",
            "-chardev socket,id=tpm,fd=14",
            "-tpmdev emulator,id=tpm,chardev=tpm",
            "-device tpm-crb,tpmdev=tpm",
        ];
        assert_eq!(added(&description, &wiring), expected);
        wiring.variables = Some(16);
        let with_variables = added(&description, &wiring);
        let flash = [
            "-drive if=pflash,unit=0,format=raw,readonly=on,file.locking=off,file=/proc/self/fd/15",
            "-drive if=pflash,unit=1,format=raw,file.locking=off,file=/proc/self/fd/16",
        ];
        assert_eq!(
            with_variables.get(..2),
            Some(flash.map(String::from).as_slice())
        );
    }

    /// A machine that is protected by this.
    fn protected(confidential: Confidential) -> (Description, Wiring) {
        let description = Description {
            board: confidential.board(),
            acceleration: Acceleration::Kvm,
            evidence: false,
            confidential: Some(confidential),
            ..Description::microvm()
        };
        let mut wiring = Wiring {
            kvm: true,
            evidence: None,
            ..plain()
        };
        wiring.parts.push((Part::Firmware, 15));
        (description, wiring)
    }

    #[test]
    fn sev_snp() {
        let (description, wiring) = protected(Confidential::SevSnp(SevSnp::new([0x11; 32])));
        let expected = [
            "-object sev-snp-guest,id=confidential,policy=0x30000,cbitpos=51,reduced-phys-bits=1,\
             kernel-hashes=on,host-data=ERERERERERERERERERERERERERERERERERERERERERE=",
            "-machine q35,memory-backend=memory,sata=off,usb=off,vmport=off,\
             confidential-guest-support=confidential",
            "-accel kvm",
            "-cpu EPYC-v4",
            "-bios /proc/self/fd/15",
            "-device vhost-user-vsock-pci,chardev=vsock,iommu_platform=on",
        ];
        assert_eq!(added(&description, &wiring), expected);
    }

    #[test]
    fn tdx() {
        let mut mr_config_id = [0; 48];
        mr_config_id[..32].fill(0x11);
        let (description, wiring) = protected(Confidential::Tdx(Tdx::new(mr_config_id)));
        let expected = [
            "-object {\"qom-type\":\"tdx-guest\",\"id\":\"confidential\",\
             \"mrconfigid\":\"EREREREREREREREREREREREREREREREREREREREREREAAAAAAAAAAAAAAAAAAAAA\",\
             \"quote-generation-socket\":{\"type\":\"vsock\",\"cid\":\"2\",\"port\":\"4050\"}}",
            "-machine q35,memory-backend=memory,sata=off,usb=off,vmport=off,\
             confidential-guest-support=confidential,kernel-irqchip=split",
            "-accel kvm",
            "-cpu host",
            "-bios /proc/self/fd/15",
            "-device vhost-user-vsock-pci,chardev=vsock,iommu_platform=on",
        ];
        assert_eq!(added(&description, &wiring), expected);
        let json = expected[0].strip_prefix("-object ").unwrap();
        assert!(json.starts_with('{') && json.matches('"').count().is_multiple_of(2));
    }

    #[test]
    fn cca() {
        let mut personalization = [0; 64];
        personalization[..32].fill(0x11);
        let confidential = Confidential::Cca(Cca::new(personalization));
        let (description, mut wiring) = protected(confidential);
        wiring.parts.pop();
        let expected = [
            "-object rme-guest,id=confidential,measurement-algorithm=sha512,personalization-value=\
             EREREREREREREREREREREREREREREREREREREREREREAAAAAAAAAAAAAAAAAAAAA\
             AAAAAAAAAAAAAAAAAAAAAA==",
            "-machine virt,memory-backend=memory,gic-version=3,\
             confidential-guest-support=confidential",
            "-accel kvm",
            "-cpu host",
            "-device vhost-user-vsock-pci,chardev=vsock,iommu_platform=on",
        ];
        assert_eq!(added(&description, &wiring), expected);
    }

    #[test]
    fn an_enclave() {
        let description = Description {
            board: Board::NitroEnclave,
            memory: 512 << 20,
            evidence: false,
            ..Description::microvm()
        };
        let wiring = Wiring {
            vsock: 10,
            parts: vec![(Part::Enclave, 12), (Part::Firmware, 13)],
            ..Wiring::default()
        };
        let expected = [
            "-machine nitro-enclave,vsock=vsock,id=i-00000000000000000-enc0000000000000000",
            "-m 512M",
            "-bios /proc/self/fd/13",
        ];
        assert_eq!(added(&description, &wiring), expected);
        assert!(!shown(&description, &wiring).contains("-append"));
    }

    #[test]
    fn a_command_line_stays_one_argument() {
        let wiring = plain();
        let arguments = qemu(&Description::microvm(), "-monitor stdio", &wiring);
        let place = arguments
            .iter()
            .position(|argument| argument == "-append")
            .unwrap();
        assert_eq!(arguments.get(place + 1).unwrap(), "-monitor stdio");
        assert!(!arguments.iter().any(|argument| argument == "-monitor"));
    }
}

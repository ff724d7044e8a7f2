//! `cca`: a realm of Arm.

use super::{Availability, Check, Machine, Protection};

pub(super) struct Cca;

impl Availability for Cca {
    fn name(&self) -> &'static str {
        "cca"
    }

    fn what(&self) -> &'static str {
        "a realm of Arm"
    }

    fn protection(&self) -> Protection {
        Protection {
            machine: "a kernel of its own, and QEMU in a sandbox",
            participants: Some("from the hypervisor and who administers the machine"),
            rests_on: "the maker of the chip, and that nobody opens the machine",
        }
    }

    fn checks(&self, machine: &Machine) -> Vec<Check> {
        let mut checks = vec![
            machine.is("aarch64"),
            machine.kvm(),
            machine.qemu_aarch64(),
            machine.knows("rme-guest", "no release does"),
            machine.vsock(),
        ];
        // No file tells.
        let realms = "whether KVM makes realms shows when one is started".to_owned();
        checks.push(Check::useful("realms in KVM", Err(realms)));
        checks
    }
}

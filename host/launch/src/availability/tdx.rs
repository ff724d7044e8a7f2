//! `tdx`: a confidential virtual machine of Intel.

use super::{Availability, Check, File, Machine, Protection};

pub(super) struct Tdx;

impl Availability for Tdx {
    fn name(&self) -> &'static str {
        "tdx"
    }

    fn what(&self) -> &'static str {
        "a confidential virtual machine of Intel"
    }

    fn protection(&self) -> Protection {
        Protection {
            machine: "a kernel of its own, and QEMU in a sandbox",
            participants: Some("from the hypervisor and who administers the machine"),
            rests_on: "Intel, and that nobody opens the machine",
        }
    }

    fn checks(&self, machine: &Machine) -> Vec<Check> {
        vec![
            machine.is("x86_64"),
            machine.says_yes("TDX in KVM", File::KvmTdx),
            machine.kvm(),
            machine.qemu(),
            machine.knows("tdx-guest", "10.1 and later do"),
            machine.vsock(),
        ]
    }
}
